"""Suspend, resume and end agreements, with a choice for every booking that would lie beyond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from portal.api import Actor, Conflict, audit, clock, district, session, settings, swap, transaction
from portal.api import gettext as _

from .. import agreement_messages, beyond
from ..beyond import Terms as Held
from ..models import BookingsAgreement, BookingsOccurrence
from ..models.agreement import AGREEMENT_MOVES
from ..queries import places
from ..settings import ENDING
from ..verdicts import Refusal, Refused
from . import closing, freeing
from .deciding import spans_of
from .parties import record, refuse_strangers, said_why


def suspend(
    row: BookingsAgreement, *, version: int, reason: str, choices: Mapping[int, str], by: Actor
) -> None:
    """Stop an agreement for a while; each booking it carried is displaced, kept or cancelled.

    Raises: Refused (no reason, a choice that is none), PermissionError, Conflict (as for closures).
    """
    why = said_why(reason)
    with transaction():
        refuse_strangers(by, row)
        there = lock(row)
        left = [one for one in there if one.id != row.id]
        touched = beyond.of_venue(row.venue_id, there, left)
        ended = settle(row, touched, choices, why, by)
        swap(row, version=version, states=("active",), state="suspended", reason=why)
        record("suspend", row, by)
        agreement_messages.tell("suspended", row, by=by, kept=len(touched) - len(ended))
        let_go(ended)


def resume(row: BookingsAgreement, *, version: int, by: Actor) -> None:
    """Put a suspended agreement in force again; those displaced are offered their times first.

    Raises: PermissionError, Conflict (it is not suspended, or its time is over).
    """
    with transaction():
        refuse_strangers(by, row)
        lock(row)
        if row.valid_to is not None and row.valid_to <= clock.today():
            raise Conflict(current=row)
        swap(row, version=version, states=("suspended",), state="active", reason="")
        record("resume", row, by)
        agreement_messages.tell("resumed", row, by=by)
        freeing.freed(*all_times(row))


def end(
    row: BookingsAgreement,
    *,
    version: int,
    on: date,
    reason: str,
    choices: Mapping[int, str],
    by: Actor,
) -> None:
    """End an agreement from the day ``on`` (it holds up to the day before), today or later; drafts at once.

    Raises: Refused (no reason, a day that cannot be), PermissionError, Conflict (as for closures).
    """
    why = said_why(reason)
    today = clock.today()
    if on < today or row.valid_to is not None and on > row.valid_to:
        text = _("结束的日子要在今天以后、原来的期限以内。")
        raise Refused([Refusal(code="dates", text=text, field="on")])
    with transaction():
        refuse_strangers(by, row)
        there = lock(row)
        kept = [one for one in there if one.id != row.id]
        if row.state in ("active", "suspended") and on > max(today, row.valid_from):
            kept += [one.until(on) for one in there if one.id == row.id]
            values: dict[str, Any] = {"valid_to": on, "state": row.state, "reason": why}
        else:
            values = {"state": "ended", "reason": why}
        touched = beyond.of_venue(row.venue_id, there, kept)
        ended = settle(row, touched, choices, why, by)
        swap(row, version=version, states=_before("ended"), **values)
        record("end", row, by)
        event = "ended" if row.state == "ended" else "ends"
        agreement_messages.tell(event, row, by=by, kept=len(touched) - len(ended))
        let_go(ended)


def expire() -> int:
    """End every agreement whose time is over, by the system itself; return how many."""
    done = 0
    for row in beyond.over(clock.today()):
        with transaction():
            session.refresh(row)
            if row.state not in ("active", "suspended"):
                continue
            kept = len(beyond.after_end(row))
            swap(row, version=None, states=("active", "suspended"), state="ended", reason=_("到期"))
            agreement_messages.tell("over", row, by=None, kept=kept)
            audit.record("bookings.agreement_expire", row, actor=None, district=row.district_id)
        done += 1
    return done


def remind() -> int:
    """Tell both parties of every agreement that it ends soon, once for each of the days the district sets.

    Return how many are due. Bookings that take place after the end all the same are counted (case c.22).
    """
    here, today = district(), clock.today()
    steps = sorted({settings.get(here, key) for key in ENDING} - {0})
    due = beyond.ending(today, steps[-1]) if steps else []
    for row in due:
        with transaction():
            session.refresh(row)
            if row.state != "active" or row.valid_to is None:
                continue
            left = (row.valid_to - today).days
            step = next((one for one in steps if left <= one), None)
            if left > 0 and step is not None:
                kept = len(beyond.after_end(row))
                key = f"{row.valid_to}:{step}"
                agreement_messages.tell("ending", row, by=None, kept=kept, key=key)
    return len(due)


def after_ending(row: BookingsAgreement, *, on: date | None) -> list[BookingsOccurrence]:
    """Return the bookings that would lie beyond if it ended on a day, or stopped now (None)."""
    now = beyond.in_force(row.venue_id)
    kept = [one for one in now if one.id != row.id]
    if on is not None and on > row.valid_from:
        kept += [one.until(on) for one in now if one.id == row.id]
    return beyond.of_venue(row.venue_id, now, kept)


def lock(row: BookingsAgreement) -> list[Held]:
    """Lock all units of the venue, then read what is in force there."""
    freeing.lock_around(room.id for room in places.rooms(venue_id=row.venue_id, every=True))
    return beyond.in_force(row.venue_id)


def settle(
    row: BookingsAgreement,
    touched: Sequence[BookingsOccurrence],
    choices: Mapping[int, str],
    why: str,
    by: Actor,
) -> list[BookingsOccurrence]:
    """Do with each booking what was chosen; return those that let go of their slots."""
    if {one.id for one in touched} != set(choices):
        raise Conflict(current=list(touched))
    if any(choice not in closing.CHOICES for choice in choices.values()):
        raise Refused([Refusal(code="choice", text=_("请给每个预约选一个办法。"), field="choices")])
    assert by.account_id is not None  # a role is an account's
    ended = [one for one in touched if choices[one.id] != "keep"]
    for one in ended:
        closing.end_one(one, choices[one.id], why, by=by.account_id)
    return ended


def let_go(ended: Sequence[BookingsOccurrence]) -> None:
    """Give on what ended bookings held."""
    freeing.freed(sorted({one.room_id for one in ended}), spans_of(ended))


def all_times(row: BookingsAgreement) -> tuple[list[int], list[Any]]:
    """Return the venue's rooms and the time ahead: who was displaced may have a time again."""
    rooms = [room.id for room in places.rooms(venue_id=row.venue_id, every=True)]
    return rooms, [beyond.ahead()] if rooms else []


def _before(state: str) -> tuple[str, ...]:
    return tuple(one for one, moves in AGREEMENT_MOVES.items() if state in moves)
