"""Ask for a room, or take it at once: one time or a series, all of it or what is free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from portal.api import (
    audit,
    claims,
    clock,
    crypto,
    district,
    rows,
    session,
    transaction,
    workdays,
)
from portal.api import gettext as _

from .. import judging, messages, points, quota, verdicts
from ..judging import Asker, Question
from ..models import BookingsBooking, BookingsOccurrence
from ..policy import Policy, policy_of
from ..queries.holders import is_own
from ..queries.places import Room
from ..verdicts import NotFree, Refusal, Refused, Span
from ..wants import OCCURRENCE
from . import outranking, steps

_TIME: Any = BookingsOccurrence.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """Whom to call about a booking; the phone is digits, or empty where the account is enough."""

    name: str
    phone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Everything somebody says who wants a room. ``rule`` is the RRULE of a series, else empty."""

    room: Room
    spans: Sequence[Span]
    title: str
    headcount: int
    contact: Contact
    asker: Asker
    rule: str = ""
    needs: Mapping[int, int] = field(default_factory=dict)
    note: str = ""
    over_reason: str = ""
    way: str = "page"

    def question(self) -> Question:
        """Return what is to be judged of it."""
        return Question(
            together=len(self.spans) > 1,
            room=self.room,
            spans=self.spans,
            asker=self.asker,
            needs=self.needs,
            series=bool(self.rule),
            walk_in=self.way == "desk",
        )


def ask(wanted: Wanted, *, skip: bool = False, by: int | None) -> BookingsBooking:
    """Ask for the times, or take them where the policy asks nobody; ``skip`` leaves out those not free.

    ``by`` is the account that does it: the asker's own, or the desk's. Who is staff at the venue and asks for
    somebody else needs no approval.

    Raises:
        Refused: it cannot be done at any time (too many people, not open to this person, a quota).
        NotFree: some times are taken or closed, and ``skip`` was not said, or none is left.
    """
    room = wanted.room
    with transaction():
        policy = policy_of(district(), room)
        _refuse(of_itself(wanted, policy))
        quota.lock(wanted.asker.account_id)
        question = wanted.question()
        outranked = outranking.units(room, wanted.asker)
        grids = claims.lock([*judging.units(question), *outranked])
        _give_way(wanted, question, policy, grids, by=by)
        answer = judging.judge(question, policy, grids=grids)
        free = [one.free for one in answer.verdicts]
        if not all(free) and not skip or not any(free):
            raise NotFree(answer.verdicts)
        chosen = [one.span for one in answer.verdicts if one.free]
        own_name = wanted.asker.organization_id is None
        _refuse(quota.against(policy, account_id=wanted.asker.account_id, spans=chosen, own_name=own_name))
        asks = needs_approval(policy, _as_staff(wanted, by), by=by, way=wanted.way)
        if asks and policy.pending == "compete":
            _refuse(_asked_before(wanted, chosen))
        made = _write(wanted, by=by)
        for number, (verdict, wants) in enumerate(zip(answer.verdicts, answer.wants, strict=True), 1):
            _one(made, number, verdict, wants, policy=policy, asks=asks, by=by)
        steps.note(made, "asked" if asks else "booked", by=by)
        audit.record(
            "bookings.ask" if asks else "bookings.book",
            made,
            actor=by,
            district=made.district_id,
            detail={"room": room.id, "times": len(chosen), "left_out": len(free) - len(chosen)},
        )
        messages.asked(made, room, waits=asks)
    return made


def _give_way(
    wanted: Wanted, question: Question, policy: Policy, grids: Mapping[int, int], *, by: int | None
) -> None:
    """Let requests give way to the owner, at the times it then gets and at no other."""
    there = outranking.requests(wanted.room, wanted.spans, wanted.asker)
    if there:
        without = replace(question, apart_from=[holder(row) for row in there])
        judged = judging.judge(without, policy, grids=grids).verdicts
        had = [one.span for one in judged if one.free]
        outranking.displace(wanted.room, had, wanted.asker, by=by)


def needs_approval(policy: Policy, asker: Asker, *, by: int | None, way: str = "page") -> bool:
    """Tell whether somebody must answer first: nobody approves an own request (rule K12).

    A visit always waits for the desk: it needs people, not only a room.
    """
    if way == "visit":
        return True
    if asker.staff and by != asker.account_id:
        return False
    return policy.approval == "ask" or points.full(policy, asker.account_id)


def _as_staff(wanted: Wanted, by: int | None) -> Asker:
    """Return the asker, who is no staff where the desk writes down what it wants for itself (rule K12)."""
    asker, phone = wanted.asker, wanted.contact.phone
    index = crypto.blind_index("phone", phone) if phone else None
    own = asker.staff and is_own(
        by, account_id=asker.account_id, phone_index=index, name=wanted.contact.name.strip()
    )
    return replace(asker, staff=False) if own else asker


