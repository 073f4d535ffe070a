# ruff: noqa: S608  raw statements with literal values are the very point here
"""Tampering by raw SQL, triggers dropped: verify names the changed, missing or inserted entry."""

import pytest
from sqlalchemy import text

from portal.database import is_postgresql, session, transaction
from portal.ledger import Finding, open_book, post, verify
from portal.testing import postgresql
from tests.ledger.conftest import DAY


@pytest.fixture
def five(book, accounts):
    for number in range(1, 6):
        post(
            book=book,
            idem=f"e{number}",
            kind="test",
            effective_date=DAY,
            lines=[(accounts[0], number), (accounts[1], -number)],
            actor="account:1",
            meta={"说明": "测试", "n": number},
        )
    if not is_postgresql():
        with transaction() as current:
            for (name,) in current.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                current.execute(text(f"DROP TRIGGER {name}"))
            current.execute(text("PRAGMA foreign_keys=OFF"))
    return book


def tamper(*statements):
    session.rollback()
    with postgresql.underneath() if is_postgresql() else transaction() as current:
        for statement in statements:
            current.execute(text(statement))
    session.expire_all()


def test_untouched_book_verifies(five):
    assert verify(five) == []
    assert verify(five, anchors={5: five.head}) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET actor = 'account:2' WHERE seq = 3",
        "UPDATE ledger_entry SET kind = 'other' WHERE seq = 3",
        "UPDATE ledger_entry SET effective_date = '2026-11-20' WHERE seq = 3",
        "UPDATE ledger_entry SET recorded_at = '2026-11-20 00:00:00.000001' WHERE seq = 3",
        "UPDATE ledger_entry SET occurred_at = '2026-11-20 00:00:00.000001' WHERE seq = 3",
        "UPDATE ledger_entry SET case_uid = 'x' WHERE seq = 3",
        "UPDATE ledger_entry SET reverses_id = 1 WHERE seq = 3",
        """UPDATE ledger_entry SET meta = '{"n": 4}' WHERE seq = 3""",
        "UPDATE ledger_entry SET idem = 'e3' || 'x' WHERE seq = 3",
        "UPDATE ledger_line SET amount_fen = amount_fen * 2 WHERE entry_id = 3",
        "UPDATE ledger_line SET account_id = 3 - account_id WHERE entry_id = 3",
        "UPDATE ledger_line SET position = position + 1 WHERE entry_id = 3 AND position = 1",
        "INSERT INTO ledger_line SELECT entry_id, position + 2, district_id, account_id, amount_fen"
        " FROM ledger_line WHERE entry_id = 3",
        "UPDATE ledger_seal SET hash = substr(hash, 2) || 'f' WHERE entry_id = 3",
    ],
)
def test_changed_entry_is_named(five, statement):
    tamper(statement)
    if "position + 1" in statement:  # the order alone: same text, same entry
        assert verify(five) == []
        return
    assert [(f.change, f.seq) for f in verify(five)][:1] == [("changed", 3)]


def test_bit_flip_in_every_seal_is_found(five):
    for number in range(1, 6):
        before = session.execute(
            text("SELECT hash FROM ledger_seal WHERE entry_id = :n"), {"n": number}
        ).scalar_one()
        flipped = f"{int(before[0], 16) ^ 1:x}{before[1:]}"
        tamper(f"UPDATE ledger_seal SET hash = '{flipped}' WHERE entry_id = {number}")
        assert verify(five)[0] == Finding("changed", number, f"e{number}")
        tamper(f"UPDATE ledger_seal SET hash = '{before}' WHERE entry_id = {number}")
    assert verify(five) == []


@pytest.mark.parametrize("number", [1, 3, 5])
def test_missing_entry_is_named(five, number):
    tamper(
        f"DELETE FROM ledger_line WHERE entry_id = {number}",
        f"DELETE FROM ledger_seal WHERE entry_id = {number}",
        f"DELETE FROM ledger_entry WHERE id = {number}",
    )
    assert verify(five) == [Finding("missing", number)]


def test_missing_entry_is_named_after_renumbering(five):
    tamper(
        "DELETE FROM ledger_line WHERE entry_id = 3",
        "DELETE FROM ledger_seal WHERE entry_id = 3",
        "DELETE FROM ledger_entry WHERE id = 3",
        "UPDATE ledger_entry SET seq = 3 WHERE id = 4",
        "UPDATE ledger_entry SET seq = 4 WHERE id = 5",
    )
    assert verify(five)[0] == Finding("missing", 3)


