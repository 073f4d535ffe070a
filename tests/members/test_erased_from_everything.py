"""Whoever is erased stands nowhere, though every table, every plugin and an import wrote about them.

What is searched is worked out from the models, not listed: a new table or column of the core or a plugin
is searched by itself, and fails here until its erasure is written or its keeping has a reason (promise 34).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from plugins.bookings.models import (
    BookingsBooking,
    BookingsGuide,
    BookingsHandover,
    BookingsPoint,
    BookingsWish,
)
from plugins.dues.models import DuesObligation
from portal import clock, crypto, notices
from portal.database import Model, db, everything, is_postgresql, session, transaction, written_over
from portal.identity.models import Grant
from portal.keys.sealed import sealed_columns
from portal.members import merging
from portal.members.models import Member
from portal.notices.models import Delivery
from portal.organizations.unmatched_models import Unmatched
from portal.payments.models import PaymentAttempt
from portal.testing import World, invented_ric
from tests.guards import marks
from tests.members.standing import erase, standing
from tests.sheets.imports.desk import Desk, member_row, member_sheet

WORD, USERNAME, SORTED = "独有的标记", "tanbiaoji", "tan biao ji"
NAME, PHONE, LOGIN_PHONE, RIC = "檀标记", "13900097531", "10000097531", invented_ric(77)
#: What stays where a person is erased, and why; a line here is a decision.
KEPT = {
    "bookings_agreement.clauses": "a paper of two organizations about a venue",
    "bookings_agreement.cost": "a paper of two organizations: who bears what",
    "bookings_agreement.insurance": "a paper of two organizations: who is insured",
    "bookings_agreement.party_b_name": "the name of an organization",
    "bookings_agreement.reason": "a paper of two organizations: why it rests or ended",
    "bookings_closure.reason": "why a room is closed to everybody",
    "bookings_equipment_unit.fault": "what is wrong with a thing; what came from a booking of theirs goes",
    "bookings_equipment_unit.label": "the name of a thing",
    "bookings_handover.what": "the name of a key or a thing; who took it is gone",
    "bookings_venue.key_how": "how one gets into a house",
    "claim_unit.label": "the name of a room or a thing that can be had",
    "dues_base_sheet.filename": "the name of a branch's file; its rows are gone",
    "dues_cash_sheet.reason": "a paper of the books about a whole day, kept 15 years",
    "dues_voucher.void_reason": "a paper of the books: why a voucher is void, kept 15 years",
    "import_batch.filename": "the name of a whole register's file; the rows about the person are gone",
    "import_batch.sheet": "the name of a whole register's sheet",
    "payment_attempt.description": "made by the portal of months, names nobody; a paper of the books",
    "payment_case.detail": "a paper of the books: numbers of orders and sums",
    "payment_case.resolution": "a paper of the books: how money in doubt was settled, kept 15 years",
}
#: Tables of no district that cannot be given a row from the model alone, with the test that has them.
ELSEWHERE = frozenset({"totp", "recovery_code"})  # test_erased_everywhere.py


def markers() -> tuple[str, ...]:
    indexes = (("ric", RIC), ("phone", PHONE), ("phone", LOGIN_PHONE))
    hidden = [crypto.blind_index(kind, value) for kind, value in indexes]
    return (WORD, NAME, PHONE, LOGIN_PHONE, USERNAME, SORTED, RIC, *hidden)


def in_files(*folders: Path) -> set[str]:
    """Return the files below folders in whose bytes a marker stands, the database and its log too."""
    found = set()
    for path in (one for folder in folders for one in folder.rglob("*") if one.is_file()):
        held = path.read_bytes()
        if any(word.encode() in held for word in markers()):
            found.add(path.name)
    return found


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return where everything temporary is written, this test's own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder


@pytest.fixture
def known(world: World) -> tuple[Any, int]:
    """Return a district with one member about whom every table, plugin and an import wrote."""
    here = world.district("990001")
    branch = world.organization(here, name="甲党支部").id
    clerk, other = world.account().id, world.account().id
    with world.writing(here):
        desk = Desk(world, here, world.ref(here), clerk)
        row = member_row(1, 姓名=NAME, 手机号=PHONE, 公民身份证号=RIC, 工作岗位=WORD)
        desk.imported("members", member_sheet(row, member_row(2, 姓名="同表的人")))
        desk.upload("members", member_sheet(row, member_row(2, 姓名="同表的人")))
        member, twin = session.scalars(select(Member).order_by(Member.id)).all()
        merging.merge(member, twin, versions=(member.version, twin.version), reason=WORD, actor=None)
    account = world.account(member, phone=LOGIN_PHONE, username=USERNAME)
    world.browser(account).get("/d/990001/me/")
    number, login, absorbed = member.id, account.id, twin.id
    session.remove()
    with world.writing(here):
        unfilled = marks.fill(
            here.id, member_id=number, account_id=login, other_id=other, organization_id=branch
        )
        assert set(unfilled) <= {"payment_fact"}, "ids, sums and hashes: a fact of the books"
    _fill_outside(login)
    marks.plant(WORD, here.id, but=frozenset({absorbed}))
    _plant_outside(here.id, login)
    index = crypto.blind_index("phone", PHONE)
    with world.writing(here), transaction():
        # What is still owed or under way is a reason to wait, and has its own tests.
        session.execute(update(PaymentAttempt).values(state="closed"))
        session.execute(update(DuesObligation).values(state="paid"))
        # Whoever holds a role keeps the account; a question is theirs that was left under their number.
        session.execute(update(Grant).values(valid_from=date(2020, 1, 1), valid_to=clock.today()))
        session.execute(update(BookingsHandover).values(back_at=clock.now(), back_by=other))
        # Rows that may be nobody's were made as nobody's: one by the login, one by the number alone.
        session.execute(update(BookingsBooking).values(account_id=login, phone_index=index))
        session.execute(update(BookingsPoint).values(account_id=login))
        session.execute(update(BookingsWish).values(phone_index=index))
        session.execute(update(BookingsGuide).values(phone_index=index))
        session.execute(update(Unmatched).values(phone_index=index))
    session.remove()
    return here, number


def _outside() -> list[Table]:
    """Return the tables beside the districts' own that say something about an account."""
    scoped = marks._scoped(None)
    return [t for t in Model.metadata.sorted_tables if "account_id" in t.c and t not in scoped]


