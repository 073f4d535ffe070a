"""What is written of an entry, of its accounts and of its reversal, column by column."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from portal import clock
from portal.database import ScopeError, in_scope, session
from portal.ledger import (
    Account,
    Kind,
    LedgerError,
    Posting,
    chart,
    entry_by_idem,
    lines_of,
    open_book,
    post,
    post_many,
    post_to,
    reverse,
    verify,
)
from portal.ledger.models import Book, Entry, LedgerAccount, Seal
from portal.ledger.standing import chunks
from tests.ledger.conftest import DAY

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
EARLIER = datetime(2026, 11, 20, 16, 30, 0, 7, tzinfo=UTC)
CREDIT = chart.member_credit(3)
INCOME = chart.income("4001", organization_id=5, period="2026-11")


@pytest.fixture(autouse=True)
def now():
    with clock.frozen(NOW):
        yield


def posting(idem: str, fen: int = 100, **more: object) -> Posting:
    values = {"kind": "test", "effective_date": DAY, "lines": ((CREDIT, fen), (INCOME, -fen)), **more}
    return Posting(idem=idem, **values)  # type: ignore[arg-type]


def test_an_entry_is_written_column_by_column(book):
    entry = post(
        book=book,
        idem="a",
        kind="allocation",
        effective_date=DAY,
        lines=[(CREDIT, 100), (INCOME, -100)],
        actor="account:7",
        meta={"说明": ["补交", {"n": 1, "ok": True, "none": None}]},
        occurred_at=EARLIER,
        case_uid="01CASE",
    )
    session.expire_all()
    assert (entry.district_id, entry.book_id, entry.seq) == (1, book.id, 1)
    assert (entry.idem, entry.kind, entry.actor) == ("a", "allocation", "account:7")
    assert (entry.effective_date, entry.occurred_at, entry.recorded_at) == (DAY, EARLIER, NOW)
    assert (entry.case_uid, entry.reverses_id) == ("01CASE", None)
    assert entry.meta == {"说明": ["补交", {"n": 1, "ok": True, "none": None}]}
    seal = session.get_one(Seal, entry.id)
    assert (seal.district_id, seal.book_id, seal.hash) == (1, book.id, book.head)
    assert verify(book) == []


def test_an_account_is_opened_once_with_what_it_is_about(book):
    post_many(book=book, postings=[posting("a"), posting("b")], actor="system")
    post_many(book=book, postings=[posting("c")], actor="system")
    found = session.scalars(select(LedgerAccount).order_by(LedgerAccount.code)).all()
    assert [(one.code, one.kind, one.member_id, one.organization_id, one.period) for one in found] == [
        ("2100:credit:3", "credit", 3, None, None),
        ("4001:5:2026-11", "income", None, 5, "2026-11"),
    ]
    assert {(one.district_id, one.book_id) for one in found} == {(1, book.id)}


def test_numbers_and_head_move_forward_with_each_entry(book):
    begin = book.head
    first = post_many(book=book, postings=[posting("a"), posting("b")], actor="system")
    assert [(one.idem, one.fresh) for one in first] == [("a", True), ("b", True)]
    assert book.seq == 2, "seen by whoever holds the book"
    second = post_many(book=book, postings=[posting("b"), posting("c"), posting("a")], actor="system")
    assert [(one.idem, one.fresh) for one in second] == [("b", False), ("c", True), ("a", False)]
    assert [second[0].entry_id, second[2].entry_id] == [first[1].entry_id, first[0].entry_id]
    entries = session.scalars(select(Entry).order_by(Entry.seq)).all()
    assert [(one.seq, one.idem) for one in entries] == [(1, "a"), (2, "b"), (3, "c")]
    seals = [session.get_one(Seal, one.id) for one in entries]
    assert [one.prev_hash for one in seals] == [begin, seals[0].hash, seals[1].hash]
    assert (book.seq, book.head) == (3, seals[2].hash)


def test_a_posting_opens_the_book_it_needs(books_app):
    [posted] = post_to(district_id=2, purpose="prizes", postings=[posting("a")], actor="system")
    made = session.scalars(select(Book)).one()
    assert (made.district_id, made.purpose, made.opened_at, made.seq) == (2, "prizes", NOW, 1)
    assert open_book(district_id=2, purpose="prizes").id == made.id
    assert session.get_one(Entry, posted.entry_id).book_id == made.id and verify(made) == []
    assert open_book(district_id=1, purpose="prizes").id != made.id


def test_no_book_is_opened_in_another_district_or_without_a_scope(books_app):
    with in_scope([1, 2], write=2), pytest.raises(ScopeError):
        open_book(district_id=1, purpose="dues")
    with in_scope([1]), pytest.raises(ScopeError):
        post_to(district_id=1, purpose="dues", postings=[posting("a")], actor="system")
    assert session.scalars(select(Book)).all() == []


@pytest.mark.parametrize("day", [None, date(2026, 10, 1)])
def test_a_reversal_is_the_opposite_entry(book, day):
    lines = ((CREDIT, 100), (INCOME, -70), (Account("1001:cash:9", Kind.CASH), -30))
    [posted] = post_many(
        book=book, postings=[posting("a", lines=lines, case_uid="01CASE", meta={"x": 1})], actor="system"
    )
    entry = session.get_one(Entry, posted.entry_id)
    back = reverse(entry, reason="记错了", actor="account:2", effective_date=day)
    assert (back.idem, back.kind, back.actor) == ("rev:a", "reversal", "account:2")
    assert (back.effective_date, back.meta) == (day or DAY, {"reason": "记错了"})
    assert (back.reverses_id, back.case_uid, back.occurred_at) == (entry.id, "01CASE", None)
    assert lines_of(back) == [("2100:credit:3", -100), ("4001:5:2026-11", 70), ("1001:cash:9", 30)]
    assert verify(book) == []


def test_only_a_sealed_entry_is_reversed(book):
    post_many(book=book, postings=[posting("a")], actor="system")
    bare = Entry(
        district_id=1,
        book_id=book.id,
        seq=9,
        idem="bare",
        kind="test",
        effective_date=DAY,
        recorded_at=NOW,
        actor="x",
        meta={},
    )
    session.add(bare)
    session.flush()
    with pytest.raises(LedgerError, match="sealed"):
        reverse(bare, reason="x", actor="account:2")
    session.rollback()


def test_an_entry_names_the_one_it_takes_back(book):
    first, second = post_many(book=book, postings=[posting("a"), posting("b")], actor="system")
    backs = [posting("x", -100, reverses="b"), posting("y"), posting("z", -100, reverses="a")]
    post_many(book=book, postings=backs, actor="system")
    known = {idem: entry_by_idem(book, idem).reverses_id for idem in "xyz"}
    assert known == {"x": second.entry_id, "y": None, "z": first.entry_id}
    assert verify(book) == []


@pytest.mark.parametrize(
    "meta",
    [{"a": 0.5}, {"a": [1, [2.0]]}, {"a": {"b": 1.5}}, {1: "a"}, {"a": {2: "b"}}, {"a": DAY}, {"a": ("x",)}],
)
def test_notes_hold_nothing_but_words_and_whole_numbers(book, meta):
    with pytest.raises(LedgerError):
        post_many(book=book, postings=[posting("a", meta=meta)], actor="system")
    assert entry_by_idem(book, "a") is None


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (((CREDIT, 1),), "two lines"),
        (((CREDIT, 0), (INCOME, 0)), "not zero"),
        (((CREDIT, 2), (INCOME, -1)), "must balance"),
        (((CREDIT, 2), (chart.assessment_control(), -2)), "memo"),
        (((chart.assessed(3, "2026-11"), 2), (chart.assessment_control(), -1)), "must balance"),
    ],
)
def test_each_rule_of_an_entry_has_its_words(lines, words):
    with pytest.raises(LedgerError, match=words):
        posting("a", lines=lines).check()


def test_money_and_memo_may_stand_in_one_entry():
    memo = ((chart.assessed(3, "2026-11"), 7), (chart.assessment_control(), -7))
    posting("a", lines=((CREDIT, 5), (INCOME, -5), *memo)).check()
    posting("a", lines=memo).check()


def test_an_entry_counts_for_a_day_and_for_no_instant():
    for wrong in (NOW, "2026-11-21", None):
        with pytest.raises(LedgerError, match="civil day"):
            posting("a", effective_date=wrong).check()


def test_one_key_means_one_thing_in_one_batch(book):
    for other in (posting("a", 101), posting("a", kind="other")):
        with pytest.raises(LedgerError):
            post_many(book=book, postings=[posting("a"), other], actor="system")
    turned = posting("a", lines=((INCOME, -100), (CREDIT, 100)), effective_date=date(2026, 11, 22))
    posted = post_many(book=book, postings=[posting("a"), turned], actor="system")
    assert posted[0] == posted[1] and len(session.scalars(select(Entry)).all()) == 1


@pytest.mark.parametrize("change", [{"member_id": 4}, {"organization_id": 5}, {"period": "2026-10"}])
def test_a_code_means_the_same_in_every_respect(book, change):
    post_many(book=book, postings=[posting("a")], actor="system")
    other = CREDIT._replace(**change)
    with pytest.raises(LedgerError, match="means something else"):
        post_many(book=book, postings=[posting("b", lines=((other, 1), (INCOME, -1)))], actor="system")


def test_known_and_new_entries_of_many_accounts_come_in_one_batch(book):
    """More codes and keys than the short statement names one by one."""

    def month(member: int) -> Posting:
        lines = ((chart.assessed(member, "2026-11"), 9), (chart.assessment_control(), -9))
        return posting(f"m{member}", lines=lines)

    post_many(book=book, postings=[month(1), month(2)], actor="system")
    posted = post_many(book=book, postings=[month(number) for number in range(1, 12)], actor="system")
    assert [one.fresh for one in posted] == [False, False] + [True] * 9
    with pytest.raises(LedgerError, match="before"):
        wrong = posting("m2", lines=((chart.assessed(2, "2026-11"), 8), (chart.assessment_control(), -8)))
        post_many(book=book, postings=[month(number) for number in range(20, 30)] + [wrong], actor="system")
    assert entry_by_idem(book, "m20") is None and verify(book) == []


def test_long_lists_are_cut_into_parts_that_one_statement_takes():
    assert [len(part) for part in chunks(list(range(12_001)))] == [5000, 5000, 2001]
    assert [part for part in chunks([])] == [] and list(chunks([1])) == [[1]]
    assert [part[0] for part in chunks(list(range(10_000)))] == [0, 5000]
