"""Closing a room over bookings: a choice for each, nobody is put off silently (criterion 11)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from plugins.bookings.models import BookingsWish
from plugins.bookings.service import changing, closing, freeing, waiting
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import NotFree, Refused, Span
from portal.api import Conflict, clock, notices, session

WEEK = Span(start=at(9, 0), end=at(16, 0))
TABLE = Path(__file__).parent / "data" / "closing.txt"


def cases() -> list[list[str]]:
    lines = [line for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return [[part.strip() for part in line.split("|")] for line in lines]


def read_span(start: str, end: str) -> Span:
    first, last = (datetime.fromisoformat(one).replace(tzinfo=clock.SHANGHAI) for one in (start, end))
    return Span(start=first, end=last)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case[0])
def test_a_booking_lies_in_a_closure_as_the_table_says(inside: Center, case: list[str]):
    """Held against a table written by hand; what does not lie in it is neither asked about nor touched."""
    _name, closed, since, until, booked, start, end, lies_in = case
    inside.setting("max_ahead_days", 365)
    made = inside.book(read_span(start, end), room=booked)
    room, when = inside.room(closed), read_span(since, until)
    touched = closing.touched([room], when)
    assert [row.id for row in touched] == ([row.id for row in inside.times(made)] if lies_in == "yes" else [])
    choices = {row.id: "cancel" for row in touched}
    closing.close(inside.venue, room, span=when, reason="检修", choices=choices, by=None)
    assert inside.times(made)[0].state == ("cancelled" if lies_in == "yes" else "approved")
    inside.owns_its_slots()


def six(center: Center) -> list[int]:
    made = [center.book(span(day, 9, 10), asker=_somebody(center)) for day in range(9, 15)]
    return [center.times(one)[0].id for one in made]


def _somebody(center: Center):
    from plugins.bookings.judging import Asker

    return Asker(account_id=center.world.account().id)


def close(center: Center, choices: dict[int, str], *, when: Span = WEEK):
    return closing.close(center.venue, center.room(), span=when, reason="检修电路", choices=choices, by=None)


def test_each_booking_gets_what_was_chosen_for_it_and_everybody_is_told(inside: Center):
    ids = six(inside)
    assert [row.id for row in closing.touched([inside.room()], WEEK)] == ids
    choices = dict(zip(ids, ["displace", "displace", "keep", "keep", "cancel", "cancel"], strict=True))
    close(inside, choices)
    rows = inside.times()
    assert [row.state for row in rows] == [
        "displaced", "displaced", "approved", "approved", "cancelled", "cancelled",
    ]  # fmt: skip
    assert [row.reason for row in rows] == ["检修电路", "检修电路", "", "", "检修电路", "检修电路"]
    told = [[notice.title for notice in notices.inbox(_account(inside, row))] for row in rows]
    assert told == [
        ["场地安排有变", "场地约好了"],
        ["场地安排有变", "场地约好了"],
        ["场地约好了"],
        ["场地约好了"],
        ["场地预约取消了", "场地约好了"],
        ["场地预约取消了", "场地约好了"],
    ]
    inside.owns_its_slots()


def _account(center: Center, row) -> int:
    from plugins.bookings.models import BookingsBooking

    account_id = session.get_one(BookingsBooking, row.booking_id).account_id
    assert account_id is not None
    return account_id


def test_what_is_closed_cannot_be_booked_and_says_why(inside: Center):
    close(inside, {})
    with pytest.raises(NotFree) as refused:
        inside.book(span(10, 9, 10))
    (refusal,) = refused.value.verdicts[0].refusals
    assert refusal.code == "closed" and "检修电路" in refusal.text
    inside.book(span(16, 9, 10))


def test_a_part_that_is_closed_closes_the_hall(inside: Center):
    part = inside.room("东厅")
    closing.close(inside.venue, part, span=WEEK, reason="刷墙", choices={}, by=None)
    with pytest.raises(NotFree):
        inside.book(span(10, 9, 10), room="大厅")
    inside.book(span(10, 9, 10), room="西厅")


def test_a_booking_that_came_since_the_preview_stops_the_closure(inside: Center):
    choices = dict.fromkeys(six(inside), "keep")
    late = inside.book(span(12, 14, 15))
    with pytest.raises(Conflict) as conflict:
        close(inside, choices)
    session.rollback()
    assert inside.times(late)[0].id in [row.id for row in conflict.value.current]
    assert [row.state for row in inside.times()] == ["approved"] * 7
    inside.owns_its_slots()


def test_a_kept_booking_that_is_called_off_leaves_no_hole_in_the_closure(inside: Center):
    (first, *_rest) = six(inside)
    close(inside, dict.fromkeys([row.id for row in inside.times()], "keep"))
    row = inside.times()[0]
    assert row.id == first
    changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=None, staff=True)
    with pytest.raises(NotFree):
        inside.book(span(9, 9, 10))
    inside.owns_its_slots()


def test_minutes_to_tidy_up_that_reach_into_a_closure_are_closed_when_they_are_let_go(inside: Center):
    """The booking is over when the closure begins; its quarter of an hour to tidy up is not."""
    inside.setting("buffer_after", 15)
    inside.book(span(9, 9, 10))
    close(inside, {}, when=span(9, 10, 12))
    inside.owns_its_slots()
    (row,) = inside.times()
    changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=None, staff=True)
    inside.owns_its_slots()
    inside.setting("buffer_after", 0)
    with pytest.raises(NotFree) as refused:
        inside.book(Span(start=at(9, 10), end=at(9, 10, 15)))
    assert [one.code for one in refused.value.verdicts[0].refusals] == ["closed"]


def test_lifting_offers_the_slots_to_those_displaced_first(inside: Center):
    """Before somebody who has waited for that very time since long before it was closed."""
    inside.setting("waiting_list", True)
    ids = six(inside)
    wanted = inside.wanted(span(10, 9, 10), asker=_somebody(inside))
    with clock.frozen(at(1, 9)):
        waits = waiting.join(wanted, by=None)
    made = close(inside, {**dict.fromkeys(ids, "cancel"), ids[1]: "displace"})
    assert [one.id for one in freeing.forecast(made, [inside.room()])] == [waits.id + 1]
    assert closing.lift(made, version=made.version, by=None) == 1
    first, second = session.scalars(select(BookingsWish).order_by(BookingsWish.ahead.desc())).all()
    assert (first.state, first.ahead, first.starts_at) == ("offered", True, at(10, 9))
    assert (second.id, second.state, second.ahead) == (waits.id, "waiting", False)
    assert second.joined_at < first.joined_at
    assert [waiting.places_before(one) for one in (first, second)] == [0, 1]
    # It is held: nobody else gets it meanwhile; the others are free.
    with pytest.raises(NotFree):
        inside.book(span(10, 9, 10))
    inside.book(span(9, 9, 10))
    waiting.leave(first, version=first.version, by=None)
    session.refresh(second)
    assert second.state == "offered"
    inside.owns_its_slots()


def test_a_closure_is_lifted_once(inside: Center):
    made = close(inside, {})
    version = made.version
    closing.lift(made, version=version, by=None)
    with pytest.raises(Conflict):
        closing.lift(made, version=version, by=None)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"reason": " "}, "reason"),
        ({"span": Span(start=at(9, 10), end=at(9, 9))}, "order"),
        ({"span": Span(start=at(1, 9), end=at(1, 10))}, "past"),
        ({"span": Span(start=at(9, 9, 5), end=at(9, 10))}, "grid"),
        ({"span": Span(start=at(9, 0), end=at(10, 0) + timedelta(days=366))}, "long"),
        ({"choices": {1: "forget"}}, "choice"),
    ],
)
def test_a_closure_that_is_none_is_refused_in_words(inside: Center, values: dict, code: str):
    given = {"span": WEEK, "reason": "检修", "choices": {}, **values}
    with pytest.raises(Refused) as refused:
        closing.close(inside.venue, inside.room(), by=None, **given)
    assert [one.code for one in refused.value.refusals] == [code]


@pytest.mark.parametrize(("last", "codes"), [(date(2027, 3, 9), []), (date(2027, 3, 10), ["long"])])
def test_a_closure_lasts_a_year_at_most(inside: Center, last: date, codes: list[str]):
    """From 9 March on: 366 days, the last of them to its end, and a minute of the next."""
    when = Span(start=at(9, 0), end=clock.at(last, 24 * 60 if not codes else 1))
    assert [one.code for one in closing.against(when, "装修")] == codes
    assert all("366" in one.text for one in closing.against(when, "装修"))