def _fill_outside(account: int) -> None:
    """Give every such table a row about the account, where the model alone says how."""
    for table in _outside():
        with everything():
            mine = select(table.c.account_id).where(table.c.account_id == account).limit(1)
            there = session.execute(mine).first()
            session.rollback()
        if there is None and table.name not in ELSEWHERE:
            # Nobody's as a rule (a question before anybody is logged in): here it is this account's.
            values = {**marks._row(table, 0, {"account": account}), "account_id": account}
            try:
                with everything(), transaction():
                    session.execute(insert(table).values(**values))
            except IntegrityError as refused:
                raise AssertionError(f"{table.name} has no row of the account") from refused


def _plant_outside(district: int, account: int) -> None:
    """Write the word where ``marks.plant`` does not: outside of districts, in JSON, at the channel."""
    for table in Model.metadata.sorted_tables:
        mine = table.c.account_id == account if table in _outside() else None
        if mine is None and "district_id" in table.c:
            mine = table.c.district_id == district
        for column in table.c if mine is not None else ():
            if isinstance(column.type, JSON) and column.info.get("class", 0) >= 2:
                values: Any = {"said": WORD}
            elif table in _outside() and isinstance(column.type, String) and (column.type.length or 40) >= 40:
                if column.name in {*marks.CODES, "template"} or column.foreign_keys or column.unique:
                    continue
                values = WORD
            else:
                continue
            with everything(), transaction():
                held = session.scalar(select(column).where(mine).limit(1))
                if not isinstance(held, list):
                    session.execute(update(table).where(mine).values({column.name: values}))
    with everything(), transaction():
        for one in sealed_columns():
            if one.table in _outside():
                own = select(one.table).where(one.table.c.account_id == account)
                for held in session.execute(own).mappings().all():
                    sealed = one.stored(crypto.encrypt(one.place, one.uid(held), WORD))
                    here = update(one.table).where(one.table.c.id == held["id"])
                    session.execute(here.values({one.column.name: sealed}))
        # What failed to reach a number is kept to be sent again, and names no account.
        notices.send_to_phone("identity.phone_changed", phone=LOGIN_PHONE, params={}, district_id=district)
        stuck = update(Delivery).where(Delivery.account_id.is_(None), Delivery.phone_sealed.is_not(None))
        session.execute(stuck.values(state="failed"))
    table = PaymentAttempt.__table__
    with everything(), transaction():
        for row in session.execute(select(table.c.id, table.c.uid)).all():
            sealed = crypto.encrypt("payment_attempt.openid_sealed", row.uid, WORD)
            values = {"openid_sealed": sealed, "client_ip": WORD}
            session.execute(update(table).where(table.c.id == row.id).values(**values))


def test_nobody_erased_stands_in_a_table_or_a_file(
    world: World, known: tuple[Any, int], data_dir: Path, temporary: Path
) -> None:
    before = standing(markers())
    plugins = {place for place in before if place.startswith("dues_")}
    assert {"notice_delivery.params_sealed", "notice_delivery.phone_sealed", "passkey_ask.bind_hash"} < before
    assert len(before) > 50 and len(plugins) >= 8 and "import_row.cells_sealed" in before, before
    # PostgreSQL keeps its files elsewhere, where only its own owner reads them.
    assert written_over() and (is_postgresql() or "portal.db" in in_files(data_dir))
    erase(world, *known, WORD)
    assert standing(markers()) - set(KEPT) == set()
    with everything(), transaction():
        for place in KEPT:  # what may be kept is told apart, and goes here so that the files can be searched
            table, _dot, column = place.partition(".")
            gone: Any = {} if column == "detail" else "—"
            session.execute(update(Model.metadata.tables[table]).values({column: gone}))
    session.remove()
    assert written_over()
    db.engine.dispose()
    assert in_files(data_dir, temporary) == set()


def test_what_is_kept_is_really_there(world: World, known: tuple[Any, int]) -> None:
    """A reason for a place where nothing stands is left over from before."""
    erase(world, *known, WORD)
    assert set(KEPT) - standing(markers()) == set()
