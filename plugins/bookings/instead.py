"""Which times somebody may have instead of one that was taken away: one answer for page, message and desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from portal.api import clock, district

from . import alternatives, quota, typed, verdicts
from .alternatives import Alternative
from .judging import Asker, Question, not_open_to
from .models import BookingsBooking, BookingsOccurrence
from .policy import Policy, policy_of
from .queries.holders import is_member
from .queries.places import Room
from .verdicts import Span

#: Times that are offered for one, of so many that are looked at, and for so many times of a series at once.
OTHERS, LOOKED_AT, SHOWN = 3, 12, 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Instead:
    """A time that was taken away and what is free instead; nothing is held.

    ``since``: nothing can be had yet, it lies so far ahead; from this day on one may ask.
    """

    row: BookingsOccurrence
    room: Room
    free: list[Alternative]
    since: date | None


def owner(booking: BookingsBooking) -> Asker:
    """Return whoever a booking belongs to; for who has no account the desk books."""
    return Asker(
        account_id=booking.account_id,
        is_member=is_member(booking.account_id),
        organization_id=booking.organization_id,
        staff=booking.account_id is None,
    )


def lost(times: Sequence[BookingsOccurrence]) -> list[BookingsOccurrence]:
    """Return the times of a booking that were taken away and are still to come, the next few."""
    now = clock.now()
    return [row for row in times if row.state == "displaced" and row.starts_at > now][:SHOWN]


def of(
    booking: BookingsBooking,
    times: Sequence[BookingsOccurrence],
    rooms: dict[int, Room],
    asker: Asker,
) -> list[Instead]:
    """Return what is free instead of each time that was taken away; asks nothing where none was."""
    return [_of_one(booking, row, rooms[row.room_id], asker) for row in lost(times)]


def _of_one(booking: BookingsBooking, row: BookingsOccurrence, room: Room, asker: Asker) -> Instead:
    found = free(booking, row, room, asker)
    since = None
    if not found and not asker.staff:
        first = clock.civil(row.starts_at) - timedelta(days=policy_of(district(), room).max_ahead_days)
        since = first if first > clock.today() else None
    return Instead(row=row, room=room, free=found, since=since)


def free(booking: BookingsBooking, row: BookingsOccurrence, room: Room, asker: Asker) -> list[Alternative]:
    """Return up to three free times that whoever asks may have instead of one, with the same needs."""
    needs = {int(kind): number for kind, number in booking.needs.items()}
    question = Question(room=room, spans=(), asker=asker, needs=needs)
    span = Span(start=row.starts_at, end=row.ends_at)
    known = cache(lambda room: policy_of(district(), room))
    found: list[Alternative] = []
    looked_at = 0
    for one in alternatives.mixed(district(), question, span, headcount=booking.headcount):
        if any(_overlap(one, other) for other in found):
            continue
        looked_at += 1
        if _may(one, booking, asker, known(one.room)):
            found.append(one)
        # Before the next room is asked about.
        if len(found) == OTHERS or looked_at == LOOKED_AT:
            break
    return found


def _overlap(one: Alternative, other: Alternative) -> bool:
    """Tell whether two are nearly the same: a quarter of an hour later is no other choice."""
    return (
        one.room.id == other.room.id and one.span.start < other.span.end and one.span.end > other.span.start
    )


def _may(one: Alternative, booking: BookingsBooking, asker: Asker, policy: Policy) -> bool:
    """Tell whether nothing of the person or the people coming stands against a time that is free."""
    crowd = verdicts.of_headcount(
        one.room, booking.headcount, over_reason=booking.over_reason, by_keeper=asker.staff
    )
    over = quota.against(
        policy, account_id=asker.account_id, spans=[one.span], own_name=asker.organization_id is None
    )
    return not (crowd or over or not_open_to(policy, asker))


def said(one: Alternative, room: Room) -> str:
    """Write a free time in the words that go into a message, instead of one in ``room``."""
    # Rooms of two houses may be called the same.
    same = one.room.venue_id == room.venue_id
    name = one.room.name if same else f"{one.room.venue} {one.room.name}"
    return f"{name} {verdicts.clock_words(one.span)}"


def fields(booking: BookingsBooking, room: Room, one: Alternative) -> list[tuple[str, str]]:
    """Return what fills the form of a time instead of one in ``room``; the contact is left out."""
    found = [
        *typed.query_of(one.span).items(),
        ("title", booking.title),
        ("people", str(booking.headcount)),
        ("organization", str(booking.organization_id or "")),
        ("note", booking.note),
    ]
    # What is lent belongs to a house.
    if one.room.venue_id == room.venue_id:
        found += [(f"need-{kind}", str(number)) for kind, number in booking.needs.items()]
    return [pair for pair in found if pair[1]]


def visit_fields(booking: BookingsBooking, one: Alternative) -> list[tuple[str, str]]:
    """Return what the form for a visit is filled with: when and how many; who comes stands in no address."""
    day, begins, stops = typed.spoken_span(one.span)
    return [("day", day), ("begins", begins), ("stops", stops), ("headcount", str(booking.headcount))]
