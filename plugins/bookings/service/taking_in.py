"""Take a calendar file into a room's bookings: what would become of each event, and the act itself.

An event is known by its UID in the room. The same file twice changes nothing; a higher SEQUENCE changes the
booking, a lower or equal one is passed over (criterion 21). What somebody moved by hand since then stays.
What our own calendars handed out is known by its UID, too, and is never booked a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.api import Conflict, audit, district, session, transaction
from portal.api import gettext as _

from .. import judging, verdicts
from ..calendar_reading import Incoming
from ..judging import Asker, Question
from ..models import BookingsBooking, BookingsOccurrence, BookingsTakenIn
from ..policy import policy_of
from ..queries import mine
from ..queries.places import Room
from ..verdicts import NotFree, Refused, Span
from . import altering, asking, changing, freeing, steps
from .altering import Said
from .asking import Contact, Wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What becomes of an event: new, changed, ended, same or cannot; ``reasons`` are sentences."""

    event: Incoming
    verdict: str
    reasons: tuple[str, ...] = ()
    #: How many of its times are taken; fewer than it has where the others are left out.
    times: int = 0
    #: Of what was taken in before: for each time of the event its old one, None where it stays; all that end.
    was: tuple[Span | None, ...] = ()
    title_was: str = ""


def plan(
    room: Room, events: Iterable[Incoming], *, asker: Asker, skip: bool, headcount: int, over_reason: str = ""
) -> list[Line]:
    """Say what taking these events in would do, as things stand now; nothing is written."""
    listed = list(events)
    known, ours = _known(room, listed), _ours(listed)
    taken: list[tuple[Span, str]] = []
    found: list[Line] = []
    for event in listed:
        if event.uid in ours:
            found.append(Line(event=event, verdict="same", reasons=(_("这就是这里的预约，不用再登记。"),)))
            continue
        line = _line(room, event, known.get(event.uid), asker=asker, skip=skip)
        refused = verdicts.of_headcount(
            room, event.headcount or headcount, over_reason=over_reason, by_keeper=asker.staff
        )
        if line.verdict == "new" and refused:
            line = Line(event=event, verdict="cannot", reasons=tuple(one.text for one in refused))
        if line.verdict == "new":
            line = _apart(line, taken)
        if line.verdict in ("new", "changed"):
            taken += [(span, event.title) for span in event.spans]
        found.append(line)
    return found


def take_in(
    room: Room,
    events: Iterable[Incoming],
    *,
    asker: Asker,
    contact: Contact,
    headcount: int,
    skip: bool,
    by: int,
) -> list[Line]:
    """Take the events in, each by itself: one that cannot be leaves no trace and stops no other."""
    done: list[Line] = []
    with transaction() as current:
        # Before it looks: whoever takes the same file in at this moment is waited for, and then read.
        freeing.lock_around([room.id])
        for line in plan(room, events, asker=asker, skip=skip, headcount=headcount):
            if line.verdict not in ("new", "changed", "ended"):
                done.append(line)
                continue
            try:
                with current.begin_nested():
                    _act(room, line, asker=asker, contact=contact, headcount=headcount, skip=skip, by=by)
                    current.flush()
            except (Refused, NotFree, Conflict, IntegrityError) as refused:
                done.append(Line(event=line.event, verdict="cannot", reasons=_why(refused)))
            else:
                done.append(line)
        counts = {name: sum(line.verdict == name for line in done) for name in VERDICTS}
        audit.record(
            "bookings.take_in",
            ("bookings_room", room.id),
            actor=by,
            district=district().id,
            detail=counts,
        )
    return done


VERDICTS = ("new", "changed", "ended", "same", "cannot")


def _known(room: Room, events: Sequence[Incoming]) -> dict[str, BookingsTakenIn]:
    uids = sorted({event.uid for event in events})
    found = session.scalars(
        select(BookingsTakenIn).where(BookingsTakenIn.room_id == room.id, BookingsTakenIn.event_uid.in_(uids))
    )
    return {row.event_uid: row for row in found}


def _ours(events: Sequence[Incoming]) -> set[str]:
    """Return those of the UIDs that are times booked here, in whichever room: our own calendar came back."""
    uids = sorted({event.uid for event in events})
    return set(session.scalars(select(BookingsOccurrence.uid).where(BookingsOccurrence.uid.in_(uids))))


