"""A calendar's columns: every event once in each it touches, cut at midnight, lanes that never overlap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.clock import SHANGHAI
from portal.web.week import (
    DAY,
    GRID,
    CalendarClosure,
    CalendarEvent,
    CalendarResource,
    calendar_plan,
    clock_time,
)

MONDAY = date(2026, 11, 23)
WEEK = [MONDAY + timedelta(days=n) for n in range(7)]
HALL = CalendarResource(id=1, name="hall")
ROOM = CalendarResource(id=2, name="room")
MIDNIGHT = datetime(2026, 11, 23, tzinfo=SHANGHAI)


def taken(start: int, minutes: int, *, id: int = 1, room: int = 1) -> CalendarEvent:
    """Return an event ``start`` minutes after Monday's midnight."""
    begins = MIDNIGHT + timedelta(minutes=start)
    return CalendarEvent(
        id=id, resource_id=room, start=begins, end=begins + timedelta(minutes=minutes), title=str(id)
    )


many = st.lists(
    st.tuples(st.integers(-2 * DAY, 9 * DAY), st.integers(1, 3 * DAY), st.sampled_from([1, 2, 3])),
    max_size=25,
)


@given(many)
def test_every_event_stands_once_in_each_column_it_touches_and_nowhere_else(drawn):
    events = [taken(at, length, id=n, room=room) for n, (at, length, room) in enumerate(drawn)]
    made = calendar_plan(resources=[HALL, ROOM], events=events, days=WEEK)
    shown = sorted((p.event.id, c.resource.id, c.day, p.start, p.end) for c in made.columns for p in c.pieces)
    wanted = []
    for event, (at, length, room) in zip(events, drawn, strict=True):
        for n, day in enumerate(WEEK):
            start, end = max(at, n * DAY), min(at + length, (n + 1) * DAY)
            if room in {1, 2} and start < end:
                wanted.append((event.id, room, day, start - n * DAY, end - n * DAY))
    assert shown == sorted(wanted)
    for column in made.columns:
        for piece in column.pieces:
            assert made.first <= piece.start < piece.end <= made.last
            assert piece.from_before == (
                piece.event.start < datetime.combine(column.day, datetime.min.time(), SHANGHAI)
            )
            assert not piece.from_before or piece.start == 0
            assert not piece.goes_on or piece.end == DAY


@given(many)
def test_what_overlaps_stands_side_by_side(drawn):
    events = [taken(at, length, id=n) for n, (at, length, _room) in enumerate(drawn)]
    made = calendar_plan(resources=[HALL], events=events, days=WEEK)
    for column in made.columns:
        for n, one in enumerate(column.pieces):
            assert 0 <= one.lane < one.lanes
            for other in column.pieces[n + 1 :]:
                tall = max(one.end, one.start + 2 * GRID), max(other.end, other.start + 2 * GRID)
                if one.start < tall[1] and other.start < tall[0]:
                    assert one.lane != other.lane and one.lanes == other.lanes


def test_neighbours_share_one_lane_and_a_third_beside_them_makes_two():
    made = calendar_plan(resources=[HALL], events=[taken(540, 60), taken(600, 60, id=2)], days=[MONDAY])
    assert [(p.lane, p.lanes) for p in made.columns[0].pieces] == [(0, 1), (0, 1)]
    events = [taken(540, 60), taken(600, 60, id=2), taken(570, 60, id=3)]
    made = calendar_plan(resources=[HALL], events=events, days=[MONDAY])
    assert [(p.event.id, p.lane, p.lanes) for p in made.columns[0].pieces] == [
        (1, 0, 2),
        (3, 1, 2),
        (2, 0, 2),
    ]


def test_times_are_those_of_shanghai_wherever_the_instants_come_from():
    event = CalendarEvent(
        id=1,
        resource_id=1,
        title="",
        start=datetime(2026, 11, 23, 1, 15, tzinfo=UTC),
        end=datetime(2026, 11, 23, 2, 0, 30, tzinfo=UTC),
    )
    [piece] = calendar_plan(resources=[HALL], events=[event], days=[MONDAY]).columns[0].pieces
    assert (clock_time(piece.start), clock_time(piece.end)) == ("09:15", "10:01")


def test_the_axis_widens_for_what_lies_outside_of_the_open_hours():
    plain = calendar_plan(resources=[HALL], events=[], days=WEEK)
    assert (plain.first, plain.last, plain.mode) == (480, 1080, "week")
    early = calendar_plan(resources=[HALL, ROOM], events=[taken(395, 30)], days=[MONDAY])
    assert (early.first, early.last, early.mode) == (360, 1080, "day")
    late = calendar_plan(resources=[HALL, ROOM], events=[taken(23 * 60, 120)], days=WEEK)
    assert (late.first, late.last, late.mode) == (0, 1440, "all")


def test_free_is_open_not_closed_and_not_taken():
    def opens(resource: CalendarResource, day: date) -> list[tuple[int, int]]:
        return [(540, 720), (840, 1080)] if day == MONDAY else []

    shut = CalendarClosure(
        start=MIDNIGHT + timedelta(hours=16), end=MIDNIGHT + timedelta(hours=17), reason="cleaning"
    )
    other = CalendarClosure(start=MIDNIGHT, end=MIDNIGHT + timedelta(days=1), reason="other", resource_id=2)
    made = calendar_plan(
        resources=[HALL], events=[taken(600, 60)], days=WEEK, opens=opens, closures=[shut, other]
    )
    first, second = made.columns[:2]
    assert first.closed == (((960, 1020), "cleaning"),)
    assert [
        first.free(*span)
        for span in ((540, 600), (540, 615), (660, 720), (660, 900), (900, 960), (945, 975), (1020, 1080))
    ] == [True, False, True, False, True, False, True]
    assert not second.free(540, 600)


def test_what_cannot_be_is_refused():
    for wrong in (0, -30):
        with pytest.raises(ValueError, match="ends"):
            calendar_plan(resources=[HALL], events=[taken(540, wrong)], days=[MONDAY])
    with pytest.raises(ValueError, match="days"):
        calendar_plan(resources=[HALL], events=[], days=[WEEK[1], WEEK[0]])


def test_only_what_is_shown_whole_can_be_moved():
    begins = MIDNIGHT + timedelta(hours=23)
    event = CalendarEvent(
        id=1, resource_id=1, title="", start=begins, end=begins + timedelta(hours=2), movable=True
    )
    made = calendar_plan(resources=[HALL], events=[event], days=WEEK)
    assert [p.movable for column in made.columns for p in column.pieces] == [False, False]
