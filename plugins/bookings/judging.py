"""Hold wanted times against all that could stand in the way: the same for preview, form, move and sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.api import claims, clock, session
from portal.api import gettext as _

from . import agreements, verdicts, wants
from .hours import Hours, minute_words
from .models import BookingsClosure, BookingsEquipment
from .policy import Policy
from .queries.places import Room
from .questions import Answer, Asker, Question
from .verdicts import Refusal, Span, Verdict

__all__ = ["Answer", "Asker", "Question", "judge", "units"]


def units(question: Question) -> list[int]:
    """Return every unit that an answer may claim; a verb locks them before it asks."""
    pieces = wants.pieces_of(question.needs, venue_id=question.room.venue_id)
    return sorted({*question.room.units, *(unit for units in pieces.values() for unit in units)})


def judge(question: Question, policy: Policy, *, grids: Mapping[int, int] | None = None) -> Answer:
    """Answer a question; a forecast unless the units are locked (``grids``: what the lock returned)."""
    room = question.room
    before, after = policy.buffer_before, policy.buffer_after
    staff, series = question.asker.staff, question.series
    walk_in = question.walk_in and staff
    refused = [
        of_itself(room, span, policy, series=series, by_staff=staff, walk_in=walk_in)
        for span in question.spans
    ]
    sound = [span for span, against in zip(question.spans, refused, strict=True) if not unsound(against)]
    if not room.active:
        refused = [[*against, _out_of_use()] for against in refused]
    elif sound:
        _held_against_hours(question, sound, refused)
        agreed = agreements.against(room, sound, question.asker)
        for number, span in enumerate(question.spans):
            refused[number] += agreed.get(span, ())
    wanted: list[tuple[claims.Want, ...]] = [
        () if unsound(against) else tuple(wants.of_room(room, span, before=before, after=after))
        for span, against in zip(question.spans, refused, strict=True)
    ]
    _held_against_claims(question, wanted, refused)
    if any(number > 0 for number in question.needs.values()):
        _with_pieces(question, wanted, refused, grids)
    if question.together:
        _against_each_other(wanted, refused)
    return Answer(
        verdicts=tuple(
            Verdict(span=span, refusals=tuple(against))
            for span, against in zip(question.spans, refused, strict=True)
        ),
        wants=tuple(wanted),
    )


def of_itself(
    room: Room, span: Span, policy: Policy, *, series: bool, by_staff: bool, walk_in: bool = False
) -> list[Refusal]:
    """Return what stands against a time whatever else is booked: the clock, the policy, the room's grid."""
    now = clock.now()
    since = running(room, now) if walk_in else now
    found = verdicts.of_time(span, policy, series=series, by_staff=by_staff, now=since)
    return found if unsound(found) else found + wants.on_grid(room, span)


def running(room: Room, now: datetime) -> datetime:
    """Return when the slot of a room's grid began that runs at an instant."""
    around = claims.nearest(now, room.grid)
    return around[0] if around is not None else now


def unsound(against: Iterable[Refusal]) -> bool:
    """Tell whether a time is none, has no end, or lies between two slots: nothing more can be said of it."""
    return any(one.code in ("order", "endless", "grid") for one in against)


def _out_of_use() -> Refusal:
    return Refusal(code="unused", text=_("这间房现在不开放预约，请换一间。"), field="room")


def _held_against_hours(question: Question, sound: Sequence[Span], refused: list[list[Refusal]]) -> None:
    first = min(clock.civil(span.start) for span in sound)
    last = max(clock.civil(span.end) for span in sound)
    hours = Hours([question.room], first - timedelta(days=1), last)
    for number, span in enumerate(question.spans):
        if not unsound(refused[number]):
            refused[number] += of_hours(hours, question.room, span)


def of_hours(hours: Hours, room: Room, span: Span) -> list[Refusal]:
    """Return what the opening hours have against a time."""
    if hours.covers(room, span.start, span.end):
        return []
    if not hours.has_any(room):
        text = _("这间房还没登记开放时间，请问服务台。")
    elif clock.civil(span.start) < clock.civil(span.end - timedelta(microseconds=1)):
        text = over_midnight_words(hours, room, span)
    else:
        text = _opening_words(hours.windows(room, clock.civil(span.start)))
    return [Refusal(code="hours", text=text)]


def not_open_to(policy: Policy, asker: Asker) -> list[Refusal]:
    """Return what stands against somebody where only members and organizations may book."""
    if policy.open_to != "members" or asker.staff or asker.is_member or asker.organization_id:
        return []
    text = _("这间房只开放给党员和党组织，请选别的房间，或者问服务台。")
    return [Refusal(code="open_to", text=text, field="room")]


def _opening_words(windows: Sequence[tuple[int, int]]) -> str:
    if not windows:
        return _("这一天不开放。")
    return _("这一天开放的时间是%(hours)s，请选在里面。", hours=_listed(windows))


def over_midnight_words(hours: Hours, room: Room, span: Span) -> str:
    """Say when a room is open on the two days of a time that it is not open for."""
    first = clock.civil(span.start)
    return _(
        "要用到第二天的话，两天连着开才行。当天开放%(first)s，第二天开放%(second)s。",
        first=_listed(hours.windows(room, first)) or _("（不开）"),
        second=_listed(hours.windows(room, first + timedelta(days=1))) or _("（不开）"),
    )


