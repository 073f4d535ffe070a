"""Keys and equipment: out once, back once, broken is not lent."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsEquipmentUnit, BookingsHandover, BookingsOccurrence
from plugins.bookings.service import changing, handing, places
from plugins.bookings.tests.conftest import Center, span
from plugins.bookings.verdicts import NotFree, Refused
from portal.api import Account, Conflict, clock, session
from portal.testing.crowd import crowd
from portal.testing.crowd import inside as acting


@pytest.fixture
def lent(inside: Center) -> Any:
    """Return (a booking that wants a projector, the projectors' pieces, who is at the desk)."""
    kind = places.make_equipment(inside.venue, name="投影仪", pieces=2, by=None)
    session.commit()
    inside.book(span(3, 9, 11), needs={kind.id: 1})
    pieces = list(session.scalars(select(BookingsEquipmentUnit).order_by(BookingsEquipmentUnit.id)))
    return inside.times()[0], pieces, inside.staff()


def codes(error: Any) -> list[str]:
    return [one.code for one in error.value.refusals]


def test_a_piece_that_is_out_is_not_handed_out_again(lent: Any):
    row, (one, other), by = lent
    first = handing.hand_out(row, what="", piece=one, taken_by="王测", by=by)
    with pytest.raises(Refused) as refused:
        handing.hand_out(row, what="", piece=one, taken_by="李测", by=by)
    assert [found.text for found in refused.value.refusals] == ["投影仪 1已经借出去了，还没有还。"]
    handing.hand_out(row, what="", piece=other, taken_by="王测", by=by)
    assert [found.what for found in handing.open_of(row)] == ["投影仪 1", "投影仪 2"]
    handing.take_back(first, version=first.version, damage="", faulty=False, by=by)
    handing.hand_out(row, what="", piece=one, taken_by="李测", by=by)
    assert session.scalar(select(func.count()).select_from(BookingsHandover)) == 3


def test_a_key_is_handed_out_once_for_a_booking(lent: Any):
    row, _pieces, by = lent
    handing.hand_out(row, what="东门钥匙", piece=None, taken_by="王测", by=by)
    with pytest.raises(Refused) as refused:
        handing.hand_out(row, what="东门钥匙", piece=None, taken_by="王测", by=by)
    assert codes(refused) == ["out"]
    handing.hand_out(row, what="西门钥匙", piece=None, taken_by="王测", by=by)


def test_bad_words_are_refused(lent: Any):
    row, _pieces, by = lent
    with pytest.raises(Refused) as refused:
        handing.hand_out(row, what=" ", piece=None, taken_by=" ", by=by)
    assert codes(refused) == ["who", "what"]


def test_what_came_back_broken_is_not_lent_until_somebody_says_it_works(inside: Center, lent: Any):
    row, (one, other), by = lent
    out = handing.hand_out(row, what="", piece=one, taken_by="王测", by=by)
    with pytest.raises(Refused) as refused:
        handing.take_back(out, version=out.version, damage=" ", faulty=True, by=by)
    assert codes(refused) == ["damage"]
    handing.take_back(out, version=out.version, damage="灯泡不亮", faulty=True, by=by)
    with pytest.raises(Refused) as refused:
        handing.hand_out(row, what="", piece=one, taken_by="李测", by=by)
    assert codes(refused) == ["fault"]
    # Of two projectors one is left, and nobody can have two.
    with pytest.raises(NotFree):
        inside.book(span(4, 9, 10), needs={one.equipment_id: 2})
    handing.set_fault(one, version=one.version, fault="", by=by)
    inside.book(span(4, 9, 10), needs={one.equipment_id: 2})
    assert other.fault == ""


def test_it_comes_back_once(lent: Any):
    row, (one, _other), by = lent
    out = handing.hand_out(row, what="", piece=one, taken_by="王测", by=by)
    version = out.version
    handing.take_back(out, version=version, damage="", faulty=False, by=by)
    with pytest.raises(Conflict):
        handing.take_back(out, version=version, damage="", faulty=False, by=by)


def test_nothing_is_handed_out_for_a_booking_called_off(lent: Any):
    row, (one, _other), by = lent
    changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=by.account_id, staff=True)
    with pytest.raises(Conflict):
        handing.hand_out(row, what="", piece=one, taken_by="王测", by=by)


def test_a_piece_of_another_venue_is_not_handed_out(inside: Center, lent: Any):
    row, _pieces, by = lent
    venue = places.make_venue(kind="center", name="另一个中心", by=None)
    kind = places.make_equipment(venue, name="音响", pieces=1, by=None)
    session.commit()
    piece = session.scalars(
        select(BookingsEquipmentUnit).where(BookingsEquipmentUnit.equipment_id == kind.id)
    ).one()
    with pytest.raises(Refused) as refused:
        handing.hand_out(row, what="", piece=piece, taken_by="王测", by=by)
    assert codes(refused) == ["venue"]


def race(given: dict[str, Any]) -> str:
    """Hand out a piece or a key in a process of its own (for ``crowd``)."""
    with clock.frozen(datetime.fromisoformat(given["now"])), acting(given["district"], given["token"]) as by:
        row = session.get_one(BookingsOccurrence, given["row"])
        piece = session.get_one(BookingsEquipmentUnit, given["piece"]) if "piece" in given else None
        try:
            handing.hand_out(row, what="东门钥匙", piece=piece, taken_by="王测", by=by)
        except Refused as refused:
            return refused.refusals[0].code
        return "handed"


def test_two_at_the_counter_hand_out_one_piece_and_one_key_once(
    inside: Center, lent: Any, data_dir: Path
) -> None:
    row, (one, _other), by = lent
    beside = inside.times(inside.book(span(3, 9, 11), room="东厅"))[0]
    token = inside.world.token(session.get_one(Account, by.account_id))
    given = {"district": inside.district.id, "now": clock.now().isoformat(), "token": token}
    acts = [{**given, "row": row.id, "piece": one.id}] * 4
    # The key of the house, for two rooms of it.
    acts += [{**given, "row": wanted.id} for wanted in (row, beside) for _number in range(2)]
    session.commit()
    found = crowd(data_dir, "plugins.bookings.tests.test_handing:race", acts)
    assert sorted(found[:4]) == sorted(found[4:]) == ["handed", "out", "out", "out"]


def test_the_asker_of_nothing_has_no_pieces(inside: Center):
    made = inside.book(span(5, 9, 10), asker=Asker(staff=True))
    assert handing.open_of(inside.times(made)[0]) == []