def _line(room: Room, event: Incoming, known: BookingsTakenIn | None, *, asker: Asker, skip: bool) -> Line:
    asker = _for(asker, event)
    if event.problem:
        return Line(event=event, verdict="cannot", reasons=(event.problem,))
    if known is not None and event.sequence <= known.sequence:
        return Line(event=event, verdict="same")
    if event.cancelled:
        if known is None:
            return Line(event=event, verdict="same", reasons=(_("在日历里已经取消，也没有登记过。"),))
        ending = _open(known)
        return Line(event=event, verdict="ended", times=len(ending), was=tuple(map(_span_of, ending)))
    if known is None:
        question = Question(
            room=room,
            spans=event.spans,
            asker=asker,
            series=bool(event.rule),
            together=len(event.spans) > 1,
        )
        return _judged(room, event, question, verdict="new", skip=skip)
    rows = _open(known)
    if len(rows) != len(event.spans):
        text = _("次数和登记的不一样了，请到这个预约里改。")
        return Line(event=event, verdict="cannot", reasons=(text,))
    pairs = _moving(rows, event)
    if pairs and _moved_by_hand(known):
        text = _("登记以后有人改过这个预约的时间或房间，照改过的留着，没有跟着文件动。")
        return Line(event=event, verdict="same", reasons=(text,))
    question = Question(
        room=room,
        spans=[span for _row, span in pairs],
        asker=asker,
        series=bool(event.rule),
        apart_from=[asking.holder(row) for row, _span in pairs],
        together=len(pairs) > 1,
    )
    line = _judged(room, event, question, verdict="changed", skip=False)
    moved = {row.id for row, _span in pairs}
    title = session.get_one(BookingsBooking, known.booking_id).title
    return replace(
        line,
        was=tuple(_span_of(row) if row.id in moved else None for row in rows),
        title_was=title if title != (event.title or _("日历里的活动")) else "",
    )


def _span_of(row: BookingsOccurrence) -> Span:
    return Span(start=row.starts_at, end=row.ends_at)


def _for(asker: Asker, event: Incoming) -> Asker:
    """Return for whom a time is wanted: the organization the file names, if it does."""
    return asker if event.organization_id is None else replace(asker, organization_id=event.organization_id)


def _judged(room: Room, event: Incoming, question: Question, *, verdict: str, skip: bool) -> Line:
    if not question.spans:
        return Line(event=event, verdict=verdict, times=len(event.spans))
    answer = judging.judge(question, policy_of(district(), room)).verdicts
    why = tuple(str(text) for text in verdicts.texts(answer))
    free = sum(one.free for one in answer)
    if not free or why and not (skip and len(answer) > 1):
        return Line(event=event, verdict="cannot", reasons=why)
    return Line(event=event, verdict=verdict, reasons=why, times=free)


def _apart(line: Line, taken: Sequence[tuple[Span, str]]) -> Line:
    for span in line.event.spans:
        for other, title in taken:
            if span.start < other.end and other.start < span.end:
                text = _("和文件里的“%(title)s”时间重叠。", title=title or _("日历里的活动"))
                return Line(event=line.event, verdict="cannot", reasons=(text,))
    return line


def _open(known: BookingsTakenIn) -> list[BookingsOccurrence]:
    booking = session.get_one(BookingsBooking, known.booking_id)
    return changing.upcoming(booking, states=changing.OPEN)


def _moved_by_hand(known: BookingsTakenIn) -> bool:
    """Tell whether somebody moved it after the file last did: a file does not undo what people agreed on."""
    acts = [step.action for step in mine.steps(known.booking_id) if step.action in ("moved", "from_file")]
    return acts[-1:] == ["moved"]


def _moving(rows: Sequence[BookingsOccurrence], event: Incoming) -> list[tuple[BookingsOccurrence, Span]]:
    """Return the times that differ, each with its new one, in their order."""
    return [
        (row, span)
        for row, span in zip(rows, event.spans, strict=True)
        if (row.starts_at, row.ends_at) != (span.start, span.end)
    ]


def _act(
    room: Room, line: Line, *, asker: Asker, contact: Contact, headcount: int, skip: bool, by: int
) -> None:
    event = line.event
    title = event.title or _("日历里的活动")
    if line.verdict == "new":
        wanted = Wanted(
            room=room,
            spans=event.spans,
            title=title,
            headcount=event.headcount or headcount,
            contact=Contact(name=event.contact_name, phone=event.phone) if event.contact_name else contact,
            asker=_for(asker, event),
            rule=event.rule,
            note=event.note,
            way="sheet",
        )
        made = asking.ask(wanted, skip=skip and len(event.spans) > 1, by=by)
        session.add(
            BookingsTakenIn(
                district_id=made.district_id,
                room_id=room.id,
                event_uid=event.uid,
                sequence=event.sequence,
                booking_id=made.id,
            )
        )
        return
    known = _known(room, [event])[event.uid]
    booking = session.get_one(BookingsBooking, known.booking_id)
    rows = _open(known)
    if line.verdict == "ended":
        if rows:
            versions = {row.id: row.version for row in rows}
            changing.cancel(rows, versions=versions, reason=_("日历里取消了。"), by=by, staff=True)
    else:
        pairs = _moving(rows, event)
        if pairs:
            changing.move_all(
                [row for row, _span in pairs],
                versions={row.id: row.version for row, _span in pairs},
                spans=[span for _row, span in pairs],
                room=room,
                asker=asker,
                by=by,
            )
            steps.note(booking, "from_file", by=by)
        if title != booking.title:
            said = Said(
                title=title,
                headcount=booking.headcount,
                note=booking.note,
                contact_name=booking.contact_name,
                over_reason=booking.over_reason,
            )
            altering.alter(booking, said, version=booking.version, asker=asker, by=by)
    known.sequence = event.sequence


def _why(refused: Exception) -> tuple[str, ...]:
    if isinstance(refused, Refused):
        return tuple(one.text for one in refused.refusals)
    if isinstance(refused, NotFree):
        return tuple(str(text) for text in verdicts.texts(refused.verdicts))
    return (_("刚刚有人动过这个预约，请再传一次看看。"),)
