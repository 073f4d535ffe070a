"""Ask for a room: the form, the check page with every date, and sent. A series never skips unasked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from flask import current_app, g, request, url_for

from portal.api import Account, clock, crypto, district, go, once, render, requires, say, session, slow_down
from portal.api import gettext as _

from .. import alternatives, ask_form, judging, nights, permissions, points, typed, verdicts, words
from ..actors import asker, hands, organizations
from ..ask_form import Ask
from ..policy import policy_of
from ..queries import mine, venues, windows
from ..queries.places import Room
from ..service import asking, waiting
from ..service.asking import Contact, Wanted
from ..verdicts import NotFree, Refused, Verdict
from . import bookings
from .afterwards import afterwards, draws_afterwards
from .room import room_or_404

#: Which field of the form a refusal belongs to.
FIELD_OF = {"start": "from", "end": "to", "headcount": "people", "needs": "needs", "room": ""}


@bookings.get("/rooms/<room_uid>/ask")
@requires(permissions.BOOK)
def ask(room_uid: str) -> Any:
    """Show the form, with what the address already says."""
    room = room_or_404(room_uid)
    return form_page(room, ask_form.prefilled(request.args))


@bookings.post("/rooms/<room_uid>/ask")
@requires(permissions.BOOK)
@draws_afterwards
@once
def send(room_uid: str) -> Any:
    """Check what was filled in, and book or wait when the check page says so."""
    slow_down("bookings.ask", a_minute=current_app.config["FINDS_A_MINUTE"])
    room = room_or_404(room_uid)
    lent = [one.id for one in venues.lent(room.venue_id)]
    filled = ask_form.read(request.form, lent=lent, needs_phone=not own_phone())
    act = request.form.get("act", "check")
    if act != "edit" and filled.backwards is not None:
        meant = filled.backwards
        return afterwards(lambda: _backwards(room, filled, *meant))
    if act == "edit" or filled.errors:
        return afterwards(lambda: form_page(room, filled, errors={} if act == "edit" else filled.errors))
    wanted = wanted_of(room, filled)
    try:
        if act == "wait" and not filled.rule:
            return _waits(waiting.join(wanted, by=g.actor.account_id))
        if act in ("send", "skip"):
            return _sent(asking.ask(wanted, skip=act == "skip", by=g.actor.account_id))
    except Refused as wrong:
        against = wrong.refusals
        return afterwards(lambda: form_page(room, filled, errors=errors_of(against)))
    except NotFree as taken:
        found = taken.verdicts
        return afterwards(lambda: _not_free(room, filled, wanted, found, sent=True))
    return afterwards(lambda: _checked(room, filled, wanted))


def _backwards(room: Room, filled: Ask, day: date, first: int, last: int) -> Any:
    """Ask whether a time is meant to end on the next day, where the room is open then."""
    night, text = nights.offer(room, day, first, last)
    return form_page(room, filled, errors={**filled.errors, "to": text}, night=night)


def _checked(room: Room, filled: Ask, wanted: Wanted) -> Any:
    """Show what would be booked, or what stands in the way."""
    policy = policy_of(district(), room)
    refused = asking.of_itself(wanted, policy)
    if refused:
        return form_page(room, filled, errors=errors_of(refused))
    found = judging.judge(wanted.question(), policy).verdicts
    if not all(one.free for one in found) and not filled.rule:
        return _not_free(room, filled, wanted, found, sent=False)
    return check_page(room, filled, wanted, found)


def _waits(wish: Any) -> Any:
    say(_("排上了。时间放出来会马上告诉您。"))
    return go(url_for("bookings.wish", wish_uid=wish.uid))


def _sent(made: Any) -> Any:
    say(_("交上去了，答复了会告诉您。") if mine.waits(made.id) else _("约好了。"))
    return go(url_for("bookings.show", booking_uid=made.uid))


def own_phone() -> str:
    """Return the number somebody logs in with, or nothing."""
    account = session.get(Account, g.actor.account_id)
    if account is None or account.phone_sealed is None:
        return ""
    return crypto.decrypt("account.phone_sealed", account.uid, account.phone_sealed)


def wanted_of(room: Room, filled: Ask) -> Wanted:
    """Return what the verbs take; who left no other number is called on the own one."""
    organization = typed.whole(filled.text("organization"), most=2**31 - 1)
    return Wanted(
        room=room,
        spans=filled.spans,
        title=filled.text("title"),
        headcount=filled.people,
        contact=Contact(name=filled.text("contact_name"), phone=filled.phone or own_phone()),
        asker=asker(g.actor, organization_id=organization),
        rule=filled.rule,
        needs=filled.needs,
        note=filled.text("note"),
    )


def errors_of(refusals: Any) -> dict[str, str]:
    """Return refusals as words beside fields; the first one of a field is said."""
    found: dict[str, str] = {}
    for one in refusals:
        found.setdefault(FIELD_OF.get(one.field, one.field), one.text)
    return found


def form_page(
    room: Room, filled: Ask, *, errors: Any = None, status: int | None = None, **values: Any
) -> Any:
    """Render the form with everything typed: 422 where something is to be mended."""
    policy = policy_of(district(), room)
    day = filled.day or clock.today()
    times = windows.of_day([room], day)[room.id]
    minutes = [typed.minutes_of(span)[1:] for span in times.opens]
    first = min((one[0] for one in minutes), default=8 * 60)
    last = max((one[1] for one in minutes), default=22 * 60)
    late = nights.last_of(room, day) or last
    parts = filled.day or typed.day_parts(filled.fields, "day")
    return render(
        "bookings/ask.html",
        block="content",
        status=status or (422 if errors else 200),
        room=room,
        venue=venues.venue(room.venue_id),
        lent=venues.lent(room.venue_id),
        policy=policy,
        filled=filled,
        errors=errors or {},
        parts=parts,
        until=typed.day_parts(filled.fields, "until"),
        starts=typed.steps(room.grid, first, last - room.grid, filled.first),
        ends=typed.steps(room.grid, first + room.grid, late, filled.last),
        free=times.free,
        organizations=mine.organization_names(organizations(g.actor)),
        tail=own_phone()[-4:],
        words=words,
        typed=typed,
        lasting=verdicts.lasting,
        **{"night": None, "verdict": None, "others": [], "own": None, "may_wait": False, **values},
    )


def check_page(
    room: Room, filled: Ask, wanted: Wanted, found: tuple[Verdict, ...], *, status: int = 200
) -> Any:
    """Render what would be booked, every date of it, before anything is."""
    policy = policy_of(district(), room)
    asks = asking.needs_approval(policy, wanted.asker, by=g.actor.account_id)
    named = dict(mine.organization_names(organizations(g.actor)))
    return render(
        "bookings/check.html",
        block="content",
        status=status,
        room=room,
        filled=filled,
        wanted=wanted,
        verdicts=found,
        free=sum(one.free for one in found),
        refused=status == 409,
        asks=asks,
        because=points.until(policy, wanted.asker.account_id) if asks and policy.approval != "ask" else None,
        competes=policy.pending == "compete",
        answer_by=asking.answer_by(policy, wanted.spans[0].start) if asks else None,
        organization=named.get(wanted.asker.organization_id or 0),
        lent=venues.lent(room.venue_id),
        words=words,
    )


def _not_free(room: Room, filled: Ask, wanted: Wanted, found: tuple[Verdict, ...], *, sent: bool) -> Any:
    if filled.rule:
        return check_page(room, filled, wanted, found, status=409 if sent else 200)
    (verdict,) = found
    codes = {one.code for one in verdict.refusals}
    question = wanted.question()
    others: list[Any] = []
    if "order" not in codes:
        others = _nearest(room, verdict, question) if "grid" in codes else []
        others = others or alternatives.three(district(), question, verdict.span, headcount=wanted.headcount)
    # A clash is a conflict (409); a time nobody could have is a wrong form (422).
    clash = verdict.clashes
    return form_page(
        room,
        filled,
        errors={} if clash else errors_of(verdict.refusals),
        status=409 if clash else 422,
        verdict=verdict if clash else None,
        others=others,
        own=mine.own_at(room, verdict.span, hands(g.actor)) if clash else None,
        may_wait=verdict.only_taken and policy_of(district(), room).waiting_list,
    )


def _nearest(room: Room, verdict: Verdict, question: judging.Question) -> list[alternatives.Alternative]:
    """Return the times on the grid around one that lies between two slots, as far as they are free."""
    span = typed.rounded(verdict.span, room.grid)
    found = judging.judge(replace(question, spans=span), policy_of(district(), room)).verdicts
    return [alternatives.Alternative(room=room, span=one.span) for one in found if one.free]
