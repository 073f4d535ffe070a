"""What else there is when a time is gone: another hour that day, another room, the same hour another day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice, zip_longest

from portal.api import DistrictRef, clock

from .hours import Hours
from .judging import Question, judge, not_open_to
from .policy import policies, policy_of
from .queries import places
from .queries.places import Room
from .verdicts import Span

#: Other rooms looked at, and days ahead.
ROOMS, DAYS = 12, 14


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """A room and a time that are free right now."""

    room: Room
    span: Span


def three(
    district: DistrictRef, question: Question, span: Span, *, headcount: int, most: int = 3
) -> list[Alternative]:
    """Return up to ``most`` free times instead of ``span``, one of each kind first; nothing is held."""
    return list(islice(mixed(district, question, span, headcount=headcount), most))


def mixed(district: DistrictRef, question: Question, span: Span, *, headcount: int) -> Iterator[Alternative]:
    """Yield free times instead of ``span``, in turn another hour, another room, another day.

    Rooms are judged one by one, as far as somebody reads on.
    """
    hours = _other_hours(district, question, span)
    rooms = _other_rooms(district, question, span, headcount)
    days = _other_days(district, question, span)
    return (one for turn in zip_longest(hours, rooms, days) for one in turn if one is not None)


def larger(
    district: DistrictRef, question: Question, span: Span, *, headcount: int, most: int = 3
) -> list[Alternative]:
    """Return up to ``most`` rooms that are free at the very time and large enough; nothing is held."""
    return list(islice(_other_rooms(district, question, span, headcount), most))


def _other_hours(district: DistrictRef, question: Question, span: Span) -> list[Alternative]:
    """Return free times of the same length in the same room that day, the nearest first."""
    room, long = question.room, span.end - span.start
    day = clock.civil(span.start)
    midnight, step = clock.at(day), timedelta(minutes=room.grid)
    wanted: list[Span] = []
    for opens, closes in Hours([room], day, day).intervals(room, midnight, midnight + timedelta(days=1)):
        start = opens
        while start + long <= closes:
            wanted.append(Span(start=start, end=start + long))
            start += step
    wanted.sort(key=lambda one: abs(one.start - span.start))
    return _free(district, question, [one for one in wanted if one != span])


def _other_rooms(
    district: DistrictRef, question: Question, span: Span, headcount: int
) -> Iterator[Alternative]:
    """Yield rooms free at the same time and large enough: the same house first, then the smallest."""
    own = question.room
    fitting = [
        room
        for room in places.rooms()
        if room.id != own.id and room.capacity >= headcount and (room.step_free or not own.step_free)
    ]
    fitting.sort(key=lambda room: (room.venue_id != own.venue_id, room.capacity, room.id))
    fitting = fitting[:ROOMS]
    known = policies(district, fitting)
    for room in fitting:
        if not_open_to(known[room.id], question.asker):
            continue
        # What was wanted of one house's equipment is not another's.
        needs = question.needs if room.venue_id == own.venue_id else {}
        asked = replace(question, room=room, spans=(span,), needs=needs, apart_from=())
        if judge(asked, known[room.id]).verdicts[0].free:
            yield Alternative(room=room, span=span)


def _other_days(district: DistrictRef, question: Question, span: Span) -> list[Alternative]:
    """Return the same time in the same room on the days that follow."""
    wanted = [
        Span(start=span.start + timedelta(days=day), end=span.end + timedelta(days=day))
        for day in range(1, DAYS + 1)
    ]
    return _free(district, question, wanted)


def _free(district: DistrictRef, question: Question, spans: Sequence[Span]) -> list[Alternative]:
    if not spans:
        return []
    # Any one of them is meant, not all.
    answer = judge(replace(question, spans=spans, together=False), policy_of(district, question.room))
    return [Alternative(room=question.room, span=one.span) for one in answer.verdicts if one.free]
