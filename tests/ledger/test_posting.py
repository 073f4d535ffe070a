"""Posting: what is refused in words, what is refused by the database, and what is the same twice."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from portal.database import ScopeError, in_scope, is_postgresql, session, transaction
from portal.ledger import (
    Account,
    Kind,
    LedgerError,
    Posting,
    balance,
    balances,
    chart,
    entry_by_idem,
    lines_of,
    open_book,
    post,
    post_many,
    reverse,
    verify,
)
from tests.ledger.conftest import DAY


def put(book, accounts, idem="a", fen=100, **more):
    lines = more.pop("lines", [(accounts[0], fen), (accounts[1], -fen)])
    return post(book=book, idem=idem, kind="test", effective_date=DAY, lines=lines, actor="account:1", **more)


def test_entry_counts_once_sealed(book, accounts):
    entry = put(book, accounts)
    assert (entry.seq, balance(book, accounts[0]), balance(book, accounts[1])) == (1, 100, -100)
    assert lines_of(entry) == [("100:x", 100), ("101:x", -100)]
    assert verify(book) == []


@pytest.mark.parametrize(
    "amounts", [(100, -99), (100,), (), (0, 0), (1.0, -1.0), (True, -1), ("1", "-1"), (100, -50, -51)]
)
def test_wrong_lines_are_refused_in_words(book, accounts, amounts):
    with pytest.raises(LedgerError):
        put(book, accounts, lines=list(zip(accounts, amounts, strict=False)))
    assert balances(book) == {}


def test_memo_never_balances_money(book, accounts):
    with pytest.raises(LedgerError, match="memo"):
        put(book, accounts, lines=[(accounts[0], 5), (chart.assessment_control(), -5)])


def test_floats_in_meta_are_refused(book, accounts):
    with pytest.raises(LedgerError, match="float"):
        put(book, accounts, meta={"rate": 0.5})


def test_same_key_same_lines_is_the_same_entry(book, accounts):
    first = put(book, accounts)
    assert put(book, accounts).id == first.id
    assert put(book, accounts, lines=[(accounts[1], -100), (accounts[0], 100)]).id == first.id
    assert balance(book, accounts[0]) == 100


def test_same_key_other_lines_is_refused(book, accounts):
    put(book, accounts)
    with pytest.raises(LedgerError, match="before"):
        put(book, accounts, fen=101)
    assert balance(book, accounts[0]) == 100


def test_account_never_changes_meaning(book, accounts):
    put(book, accounts)
    other = Account(code=accounts[0].code, kind=Kind.BANK)
    with pytest.raises(LedgerError, match="means something else"):
        put(book, accounts, idem="b", lines=[(other, 1), (accounts[1], -1)])


def test_reversal_restores_balances_once(book, accounts):
    entry = put(book, accounts, fen=250)
    back = reverse(entry, reason="记错了", actor="account:2")
    assert reverse(entry, reason="记错了", actor="account:2").id == back.id
    assert (back.reverses_id, set(balances(book).values())) == (entry.id, {0})
    with pytest.raises(LedgerError, match="not reversed"):
        reverse(back, reason="x", actor="account:2")
    with pytest.raises(LedgerError, match="reason"):
        reverse(entry, reason=" ", actor="account:2")
    assert verify(book) == []


def test_nothing_to_write_writes_nothing(book):
    assert post_many(book=book, postings=[], actor="system") == []
    assert verify(book) == []


def test_failure_in_a_batch_leaves_nothing(book, accounts):
    good = Posting(idem="g", kind="test", effective_date=DAY, lines=((accounts[0], 1), (accounts[1], -1)))
    put(book, accounts, idem="used")
    clash = Posting(idem="used", kind="test", effective_date=DAY, lines=((accounts[0], 7), (accounts[1], -7)))
    with pytest.raises(LedgerError):
        post_many(book=book, postings=[good, clash], actor="system")
    assert entry_by_idem(book, "g") is None


def test_same_posting_twice_in_a_batch_is_written_once(book, accounts):
    one = Posting(idem="g", kind="test", effective_date=DAY, lines=((accounts[0], 1), (accounts[1], -1)))
    first, second = post_many(book=book, postings=[one, one], actor="system")
    assert first.entry_id == second.entry_id and balance(book, accounts[0]) == 1


def test_thousands_of_assessments_in_few_statements(book, books_app):
    from sqlalchemy import event

    from portal.database import db

    seen = []
    listener = event.listens_for(db.engine, "before_cursor_execute")(lambda *a: seen.append(a[2]))
    month = [
        Posting(
            idem=f"assess:{member}:2026-11",
            kind="assessed",
            effective_date=DAY,
            lines=((chart.assessed(member, "2026-11"), 2000), (chart.assessment_control(), -2000)),
        )
        for member in range(1, 3001)
    ]
    post_many(book=book, postings=month, actor="system")
    again = post_many(book=book, postings=month, actor="system")
    event.remove(db.engine, "before_cursor_execute", listener)
    assert not any(posted.fresh for posted in again)
    assert len(seen) < 25
    assert balance(book, chart.assessment_control()) == -6_000_000
    assert verify(book) == []


def test_balances_until_a_day(book, accounts):
    put(book, accounts)
    post(
        book=book,
        idem="later",
        kind="test",
        effective_date=DAY + timedelta(days=1),
        lines=[(accounts[0], 5), (accounts[1], -5)],
        actor="system",
    )
    assert balances(book, until=DAY)["100:x"] == 100
    assert balances(book)["100:x"] == 105


def test_other_district_is_refused(book, accounts):
    with in_scope([1, 2], write=2), pytest.raises(ScopeError):
        put(book, accounts)


def test_accounts_of_two_books_are_never_mixed(book, accounts):
    put(book, accounts)
    other = open_book(district_id=2, purpose="dues")
    put(other, accounts)
    with pytest.raises(DatabaseError, match="mixes books"), transaction():
        session.execute(
            text(
                "INSERT INTO ledger_entry(id, district_id, book_id, seq, idem, kind, effective_date,"
                " recorded_at, actor, meta)"
                " VALUES (99, 2, 2, 2, 'x', 'x', '2026-11-21', '2026-11-21', 'x', '{}')"
            )
        )
        session.execute(
            text(
                "INSERT INTO ledger_line(entry_id, position, district_id, account_id, amount_fen)"
                " SELECT 99, id, 2, id, CASE book_id WHEN 1 THEN 1 ELSE -1 END FROM ledger_account"
                " WHERE code = '100:x'"
            )
        )
        session.execute(
            text(
                "INSERT INTO ledger_seal(entry_id, district_id, book_id, prev_hash, hash)"
                " VALUES (99, 2, 2, 'p', 'h')"
            )
        )


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE ledger_entry SET actor = 'x'", "append-only"),
        ("DELETE FROM ledger_entry", "append-only"),
        ("UPDATE ledger_line SET amount_fen = 1", "append-only"),
        ("DELETE FROM ledger_line", "append-only"),
        ("UPDATE ledger_seal SET hash = 'x'", "append-only"),
        ("DELETE FROM ledger_seal", "append-only"),
        ("UPDATE ledger_account SET kind = 'bank'", "append-only"),
        ("UPDATE ledger_book SET seq = 0", "only moves forward"),
        ("UPDATE ledger_book SET seq = 9, purpose = 'x'", "only moves forward"),
        ("DELETE FROM ledger_book", "never deleted"),
        ("INSERT INTO ledger_line VALUES (1, 7, 1, 1, 5)", "sealed"),
        ("INSERT INTO ledger_line VALUES (2, 0, 1, 1, 1.5)", "integer"),
        ("INSERT INTO ledger_line VALUES (2, 0, 1, 1, 0)", "amount"),
        ("INSERT INTO ledger_seal VALUES (2, 1, 1, 'p', 'h')", "two lines"),
        ("INSERT INTO ledger_seal VALUES (3, 1, 1, 'p', 'h')", "not balanced"),
        (
            "INSERT INTO ledger_entry SELECT 9, 1, 9, idem, kind, effective_date, occurred_at, recorded_at,"
            " actor, NULL, NULL, meta, district_id FROM ledger_entry WHERE id = 1",
            "(?i)unique",
        ),
    ],
)
def test_database_refuses_by_itself(book, accounts, statement, words):
    put(book, accounts)
    entry = (
        "INSERT INTO ledger_entry(id, district_id, book_id, seq, idem, kind, effective_date, recorded_at,"
        " actor, meta) VALUES (:id, 1, 1, :id, :idem, 'x', '2026-11-21', '2026-11-21', 'x', '{}')"
    )
    with transaction() as current:
        for number in (2, 3):
            current.execute(text(entry), {"id": number, "idem": str(number)})
        current.execute(text("INSERT INTO ledger_line VALUES (3, 0, 1, 1, 5), (3, 1, 1, 2, -4)"))
    if words == "integer" and is_postgresql():
        return  # its columns hold nothing but whole numbers
    with pytest.raises(DatabaseError, match=words), transaction() as current:
        current.execute(text(statement))
