"""Hold wanted times against all that could stand in the way: the same for preview, form, move and sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from portal.api import claims, clock, session
from portal.api import gettext as _

from . import agreements, verdicts, wants
from .hours import Hours, minute_words
from .models import BookingsClosure, BookingsEquipment
from .policy import Policy
from .questions import Answer, Asker, Question
from .verdicts import Refusal, Span, Verdict

__all__ = ["Answer", "Asker", "Question", "judge", "units"]


def units(question: Question) -> list[int]:
    """Return every unit that an answer may claim; a verb locks them before it asks."""
    pieces = wants.pieces_of(question.needs, venue_id=question.room.venue_id)
    return sorted({*question.room.units, *(unit for units in pieces.values() for unit in units)})


def judge(question: Question, policy: Policy, *, grids: Mapping[int, int] | None = None) -> Answer:
    """Answer a question; a forecast unless the units are locked (``grids``: what the lock returned)."""
    room, now = question.room, clock.now()
    before, after = policy.buffer_before, policy.buffer_after
    refused: list[list[Refusal]] = []
    for span in question.spans:
        found = verdicts.of_time(span, policy, series=question.series, by_staff=question.asker.staff, now=now)
        refused.append(found or wants.on_grid(room, span))
    sound = [span for span, against in zip(question.spans, refused, strict=True) if not _unsound(against)]
    if not room.active:
        refused = [[*against, _out_of_use()] for against in refused]
    elif sound:
        _held_against_hours(question, sound, refused)
        agreed = agreements.against(room, sound, question.asker)
        for number, span in enumerate(question.spans):
            refused[number] += agreed.get(span, ())
    wanted: list[tuple[claims.Want, ...]] = [
        () if _unsound(against) else tuple(wants.of_room(room, span, before=before, after=after))
        for span, against in zip(question.spans, refused, strict=True)
    ]
    _held_against_claims(question, wanted, refused)
    if any(number > 0 for number in question.needs.values()):
        _with_pieces(question, wanted, refused, grids)
    return Answer(
        verdicts=tuple(
            Verdict(span=span, refusals=tuple(against))
            for span, against in zip(question.spans, refused, strict=True)
        ),
        wants=tuple(wanted),
    )


def _unsound(against: Iterable[Refusal]) -> bool:
    # Times that are none, or between two slots: nothing more can be said of them.
    return any(one.code in ("order", "grid") for one in against)


def _out_of_use() -> Refusal:
    return Refusal(code="unused", text=_("这间房现在不开放预约，请换一间。"), field="room")


def _held_against_hours(question: Question, sound: Sequence[Span], refused: list[list[Refusal]]) -> None:
    first = min(clock.civil(span.start) for span in sound)
    last = max(clock.civil(span.end) for span in sound)
    hours = Hours([question.room], first - timedelta(days=1), last)
    for number, span in enumerate(question.spans):
        against = refused[number]
        if _unsound(against) or hours.covers(question.room, span.start, span.end):
            continue
        if not hours.has_any(question.room):
            text = _("这间房还没登记开放时间，请问服务台。")
        else:
            open_then = hours.windows(question.room, clock.civil(span.start))
            text = _opening_words(open_then)
        against.append(Refusal(code="hours", text=text))


def _opening_words(windows: Sequence[tuple[int, int]]) -> str:
    if not windows:
        return _("这一天不开放。")
    listed = _("、").join(f"{minute_words(opens)}—{minute_words(closes)}" for opens, closes in windows)
    return _("这一天开放的时间是%(hours)s，请选在里面。", hours=listed)


def _held_against_claims(
    question: Question, wanted: Sequence[Sequence[claims.Want]], refused: list[list[Refusal]]
) -> None:
    there = claims.taken(
        [want for wants_of_one in wanted for want in wants_of_one], apart_from=question.apart_from
    )
    if not there:
        return
    by_slot = {(clash.unit_id, clash.slot): clash for clash in there}
    closures = _closures({clash.holder.id for clash in there if clash.holder.type == wants.CLOSURE})
    for number, wants_of_one in enumerate(wanted):
        clashes = [
            by_slot[want.unit_id, slot]
            for want in wants_of_one
            for slot in want.span
            if (want.unit_id, slot) in by_slot
        ]
        closed = [clash for clash in clashes if clash.holder.type == wants.CLOSURE]
        if closed:
            text = _("这段时间停用：%(why)s。", why=closures.get(closed[0].holder.id, ""))
            refused[number].append(Refusal(code="closed", text=text))
        elif clashes:
            refused[number].append(_taken(clashes))


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
    known = grids or {unit: question.room.grid for listed in pieces.values() for unit in listed}
    for number, span in enumerate(question.spans):
        if _unsound(refused[number]):
            continue
        chosen, lacking = wants.choose(pieces, question.needs, known, span, apart_from=question.apart_from)
        wanted[number] += tuple(chosen)
        if lacking:
            text = _("这个时间%(what)s不够了，少要一些，或者换个时间。", what=_("、").join(_names(lacking)))
            refused[number].append(Refusal(code="equipment", text=text, field="needs"))


def _names(kinds: Sequence[int]) -> list[str]:
    found = {
        row.id: row.name
        for row in session.scalars(select(BookingsEquipment).where(BookingsEquipment.id.in_(kinds)))
    }
    return [found.get(kind, _("设备")) for kind in kinds]


def _closures(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    found = session.scalars(select(BookingsClosure).where(BookingsClosure.id.in_(ids)))
    return {row.id: row.reason for row in found}
