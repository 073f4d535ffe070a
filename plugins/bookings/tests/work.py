"""What one of many processes does, with the district's context around it; returns what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from plugins.bookings.judging import Asker
from plugins.bookings.models import (
    BookingsBooking,
    BookingsClosure,
    BookingsOccurrence,
    BookingsVenue,
    BookingsWish,
)
from plugins.bookings.queries import places
from plugins.bookings.service import altering, asking, changing, closing, deciding, displacing, waiting
from plugins.bookings.service.altering import Said
from plugins.bookings.service.asking import Contact, Wanted
from plugins.bookings.verdicts import NotFree, Refused, Span
from portal.api import Conflict, clock, session, transaction
from portal.testing.crowd import inside

#: How often somebody presses again who is told that it is busy.
TURNS = 5
#: Something was refused as it should be when others were faster.
LATE = (NotFree, Refused, Conflict)


@contextmanager
def there(given: dict[str, Any]) -> Iterator[None]:
    """Stand where a request of the district would, at the instant the test holds."""
    with clock.frozen(datetime.fromisoformat(given["now"])), inside(given["district"]):
        yield


def spans_of(given: list[list[str]]) -> list[Span]:
    """Return times written as pairs of ISO instants."""
    return [Span(start=datetime.fromisoformat(a), end=datetime.fromisoformat(b)) for a, b in given]


def do(given: dict[str, Any]) -> str:
    """Do one act; return "done" or the name of what refused it."""
    for _turn in range(TURNS):
        try:
            with there(given):  # which asks for the lock, too, as the gate of a request does
                ACTS[given["act"]](given)
        except LATE as refused:
            session.rollback()
            return type(refused).__name__
        except OperationalError as busy:
            # The page says that it is busy, and the person presses again: SQLite's lock is not fair.
            session.rollback()
            if "locked" not in str(busy):
                raise
            continue
        return "done"
    return "busy"


def _book(given: dict[str, Any]) -> None:
    room = places.room(id=given["room"])
    assert room is not None
    asking.ask(
        Wanted(
            room=room,
            spans=spans_of(given["spans"]),
            title="支部学习",
            headcount=given.get("headcount", 5),
            contact=Contact(name="王测"),
            asker=Asker(account_id=given.get("account"), staff=given.get("account") is None),
            rule="FREQ=WEEKLY;COUNT=10" if len(given["spans"]) > 1 else "",
            needs={int(kind): number for kind, number in given.get("needs", {}).items()},
        ),
        skip=given.get("skip", False),
        by=given.get("account"),
    )


def _move(given: dict[str, Any]) -> None:
    row, room = _row(given), places.room(id=given["room"])
    assert room is not None
    (span,) = spans_of(given["spans"])
    changing.move(row, version=row.version, span=span, room=room, asker=Asker(staff=True), by=given["by"])


def _approve(given: dict[str, Any]) -> None:
    booking = _asked(given)
    deciding.approve(booking, version=given.get("version", booking.version), by=given["by"])


def _refuse(given: dict[str, Any]) -> None:
    booking = _asked(given)
    deciding.refuse(booking, version=booking.version, reason="要维修", by=given["by"])


def _cancel(given: dict[str, Any]) -> None:
    row = _row(given)
    changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=given["by"], staff=True)


def _displace(given: dict[str, Any]) -> None:
    row = _row(given)
    displacing.displace(row, version=row.version, reason="要开会", by=given["by"])


def _give_back(given: dict[str, Any]) -> None:
    row = _row(given, states=("displaced",))
    displacing.give_back(row, version=row.version, by=given["by"])


def _alter(given: dict[str, Any]) -> None:
    booking = session.get_one(BookingsBooking, _row(given).booking_id)
    needs = {int(kind): number for kind, number in given["needs"].items()}
    said = Said(title=booking.title, headcount=5, note="", contact_name="王测", needs=needs)
    altering.alter(booking, said, version=booking.version, asker=Asker(staff=True), by=given["by"])


def _close(given: dict[str, Any]) -> None:
    venue = session.get_one(BookingsVenue, given["venue"])
    room = places.room(id=given["room"])
    assert room is not None
    (span,) = spans_of(given["spans"])
    for turn in range(again := given.get("again", 1)):
        touched = closing.touched([room], span)
        choices = {row.id: given["choice"] for row in touched if row.state != "checked_in"}
        try:
            closing.close(venue, room, span=span, reason="检修", choices=choices, by=given["by"])
        except Conflict:  # the page shows anew what there is now, and is pressed again
            if turn == again - 1:
                raise
        else:
            return


def _lift(given: dict[str, Any]) -> None:
    found = session.scalars(
        select(BookingsClosure).where(BookingsClosure.state == "closed").order_by(BookingsClosure.id)
    ).first()
    if found is not None:
        closing.lift(found, version=found.version, by=given["by"])


def _join(given: dict[str, Any]) -> None:
    room = places.room(id=given["room"])
    assert room is not None
    waiting.join(
        Wanted(
            room=room,
            spans=spans_of(given["spans"]),
            title="候补",
            headcount=5,
            contact=Contact(name="李测"),
            asker=Asker(account_id=given["by"]),
        ),
        by=given["by"],
    )


def _take(given: dict[str, Any]) -> None:
    wish = session.get_one(BookingsWish, given["wish"])
    waiting.take(wish, version=wish.version, by=given["by"])


def _answer_offer(given: dict[str, Any]) -> None:
    found = session.scalars(
        select(BookingsWish).where(BookingsWish.state == "offered").order_by(BookingsWish.id)
    ).all()
    if found:
        wish = found[given["pick"] % len(found)]
        verb = waiting.take if given["pick"] % 2 else waiting.leave
        verb(wish, version=wish.version, by=given["by"])


def _asked(given: dict[str, Any]) -> BookingsBooking:
    """Return the booking that is named, or one of those that wait for an answer now."""
    number = given.get("booking") or _row(given, states=("requested",)).booking_id
    return session.get_one(BookingsBooking, number)


def _row(given: dict[str, Any], states: tuple[str, ...] = ("requested", "approved")) -> BookingsOccurrence:
    """Return the occurrence that is named, or one of those in a state now: living ones."""
    if "occurrence" in given:
        return session.get_one(BookingsOccurrence, given["occurrence"])
    found = session.scalars(
        select(BookingsOccurrence).where(BookingsOccurrence.state.in_(states)).order_by(BookingsOccurrence.id)
    ).all()
    if not found:
        raise Conflict
    return found[given["pick"] % len(found)]


ACTS = {
    "book": _book,
    "move": _move,
    "approve": _approve,
    "refuse": _refuse,
    "cancel": _cancel,
    "displace": _displace,
    "give_back": _give_back,
    "alter": _alter,
    "close": _close,
    "lift": _lift,
    "join": _join,
    "take": _take,
    "answer": _answer_offer,
}


def many(given: dict[str, Any]) -> dict[str, int]:
    """Do a list of acts one after the other; return how many ended how."""
    ended: dict[str, int] = {}
    for one in given["acts"]:
        said = do({**given["common"], **one})
        ended[f"{one['act']}:{said}"] = ended.get(f"{one['act']}:{said}", 0) + 1
    return ended


class _TakenBack(Exception):
    pass


def warm(given: list[dict[str, Any]]) -> None:
    """Do one act of each kind and take it back, so that statements are built before many want the lock."""
    flat = [{**one["common"], **act} for one in given for act in one["acts"]] if "acts" in given[0] else given
    for one in {act["act"]: act for act in flat}.values():
        with suppress(_TakenBack), there(one), transaction():
            with suppress(*LATE):
                ACTS[one["act"]](one)
            raise _TakenBack