def _listed(windows: Sequence[tuple[int, int]]) -> str:
    return _("、").join(f"{minute_words(opens)}—{minute_words(closes)}" for opens, closes in windows)


def _held_against_claims(
    question: Question, wanted: Sequence[Sequence[claims.Want]], refused: list[list[Refusal]]
) -> None:
    there = claims.taken(
        [want for wants_of_one in wanted for want in wants_of_one], apart_from=question.apart_from
    )
    if not there:
        return
    clashes = Clashes(there)
    for number, wants_of_one in enumerate(wanted):
        refused[number] += clashes.against(wants_of_one)


class Clashes:
    """Slots that are somebody's, and what is said of them; asks why once for all closures among them."""

    def __init__(self, there: Iterable[claims.Clash]) -> None:
        self._by_slot = {(clash.unit_id, clash.slot): clash for clash in there}
        closing = {one.holder.id for one in self._by_slot.values() if one.holder.type == wants.CLOSURE}
        self._reasons = _closures(closing)

    def against(self, wanted: Iterable[claims.Want]) -> list[Refusal]:
        """Return what stands against these slots; nothing where all are free."""
        found = [
            self._by_slot[want.unit_id, slot]
            for want in wanted
            for slot in want.span
            if (want.unit_id, slot) in self._by_slot
        ]
        closed = [clash for clash in found if clash.holder.type == wants.CLOSURE]
        if closed:
            text = _("这段时间停用：%(why)s。", why=self._reasons.get(closed[0].holder.id, ""))
            return [Refusal(code="closed", text=text)]
        return [_taken(found)] if found else []


def _taken(clashes: Sequence[claims.Clash]) -> Refusal:
    if all(clash.holder.type == wants.WISH for clash in clashes):
        return Refusal(code="taken", text=_("这个时间正留给排在前面的候补，请选别的时间，或者也排候补。"))
    if all(clash.kind == "buffer" for clash in clashes):
        return Refusal(code="taken", text=_("前后要留出准备和整理的时间，这个时间挨得太近了。"))
    return Refusal(code="taken", text=_("这个时间已经有人约了。"))


def _with_pieces(
    question: Question,
    wanted: list[tuple[claims.Want, ...]],
    refused: list[list[Refusal]],
    grids: Mapping[int, int] | None,
) -> None:
    pieces = wants.pieces_of(question.needs, venue_id=question.room.venue_id)
    known = grids or wants.grids_of(unit for listed in pieces.values() for unit in listed)
    for number, span in enumerate(question.spans):
        if unsound(refused[number]):
            continue
        chosen, lacking = wants.choose(pieces, question.needs, known, span, apart_from=question.apart_from)
        wanted[number] += tuple(chosen)
        if lacking:
            refused[number].append(too_few_of(lacking))


def too_few(names: Iterable[str]) -> Refusal:
    """Return what is said where too few pieces of some equipment are free."""
    text = _("这个时间%(what)s不够了，少要一些，或者换个时间。", what=_("、").join(names))
    return Refusal(code="equipment", text=text, field="needs")


def too_few_of(kinds: Iterable[int]) -> Refusal:
    """Return the same, for kinds of equipment by their ids."""
    listed = list(kinds)
    found = names(listed)
    return too_few(found.get(kind, _("设备")) for kind in listed)


def names(kinds: Iterable[int]) -> dict[int, str]:
    """Return what kinds of equipment are called."""
    found = select(BookingsEquipment).where(BookingsEquipment.id.in_(sorted(kinds)))
    return {row.id: row.name for row in session.scalars(found)}


def _closures(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    found = session.scalars(select(BookingsClosure).where(BookingsClosure.id.in_(ids)))
    return {row.id: row.reason for row in found}


def judge_move(question: Question, policy: Policy, *, grids: Mapping[int, int] | None = None) -> Answer:
    """Answer where times of one booking may go; ``apart_from`` has the holder of each, in their order.

    What cannot go stays where it is, and keeps its slots from the others.
    """
    answer = judge(question, policy, grids=grids)
    refused = [list(one.refusals) for one in answer.verdicts]
    while any(refused) and not all(refused):
        moving = [holder for holder, against in zip(question.apart_from, refused, strict=True) if not against]
        wanted = [
            want
            for wants_of_one, against in zip(answer.wants, refused, strict=True)
            for want in wants_of_one
            if not against
        ]
        there = claims.taken(wanted, apart_from=moving)
        if not there:
            break
        clashes = Clashes(there)
        for wants_of_one, against in zip(answer.wants, refused, strict=True):
            if not against:
                against += clashes.against(wants_of_one)
    judged = [
        replace(one, refusals=tuple(against)) for one, against in zip(answer.verdicts, refused, strict=True)
    ]
    return replace(answer, verdicts=tuple(judged))


def _against_each_other(wanted: Sequence[Sequence[claims.Want]], refused: list[list[Refusal]]) -> None:
    """Refuse a time that wants what an earlier one has: a night before the next, a buffer in between."""
    had: set[tuple[int, int]] = set()
    for wants_of_one, against in zip(wanted, refused, strict=True):
        own = {(want.unit_id, slot) for want in wants_of_one for slot in want.span}
        if against:
            continue
        if own & had:
            text = _("和这次约的另一个时间重叠，或者挨得太近，中间没有准备和整理的时间。")
            against.append(Refusal(code="each_other", text=text))
        else:
            had |= own
