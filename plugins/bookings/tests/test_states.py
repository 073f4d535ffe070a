"""K2: every verb in every state: what the table of moves does not name is a Conflict, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsBooking, BookingsClosure, BookingsOccurrence, BookingsWish
from plugins.bookings.models.booking import MOVES, STATES
from plugins.bookings.models.waiting import WISH_MOVES
from plugins.bookings.queries.feeds import STATUS
from plugins.bookings.service import (
    arriving,
    changing,
    closing,
    deciding,
    displacing,
    elapsing,
    waiting,
)
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import Refused
from portal.api import Conflict, claims, clock, session

Verb = Callable[[Center, Any, Any, int], Any]


def _approve(center: Center, booking: Any, row: Any, by: int) -> Any:
    return deciding.approve(booking, version=booking.version, by=by)


def _refuse(center: Center, booking: Any, row: Any, by: int) -> Any:
    return deciding.refuse(booking, version=booking.version, reason="设备检修", by=by)


def _lapse(center: Center, booking: Any, row: Any, by: int) -> Any:
    with clock.frozen(row.answer_by or row.starts_at):
        return deciding.lapse(booking, only=[row.id])


def _move(center: Center, booking: Any, row: Any, by: int) -> Any:
    asker = Asker(account_id=booking.account_id, staff=True)
    return changing.move(
        row, version=row.version, span=span(4, 14, 15), room=center.room(), asker=asker, by=by
    )


def _cancel(center: Center, booking: Any, row: Any, by: int) -> Any:
    return changing.cancel([row], versions={row.id: row.version}, reason="来不了", by=by, staff=True)


def _close(choice: str) -> Verb:
    def close(center: Center, booking: Any, row: Any, by: int) -> Any:
        return closing.close(
            center.venue, center.room(), span=span(3, 8, 12), reason="检修", choices={row.id: choice}, by=by
        )

    return close


def _displace(center: Center, booking: Any, row: Any, by: int) -> Any:
    return displacing.displace(row, version=row.version, reason="要开会", by=by)


def _give_back(center: Center, booking: Any, row: Any, by: int) -> Any:
    return displacing.give_back(row, version=row.version, by=by)


def _check_in(center: Center, booking: Any, row: Any, by: int) -> Any:
    with clock.frozen(at(3, 9)):
        return arriving.check_in(row, version=row.version, by=by)


def _undo(center: Center, booking: Any, row: Any, by: int) -> Any:
    with clock.frozen(at(3, 9, 5)):
        return arriving.undo(row, version=row.version, by=by)


def _leave(center: Center, booking: Any, row: Any, by: int) -> Any:
    with clock.frozen(at(3, 9, 20)):
        return arriving.leave(row, version=row.version, by=by)


def _miss(center: Center, booking: Any, row: Any, by: int) -> Any:
    center.setting("release", True)
    with clock.frozen(at(3, 9, 15)):
        return elapsing.miss(row)


def _finish(asks: bool) -> Verb:
    def finish(center: Center, booking: Any, row: Any, by: int) -> Any:
        center.setting("release", asks)
        with clock.frozen(at(3, 10)):
            return elapsing.finish(row)

    return finish


#: Verb -> the states it starts from. A closure keeps who is in the room, and does not see who is gone.
LEGAL: dict[str, tuple[Verb, tuple[str, ...]]] = {
    "approve": (_approve, ("requested",)),
    "refuse": (_refuse, ("requested",)),
    "lapse": (_lapse, ("requested",)),
    "move": (_move, ("requested", "approved", "skipped")),
    "cancel": (_cancel, ("requested", "approved")),
    "displace": (_close("displace"), ("requested", "approved")),
    "call_off": (_close("cancel"), ("requested", "approved")),
    "displace_one": (_displace, ("requested", "approved")),
    "give_back": (_give_back, ("displaced",)),
    "keep": (_close("keep"), ("requested", "approved", "checked_in")),
    "check_in": (_check_in, ("approved",)),
    "undo": (_undo, ("checked_in",)),
    "leave": (_leave, ("checked_in",)),
    "miss": (_miss, ("approved",)),
    # Where nobody asks whether people come, what is over was used.
    "finish": (_finish(asks=False), ("approved", "checked_in")),
    "finish_where_asked": (_finish(asks=True), ("checked_in",)),
}
#: What time alone does tells whether it was so; who comes too late or twice is told in words.
QUIET = ("miss", "finish", "finish_where_asked")
IN_WORDS = {"check_in": (Conflict, Refused)}


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the tables that a verb may touch."""
    found = {}
    for model in (BookingsBooking, BookingsOccurrence, BookingsClosure, BookingsWish, claims.Claim):
        table: Any = model.__table__
        found[table.name] = sorted(tuple(row) for row in session.execute(select(table)))
    return found


