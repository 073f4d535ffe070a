"""Find rooms by need: all rooms of a district judged at once, with the words that judge one of them.

A handful of queries whatever the number of rooms (criterion 17: 180 venues under 300 ms). That each room gets
the answer ``judging.judge`` would give it alone is a property test.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from portal.api import DistrictRef, around, claims, clock, ngettext, rows, session
from portal.api import gettext as _

from .. import judging, verdicts, walking, wants, words
from ..agreements import Agreements
from ..hours import Hours
from ..judging import Asker
from ..models import BookingsEquipment, BookingsEquipmentUnit
from ..policy import Policy, policies
from ..verdicts import Refusal, Span, Verdict
from . import places
from .places import Room

_KIND: Any = BookingsEquipment.__table__.c
_PIECE: Any = BookingsEquipmentUnit.__table__.c
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What somebody looks for. Any one of ``spans`` will do; none: whenever. ``within`` are minutes."""

    asker: Asker
    spans: Sequence[Span] = ()
    headcount: int = 0
    features: Collection[str] = ()
    equipment: Collection[str] = ()
    step_free: bool = False
    start: around.Point | None = None
    within: int | None = None
    venue_kind: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A room, how far it is, what it lacks, and whether it can be had at each wanted time."""

    room: Room
    minutes: int | None
    lacks: tuple[str, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def free(self) -> tuple[Span, ...]:
        """Return the wanted times at which it can be had."""
        return tuple(one.span for one in self.verdicts if one.free)

    @property
    def fits(self) -> bool:
        """Tell whether it is what was looked for."""
        return not self.lacks and (not self.verdicts or bool(self.free))

    @property
    def why_not(self) -> tuple[str, ...]:
        """Return the reasons in words: what it lacks, then the first thing against each time."""
        times = [] if self.free else [one.refusals[0].text for one in self.verdicts]
        return (*self.lacks, *dict.fromkeys(times))


def search(district: DistrictRef, need: Need) -> list[Found]:
    """Return every room in use: those that fit first, each part by minutes on foot, then by seats to spare.

    Of two as near the one with fewer empty seats comes first: a hall is not for six people.
    """
    every = [room for room in places.rooms() if need.venue_kind in ("", room.venue_kind)]
    known = policies(district, every)
    pieces = _pieces(every, need.equipment)
    times = _times(every, known, need, pieces)
    pace = walking.pace(district)
    found = [_found(room, known[room.id], need, pieces, times[room.id], pace) for room in every]
    return sorted(found, key=lambda one: _order(one, need))


def equipment_names() -> list[str]:
    """Return the names of what the district's venues lend, each once."""
    found = rows(BookingsEquipment, _KIND.name).where(_KIND.active).distinct().order_by(_KIND.name)
    return list(session.scalars(found))


def _order(one: Found, need: Need) -> tuple[Any, ...]:
    room = one.room
    return (
        not one.fits,
        one.minutes is None,
        one.minutes or 0,
        # From nowhere in particular the center is nearest: everybody knows the way.
        one.minutes is None and room.venue_kind != "center",
        room.capacity < need.headcount,
        room.capacity,
        room.venue_kind,
        room.venue,
        room.id,
    )


def _found(
    room: Room,
    policy: Policy,
    need: Need,
    pieces: _Pieces,
    times: Sequence[Sequence[Refusal]],
    pace: walking.Pace,
) -> Found:
    minutes = walking.between(need.start, room.lat, room.lng, pace)
    lacks = [one.text for one in judging.not_open_to(policy, need.asker)]
    if need.headcount:
        lacks += [
            one.text for one in verdicts.of_headcount(room, need.headcount, over_reason="", by_keeper=False)
        ]
    if need.step_free and not room.step_free:
        lacks.append(_("到这间房要走台阶。"))
    missing = [str(words.FEATURES[key]) for key in need.features if key not in room.features]
    missing += [name for name in need.equipment if name not in pieces.at(room)]
    if missing:
        lacks.append(_("这里没有%(what)s。", what=_("、").join(missing)))
    if need.within is not None and need.start is not None:
        lacks += _too_far(minutes, need.within)
    return Found(
        room=room,
        minutes=minutes,
        lacks=tuple(lacks),
        verdicts=tuple(
            Verdict(span=span, refusals=tuple(against))
            for span, against in zip(need.spans, times, strict=True)
        ),
    )