def _forge(entry_id, seq, prev):
    return (
        f"INSERT INTO ledger_entry(id, district_id, book_id, seq, idem, kind, effective_date, recorded_at,"
        f" actor, meta) VALUES ({entry_id}, 1, 1, {seq}, 'forged', 'test', '2026-11-21', '2026-11-21',"
        " 'x', '{}')",
        f"INSERT INTO ledger_line VALUES ({entry_id}, 0, 1, 1, 9), ({entry_id}, 1, 1, 2, -9)",
        f"INSERT INTO ledger_seal VALUES ({entry_id}, 1, 1, '{prev}', '{'ab' * 32}')",
    )


def test_inserted_entry_at_the_end_is_named(five):
    tamper(*_forge(9, 6, "cd" * 32))
    assert verify(five) == [Finding("inserted", 6, "forged")]


def test_inserted_entry_in_the_middle_is_named(five):
    tamper(
        "UPDATE ledger_entry SET seq = 105 WHERE seq = 5",
        "UPDATE ledger_entry SET seq = 104 WHERE seq = 4",
        "UPDATE ledger_entry SET seq = seq - 99 WHERE seq > 100",
        *_forge(9, 4, "cd" * 32),
    )
    assert verify(five) == [Finding("inserted", 4, "forged")]


def test_unsealed_entry_is_inserted(five):
    tamper(*_forge(9, 6, "")[:2])
    assert verify(five) == [Finding("inserted", 6, "forged")]


def test_rewritten_history_is_seen_with_an_anchor_only(five):
    from portal.ledger import chain

    known = {5: five.head}
    nodes = session.execute(text("SELECT idem FROM ledger_entry ORDER BY seq")).scalars().all()
    assert len(nodes) == 5
    # Somebody with the code and the database recomputes everything after a change.
    from portal.ledger.verify import _nodes

    tamper("UPDATE ledger_line SET amount_fen = amount_fen * 2 WHERE entry_id = 2")
    head = chain.origin(five.uid)
    for number in range(1, 6):
        tamper(f"UPDATE ledger_seal SET prev_hash = '{head}' WHERE entry_id = {number}")
        head = _nodes(five)[number - 1].recomputed
        tamper(f"UPDATE ledger_seal SET hash = '{head}' WHERE entry_id = {number}")
    tamper(f"UPDATE ledger_book SET head = '{head}', seq = 5")
    assert verify(five) == []
    assert verify(five, anchors=known) == [Finding("changed", 5, "e5")]


def test_rewritten_entry_whose_followers_were_not_is_named(five):
    from portal.ledger.verify import _nodes

    tamper("UPDATE ledger_line SET amount_fen = amount_fen * 2 WHERE entry_id = 2")
    tamper(f"UPDATE ledger_seal SET hash = '{_nodes(five)[1].recomputed}' WHERE entry_id = 2")
    assert verify(five) == [Finding("changed", 2, "e2")]


def test_first_entry_on_a_foreign_link_had_another_before_it(five):
    from portal.ledger.verify import _nodes

    tamper(f"UPDATE ledger_seal SET prev_hash = '{'cd' * 32}' WHERE entry_id = 1")
    tamper(f"UPDATE ledger_seal SET hash = '{_nodes(five)[0].recomputed}' WHERE entry_id = 1")
    assert verify(five) == [Finding("missing", 1)]


def test_head_that_fits_no_entry_is_found(five):
    empty = open_book(district_id=1, purpose="donations")
    assert verify(empty) == []
    tamper(f"UPDATE ledger_book SET head = '{'ab' * 32}'")
    assert verify(five) == [Finding("changed", 5, "e5")]
    assert verify(empty) == [Finding("missing", 0)]


def test_entries_taken_from_the_end_are_named(five):
    tamper(
        "DELETE FROM ledger_line WHERE entry_id > 3",
        "DELETE FROM ledger_seal WHERE entry_id > 3",
        "DELETE FROM ledger_entry WHERE id > 3",
    )
    assert verify(five) == [Finding("missing", 4), Finding("missing", 5)]


def test_two_changes_apart_are_both_named(five):
    tamper(
        "UPDATE ledger_entry SET actor = 'account:2' WHERE seq = 2",
        "UPDATE ledger_entry SET actor = 'account:2' WHERE seq = 4",
    )
    assert verify(five) == [Finding("changed", 2, "e2"), Finding("changed", 4, "e4")]


def test_other_books_of_the_same_district_change_nothing(five, accounts):
    other = open_book(district_id=1, purpose="donations")
    post(
        book=other,
        idem="e1",
        kind="test",
        effective_date=DAY,
        lines=[(accounts[0], 1), (accounts[1], -1)],
        actor="system",
    )
    tamper("UPDATE ledger_entry SET actor = 'account:2' WHERE seq = 3 AND book_id = 1")
    assert verify(other) == [] and verify(five) == [Finding("changed", 3, "e3")]
