"""Changing what is booked: what moves, what stays, and what others never notice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsBooking, BookingsOccurrence, BookingsPoint
from plugins.bookings.service import altering, changing, deciding
from plugins.bookings.service.altering import Said
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.test_hours import set_week
from plugins.bookings.verdicts import NotFree, Refused, Span
from portal.api import Conflict, clock, notices, session

WEEK, HOUR = timedelta(days=7), timedelta(hours=1)
STAFF = Asker(staff=True)


def weeks(start: int, end: int, count: int = 6) -> list[Span]:
    return [Span(start=at(3, start) + n * WEEK, end=at(3, end) + n * WEEK) for n in range(count)]


def series(center: Center, *, skip: bool = False, count: int = 6, **values: Any) -> Any:
    return center.book(*weeks(10, 11, count), rule=f"FREQ=WEEKLY;COUNT={count}", skip=skip, **values)


def row_bytes(ids: list[int]) -> list[tuple[Any, ...]]:
    table = BookingsOccurrence.__table__
    found = session.execute(select(table).where(table.c.id.in_(ids)).order_by(table.c.id))
    return [tuple(row) for row in found]


def cancel(center: Center, rows: list[Any], **values: Any) -> int:
    versions = {row.id: row.version for row in rows}
    return changing.cancel(rows, versions=versions, reason="不用了", **{"by": None, "staff": True, **values})


def test_a_cancelled_day_stays_cancelled_when_the_series_is_renamed(inside: Center):
    made = series(inside)
    rows = inside.times(made)
    cancel(inside, [rows[2]])
    said = Said(title="新名字", headcount=12, note="", contact_name="李测")
    altering.alter(made, said, version=made.version, asker=STAFF, by=None)
    assert [row.state for row in inside.times(made)] == [
        "cancelled" if number == 2 else "approved" for number in range(6)
    ]
    # Whoever has the room on that day now is not asked anything.
    inside.book(weeks(10, 11)[2])
    inside.owns_its_slots()


def test_a_day_left_out_for_a_clash_comes_back_where_the_new_time_is_free(inside: Center):
    inside.book(weeks(10, 11)[3])
    made = series(inside, skip=True)
    rows = changing.upcoming(made, left_out=True)
    assert [row.state for row in rows] == ["approved"] * 3 + ["skipped"] + ["approved"] * 2
    changing.move_all(
        rows,
        versions={row.id: row.version for row in rows},
        spans=weeks(14, 15),
        room=inside.room(),
        asker=STAFF,
        by=None,
    )
    moved = inside.times(made)
    assert [(row.state, row.starts_at) for row in moved] == [("approved", one.start) for one in weeks(14, 15)]
    inside.owns_its_slots()


def test_changing_a_running_series_leaves_the_past_and_others_as_they_are(inside: Center):
    made = series(inside)
    other = inside.book(Span(start=at(3, 14), end=at(3, 15)))
    steps_before = row_bytes([row.id for row in inside.times(other)])
    with clock.frozen(at(18, 12)):
        past = [row.id for row in inside.times(made) if row.starts_at < clock.now()]
        assert len(past) == 3
        before = row_bytes(past)
        rows = changing.upcoming(made)
        changing.move_all(
            rows,
            versions={row.id: row.version for row in rows},
            spans=[
                Span(start=row.starts_at + timedelta(hours=4), end=row.ends_at + timedelta(hours=4))
                for row in rows
            ],
            room=inside.room(),
            asker=STAFF,
            by=None,
        )
        assert row_bytes(past) == before
    assert row_bytes([row.id for row in inside.times(other)]) == steps_before
    inside.owns_its_slots()


def test_a_running_series_changes_around_whoever_has_a_day_of_it_now(inside: Center):
    """A day given up stays given up, whoever has it now hears of nothing, and so do those beside it."""
    inside.setting("max_ahead_days", 60)
    owner, others = inside.world.account().id, [inside.world.account().id for _number in range(2)]
    made = series(inside, asker=Asker(account_id=owner), by=owner)
    cancel(inside, [inside.times(made)[3]], by=owner, staff=False)
    theirs = [
        inside.book(when, asker=Asker(account_id=who), by=who)
        for who, when in zip(others, (weeks(10, 11)[3], weeks(8, 9)[5]), strict=True)
    ]
    ids = [inside.times(one)[0].id for one in theirs]
    before, told = row_bytes(ids), [notices.inbox(who) for who in others]
    with clock.frozen(at(11, 12)):
        said = Said(title="新名字", headcount=10, note="", contact_name="王测")
        session.refresh(made)
        altering.alter(made, said, version=made.version, asker=STAFF, by=owner)
        for start in (10.5, 9.5, 9.5):
            rows = changing.upcoming(made, left_out=True)
            new = [
                Span(start=one.start, end=one.start + HOUR)
                for one in (
                    Span(start=clock.at(clock.civil(row.starts_at)) + start * HOUR, end=row.ends_at)
                    for row in rows
                )
            ]
            changing.move_all(
                rows,
                versions={row.id: row.version for row in rows},
                spans=new,
                room=inside.room(),
                asker=STAFF,
                by=owner,
            )
    # The last move changed nothing, and was no error.
    hours = [(row.state, row.starts_at.astimezone(clock.SHANGHAI).hour) for row in inside.times(made)]
    assert (
        hours
        == [("approved", 10), ("approved", 10), ("approved", 9), ("cancelled", 10)] + [("approved", 9)] * 2
    )
    assert row_bytes(ids) == before
    assert [notices.inbox(who) for who in others] == told
    inside.owns_its_slots()


def test_what_lies_outside_new_hours_keeps_its_time_whatever_is_written(inside: Center):
    (row,) = inside.times(inside.book(span(4, 18, 20)))
    set_week(inside, {"work": [(540, 1020)]})
    booking = session.get_one(BookingsBooking, row.booking_id)
    said = Said(title="新名字", headcount=12, note="", contact_name="王测")
    altering.alter(booking, said, version=booking.version, asker=STAFF, by=None)
    (after,) = inside.times()
    assert (after.state, after.starts_at, after.ends_at) == ("approved", at(4, 18), at(4, 20))
    # It is not moved to where nothing is open, and stays where it was.
    with pytest.raises(NotFree):
        changing.move(
            after, version=after.version, span=span(4, 19, 20), room=inside.room(), asker=STAFF, by=None
        )
    session.rollback()
    assert inside.times()[0].starts_at == at(4, 18)
    inside.owns_its_slots()


def test_what_has_begun_cannot_be_moved_or_called_off(inside: Center):
    (row,) = inside.times(inside.book(span(3, 9, 10)))
    with clock.frozen(at(3, 9, 1)):
        with pytest.raises(Conflict):
            changing.move(
                row, version=row.version, span=span(4, 9, 10), room=inside.room(), asker=STAFF, by=None
            )
        with pytest.raises(Conflict):
            cancel(inside, [row])
    inside.owns_its_slots()


def test_a_move_into_somebody_elses_time_leaves_the_old_one(inside: Center):
    inside.book(span(3, 11, 12))
    (row,) = inside.times(inside.book(span(3, 9, 10)))
    with pytest.raises(NotFree):
        changing.move(
            row, version=row.version, span=span(3, 11, 12), room=inside.room(), asker=STAFF, by=None
        )
    session.rollback()
    assert [one.starts_at for one in inside.times()] == [at(3, 11), at(3, 9)]
    inside.owns_its_slots()


def test_a_time_moves_over_itself(inside: Center):
    inside.setting("buffer_after", 30)
    (row,) = inside.times(inside.book(span(3, 9, 11)))
    changing.move(row, version=row.version, span=span(3, 10, 12), room=inside.room(), asker=STAFF, by=None)
    changing.move(
        row, version=row.version, span=span(3, 10, 12), room=inside.room("大厅"), asker=STAFF, by=None
    )
    assert row.sequence == 2
    inside.owns_its_slots()


def test_a_move_by_its_owner_is_asked_again_and_a_shortening_is_not(inside: Center):
    inside.setting("approval", "ask")
    account = inside.world.account()
    asker = Asker(account_id=account.id)
    staff = inside.world.account(role="desk", district=inside.district)
    made = inside.book(span(5, 9, 11), asker=asker, by=account.id)
    deciding.approve(made, version=made.version, by=staff.id)
    (row,) = inside.times(made)
    changing.move(
        row, version=row.version, span=span(5, 9, 10), room=inside.room(), asker=asker, by=account.id
    )
    assert row.state == "approved"
    changing.move(
        row, version=row.version, span=span(5, 10, 11), room=inside.room(), asker=asker, by=account.id
    )
    assert row.state == "requested" and row.answer_by is not None
    inside.owns_its_slots()


def test_an_old_version_changes_nothing(inside: Center):
    (row,) = inside.times(inside.book(span(3, 9, 10)))
    old = row.version
    changing.move(row, version=old, span=span(3, 10, 11), room=inside.room(), asker=STAFF, by=None)
    with pytest.raises(Conflict):
        changing.move(row, version=old, span=span(3, 12, 13), room=inside.room(), asker=STAFF, by=None)
    session.rollback()
    assert inside.times()[0].starts_at == at(3, 10)
    inside.owns_its_slots()


def test_calling_off_says_how_many_and_why(inside: Center):
    made = series(inside)
    rows = changing.upcoming(made)
    with pytest.raises(Refused) as refused:
        changing.cancel(rows, versions={row.id: row.version for row in rows}, reason=" ", by=None, staff=True)
    assert [one.field for one in refused.value.refusals] == ["reason"]
    assert cancel(inside, rows[1:]) == 5
    assert [row.state for row in inside.times(made)] == ["approved"] + ["cancelled"] * 5
    inside.owns_its_slots()


@pytest.mark.parametrize(
    ("before", "points"), [(timedelta(hours=24), 0), (timedelta(hours=24, minutes=-1), 1)]
)
def test_calling_off_late_counts_half_where_points_are_on(inside: Center, before: timedelta, points: int):
    inside.setting("points", True)
    account = inside.world.account()
    (row,) = inside.times(inside.book(span(5, 9, 10), asker=Asker(account_id=account.id), by=account.id))
    with clock.frozen(row.starts_at - before):
        cancel(inside, [row], staff=False)
    assert [one.halves for one in session.scalars(select(BookingsPoint))] == [1] * points


def test_calling_off_late_counts_nothing_by_default(inside: Center):
    account = inside.world.account()
    (row,) = inside.times(inside.book(span(5, 9, 10), asker=Asker(account_id=account.id), by=account.id))
    with clock.frozen(row.starts_at - timedelta(hours=1)):
        cancel(inside, [row], staff=False)
    assert session.scalars(select(BookingsPoint)).all() == []