def _too_far(minutes: int | None, within: int) -> list[str]:
    if minutes is None:
        return [_("没登记位置，不知道有多远。")]
    if minutes <= within:
        return []
    return [ngettext("走路大约%(num)s分钟，远了些。", "走路大约%(num)s分钟，远了些。", minutes)]


def _times(
    every: Sequence[Room], known: Mapping[int, Policy], need: Need, pieces: _Pieces
) -> dict[int, list[list[Refusal]]]:
    """Return what stands against each wanted time in each room, as ``judging.judge`` says it."""
    refused: dict[int, list[list[Refusal]]] = {room.id: [] for room in every}
    if not need.spans:
        return refused
    first = min(clock.civil(span.start) for span in need.spans) - _DAY
    last = max(clock.civil(span.end) for span in need.spans)
    hours = Hours(every, first, max(first, last))
    agreed = Agreements(every, need.spans)
    wanted: dict[tuple[int, int], list[claims.Want]] = {}
    for room in every:
        policy = known[room.id]
        for number, span in enumerate(need.spans):
            against = judging.of_itself(room, span, policy, series=False, by_staff=need.asker.staff)
            refused[room.id].append(against)
            if judging.unsound(against):
                continue
            against += judging.of_hours(hours, room, span)
            against += agreed.against(room, span, need.asker)
            wanted[room.id, number] = wants.of_room(
                room, span, before=policy.buffer_before, after=policy.buffer_after
            )
    clashes = judging.Clashes(claims.taken(want for listed in wanted.values() for want in listed))
    busy = pieces.busy(need.spans)
    for room in every:
        for number, against in enumerate(refused[room.id]):
            if (room.id, number) not in wanted:
                continue
            against += clashes.against(wanted[room.id, number])
            lacking = pieces.lacking(room, busy[number])
            if lacking:
                against.append(judging.too_few(lacking))
    return refused


class _Pieces:
    """The working pieces of the equipment looked for, by venue and name, and their grids."""

    def __init__(self, by_venue: Mapping[int, Mapping[str, Sequence[int]]]) -> None:
        self._by_venue = by_venue
        self._units = [unit for kinds in by_venue.values() for listed in kinds.values() for unit in listed]
        self._grids = wants.grids_of(self._units)

    def at(self, room: Room) -> Collection[str]:
        return self._by_venue.get(room.venue_id, {})

    def busy(self, spans: Iterable[Span]) -> list[set[int]]:
        """Return for each time the pieces that somebody has."""
        return [
            {
                clash.unit_id
                for clash in claims.taken(
                    wants.of_piece(unit, self._grids[unit], span)
                    for unit in self._units
                    if span.end > span.start
                )
            }
            for span in spans
        ]

    def lacking(self, room: Room, busy: set[int]) -> list[str]:
        """Return the names of which no piece is free."""
        return [
            name for name, listed in self._by_venue.get(room.venue_id, {}).items() if busy.issuperset(listed)
        ]


def _pieces(every: Iterable[Room], names: Collection[str]) -> _Pieces:
    by_venue: dict[int, dict[str, list[int]]] = {}
    if names:
        statement = (
            rows(BookingsEquipment, _KIND.venue_id, _KIND.name, _PIECE.unit_id)
            .outerjoin(BookingsEquipmentUnit, (_PIECE.equipment_id == _KIND.id) & (_PIECE.fault == ""))
            .where(
                _KIND.active,
                _KIND.name.in_(sorted(names)),
                _KIND.venue_id.in_(sorted({room.venue_id for room in every})),
            )
            .order_by(_KIND.id, _PIECE.unit_id)
        )
        for venue_id, name, unit_id in session.execute(statement):
            listed = by_venue.setdefault(venue_id, {}).setdefault(name, [])
            if unit_id is not None:
                listed.append(unit_id)
    return _Pieces(by_venue)