def in_state(center: Center, state: str) -> tuple[Any, Any]:
    """Return a booking whose one time is in a state, as it would be: with its slots or without."""
    center.setting("approval", "ask")
    asker = Asker(account_id=center.world.account().id)
    made = center.book(span(3, 9, 10), asker=asker, by=asker.account_id)
    (row,) = center.times(made)
    held = state in ("requested", "approved", "checked_in", "completed", "no_show")
    if not held:
        claims.release(claims.Holder("bookings.occurrence", row.id))
    session.execute(
        update(BookingsOccurrence)
        .where(BookingsOccurrence.id == row.id)
        .values(
            state=state,
            answer_by=at(3, 9) if state == "requested" else None,
            reason="" if held else "测试",
            version=2,
        )
        .execution_options(synchronize_session=False)
    )
    session.commit()
    session.expire_all()
    (row,) = center.times(made)
    return session.get_one(BookingsBooking, made.id), row


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", list(LEGAL))
def test_a_verb_starts_from_its_states_and_no_other(inside: Center, verb: str, state: str):
    act, legal = LEGAL[verb]
    by = inside.world.account().id
    booking, row = in_state(inside, state)
    before, shown, sequence = everything(), (STATUS.get(row.state), row.starts_at), row.sequence
    if state in legal:
        assert act(inside, booking, row, by) is not False
        (row,) = inside.times(booking)
        became = row.state
        assert became == state or became in MOVES[state], (state, became)
        assert everything() != before
        # What a calendar has to show anew is newer to it.
        assert row.sequence > sequence or (STATUS.get(row.state), row.starts_at) == shown
    else:
        if verb in QUIET:
            assert act(inside, booking, row, by) is False
        else:
            with pytest.raises(IN_WORDS.get(verb, Conflict)):
                act(inside, booking, row, by)
        session.rollback()
        session.expire_all()
        assert everything() == before
    inside.owns_its_slots()


def test_every_state_is_left_by_some_verb_or_is_an_end(inside: Center):
    ends = {state for state, after in MOVES.items() if not after}
    left = {state for _verb, (_act, legal) in LEGAL.items() for state in legal}
    assert set(STATES) - left - ends == set()


def _time_out(when: Callable[[Any], datetime]) -> Callable[[Any], Any]:
    def time_out(wish: Any) -> Any:
        with clock.frozen(when(wish)):
            return waiting.time_out(wish)

    return time_out


#: Verb -> what it does, the states it starts from, and what these become.
WISHES: dict[str, tuple[Callable[[Any], Any], dict[str, str]]] = {
    "take": (lambda wish: waiting.take(wish, version=wish.version, by=None), {"offered": "taken"}),
    "leave": (
        lambda wish: waiting.leave(wish, version=wish.version, by=None),
        {"waiting": "withdrawn", "offered": "declined"},
    ),
    # To the second until which an offer is held; who waits goes on waiting.
    "time_out": (
        _time_out(lambda wish: wish.hold_until or wish.starts_at - timedelta(hours=1)),
        {"offered": "timed_out"},
    ),
    "begin": (_time_out(lambda wish: wish.starts_at), {"waiting": "past", "offered": "past"}),
}


@pytest.mark.parametrize("state", list(WISH_MOVES))
@pytest.mark.parametrize("verb", list(WISHES))
def test_a_place_in_line_is_taken_or_left_from_its_states_only(inside: Center, verb: str, state: str):
    act, legal = WISHES[verb]
    inside.setting("waiting_list", True)
    blocker = inside.book(span(3, 9, 10))
    (row,) = inside.times(blocker)
    wish = waiting.join(inside.wanted(span(3, 9, 10)), by=None)
    by = inside.world.account().id
    if state == "offered":
        changing.cancel([row], versions={row.id: row.version}, reason="来不了", by=by, staff=True)
    elif state != "waiting":
        values: dict[str, Any] = {"state": state}
        if state == "taken":
            values["booking_id"] = blocker.id
        session.execute(update(BookingsWish).where(BookingsWish.id == wish.id).values(**values))
        session.commit()
    session.expire_all()
    wish = session.get_one(BookingsWish, wish.id)
    assert wish.state == state
    before = everything()
    if state in legal:
        assert act(wish) is not False
        assert session.get_one(BookingsWish, wish.id).state == legal[state]
        assert legal[state] in WISH_MOVES[state]
    else:
        if verb in ("time_out", "begin"):
            assert act(wish) is False
        else:
            with pytest.raises(Conflict):
                act(wish)
        session.rollback()
        session.expire_all()
        assert everything() == before
    inside.owns_its_slots()


@pytest.mark.parametrize("state", ["closed", "lifted"])
def test_a_closure_is_lifted_once(inside: Center, state: str):
    by = inside.world.account().id
    made = closing.close(inside.venue, inside.room(), span=span(3, 8, 12), reason="检修", choices={}, by=by)
    if state == "lifted":
        closing.lift(made, version=made.version, by=by)
    before = everything()
    if state == "closed":
        closing.lift(made, version=made.version, by=by)
        assert made.state == "lifted" and made.lifted_at == clock.now()
    else:
        with pytest.raises(Conflict):
            closing.lift(made, version=made.version, by=by)
        assert everything() == before


@pytest.mark.parametrize("verb", ["approve", "refuse", "move", "cancel"])
def test_an_older_version_is_a_conflict_and_changes_nothing(inside: Center, verb: str):
    """K3: whoever read an older state of the record may not write over the newer one."""
    by = inside.world.account().id
    booking, row = in_state(inside, "requested")
    before = everything()
    with pytest.raises(Conflict):
        if verb == "approve":
            deciding.approve(booking, version=booking.version - 1, by=by)
        elif verb == "refuse":
            deciding.refuse(booking, version=booking.version - 1, reason="检修", by=by)
        elif verb == "move":
            asker = Asker(account_id=booking.account_id, staff=True)
            changing.move(row, version=1, span=span(4, 9, 10), room=inside.room(), asker=asker, by=by)
        else:
            changing.cancel([row], versions={row.id: 1}, reason="来不了", by=by, staff=True)
    session.rollback()
    session.expire_all()
    assert everything() == before
    inside.owns_its_slots()