def answer_by(policy: Policy, start: datetime) -> datetime:
    """Return until when a request is answered: the end of the n-th working day, or when it begins."""
    last = workdays.add_workdays(clock.today(), policy.answer_workdays)
    return min(clock.at(last, 24 * 60), start)


def holder(occurrence: BookingsOccurrence) -> claims.Holder:
    """Return whose name the slots of an occurrence carry."""
    return claims.Holder(OCCURRENCE, occurrence.id)


def of_itself(wanted: Wanted, policy: Policy) -> list[Refusal]:
    """Return what cannot be done at any time."""
    found: list[Refusal] = []
    if not wanted.title.strip():
        found.append(Refusal(code="title", text=_("请写做什么用，比如：支部学习。"), field="title"))
    if not wanted.contact.name.strip():
        found.append(Refusal(code="contact", text=_("请写联系人怎么称呼。"), field="contact_name"))
    if not wanted.spans:
        found.append(Refusal(code="times", text=_("请选时间。")))
    found += verdicts.of_headcount(
        wanted.room, wanted.headcount, over_reason=wanted.over_reason, by_keeper=wanted.asker.staff
    )
    return found + judging.not_open_to(policy, wanted.asker)


def _asked_before(wanted: Wanted, spans: Sequence[Span]) -> list[Refusal]:
    """Return what stands against competing with oneself: nothing is held that would refuse it."""
    if wanted.asker.account_id is None:
        return []
    found = rows(BookingsOccurrence, _TIME.starts_at, _TIME.ends_at).join(BookingsBooking)
    found = found.where(
        BookingsBooking.account_id == wanted.asker.account_id,
        _TIME.room_id == wanted.room.id,
        _TIME.state == "requested",
        _TIME.ends_at > min(span.start for span in spans),
        _TIME.starts_at < max(span.end for span in spans),
    )
    there = session.execute(found).all()
    for span in spans:
        if any(start < span.end and end > span.start for start, end in there):
            text = _("%(when)s您已经申请过了，等答复就行，不用再交。", when=verdicts.clock_words(span))
            return [Refusal(code="asked", text=text)]
    return []


def _refuse(refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise Refused(refusals)


def _write(wanted: Wanted, *, by: int | None) -> BookingsBooking:
    over = wanted.over_reason.strip()[:200] if wanted.headcount > wanted.room.capacity else ""
    return write_booking(
        room_id=wanted.room.id,
        title=wanted.title,
        headcount=wanted.headcount,
        account_id=wanted.asker.account_id,
        organization_id=wanted.asker.organization_id,
        name=wanted.contact.name,
        phone=wanted.contact.phone,
        by=by,
        needs={str(kind): number for kind, number in wanted.needs.items() if number > 0},
        note=wanted.note.strip()[:300],
        rule=wanted.rule,
        way=wanted.way,
        over_reason=over,
    )


def write_booking(
    *,
    room_id: int,
    title: str,
    headcount: int,
    account_id: int | None,
    organization_id: int | None,
    name: str,
    phone: str,
    by: int | None,
    **values: Any,
) -> BookingsBooking:
    """Write the row of a booking, without times yet; the phone is sealed."""
    uid = crypto.new_uid()
    made = BookingsBooking(
        uid=uid,
        district_id=district().id,
        room_id=room_id,
        title=title.strip()[:80],
        headcount=headcount,
        account_id=account_id,
        organization_id=organization_id,
        contact_name=name.strip()[:40],
        phone_sealed=crypto.encrypt("bookings_booking.phone_sealed", uid, phone) if phone else None,
        phone_index=crypto.blind_index("phone", phone) if phone else None,
        phone_tail=phone[-4:],
        made_by=by,
        made_at=clock.now(),
        **values,
    )
    session.add(made)
    session.flush()
    return made


def _one(
    made: BookingsBooking,
    number: int,
    verdict: verdicts.Verdict,
    wants: Sequence[claims.Want],
    *,
    policy: Policy,
    asks: bool,
    by: int | None,
) -> None:
    competes = asks and policy.pending == "compete"
    row = BookingsOccurrence(
        uid=crypto.new_uid(),
        district_id=made.district_id,
        booking_id=made.id,
        room_id=made.room_id,
        number=number,
        first_start=verdict.span.start,
        starts_at=verdict.span.start,
        ends_at=verdict.span.end,
        buffer_before=policy.buffer_before,
        buffer_after=policy.buffer_after,
    )
    if not verdict.free:
        row.state, row.reason = "skipped", verdict.refusals[0].text[:200]
    elif asks:
        row.state, row.answer_by, row.competes = "requested", answer_by(policy, verdict.span.start), competes
    else:
        row.state, row.decided_by, row.decided_at = "approved", by, clock.now()
    session.add(row)
    session.flush()
    if verdict.free and not competes:
        claims.reserve(holder(row), wants, district_id=made.district_id)
