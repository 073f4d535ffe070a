"""What a calendar link shows: somebody's own bookings, or only when a room is busy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import desc, func, select

from portal.api import Account, claims, clock, crypto, district, everything, rows, session
from portal.api import gettext as _

from ..calendar_file import Entry
from ..models import BookingsBooking, BookingsFeed, BookingsOccurrence, BookingsStep
from . import places
from .holders import hands_of
from .places import Room

#: Days back that a calendar keeps, and ahead that a room's wall shows; times in one calendar.
BACK, AHEAD, MOST = 60, 183, 1000
#: What a state is to a calendar. A day left out of a series was never in one.
STATUS = {
    "requested": "TENTATIVE",
    "approved": "CONFIRMED",
    "checked_in": "CONFIRMED",
    "completed": "CONFIRMED",
    "no_show": "CONFIRMED",
    "refused": "CANCELLED",
    "lapsed": "CANCELLED",
    "cancelled": "CANCELLED",
    "displaced": "CANCELLED",
}

_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
_STEP: Any = BookingsStep.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A link that works: whose bookings, or which room's busy times, in which district."""

    district_id: int
    account_id: int
    room_id: int | None


def by_token(token: str) -> Feed | None:
    """Return what a link is for, in whichever district; None when it never worked or works no more."""
    kept, holder = BookingsFeed.__table__.c, Account.__table__.c
    with everything():
        found = session.execute(
            select(kept.district_id, kept.account_id, kept.room_id)
            .join(Account, holder.id == kept.account_id)
            .where(
                kept.token_hash == crypto.token_hash(token),
                kept.revoked_at.is_(None),
                # A room's link is its venue's, whoever made it.
                kept.room_id.is_not(None) | holder.disabled_at.is_(None),
            )
        ).one_or_none()
    return None if found is None else Feed(**found._asdict())


def own(account_id: int) -> BookingsFeed | None:
    """Return the link an account has to its own bookings here, if any."""
    return session.scalars(
        select(BookingsFeed).where(
            BookingsFeed.account_id == account_id,
            BookingsFeed.room_id.is_(None),
            BookingsFeed.revoked_at.is_(None),
        )
    ).one_or_none()


def by_uid(uid: str) -> BookingsFeed | None:
    """Return a link by its public name, which is not its secret."""
    return session.scalars(select(BookingsFeed).where(BookingsFeed.uid == uid)).one_or_none()


def of_rooms(room_ids: Iterable[int]) -> list[BookingsFeed]:
    """Return the links that work to the busy times of these rooms."""
    return list(
        session.scalars(
            select(BookingsFeed)
            .where(BookingsFeed.room_id.in_(sorted(set(room_ids))), BookingsFeed.revoked_at.is_(None))
            .order_by(BookingsFeed.room_id, BookingsFeed.id)
        )
    )


def mine(account_id: int) -> list[Entry]:
    """Return an account's own times of the last ``BACK`` days and of those to come.

    Those of the organizations where it holds an office today are its own, and none of them the day it ends.
    """
    since = clock.at(clock.today() - timedelta(days=BACK))
    # Whose they are first: by their times alone it would be everybody's.
    own = hands_of(account_id).of(rows(BookingsBooking, _BOOKING.id), _BOOKING)
    ids = list(session.scalars(own.order_by(desc("id")).limit(MOST)))
    if not ids:
        return []
    return _entries(_TIME.booking_id.in_(ids), _TIME.starts_at >= since, _TIME.state.in_(sorted(STATUS)))


def of_booking(booking_id: int) -> list[Entry]:
    """Return the times of one booking, all of them."""
    return _entries(_TIME.booking_id == booking_id, _TIME.state.in_(sorted(STATUS)))


def busy(room: Room) -> list[Entry]:
    """Return when a room cannot be had, closures and its hall's bookings too; nobody learns whose it is."""
    today = clock.today()
    first, last = clock.at(today - timedelta(days=BACK)), clock.at(today + timedelta(days=AHEAD))
    taken: set[int] = set()
    for slots in claims.busy(room.units, claims.slots(first, last, room.grid)).values():
        taken |= slots
    found: list[Entry] = []
    for begins, stops in _runs(taken)[:MOST]:
        start = claims.instant(begins, room.grid)
        found.append(
            Entry(
                uid=f"{room.uid}-{start:%Y%m%dT%H%M}Z",
                start=start,
                end=claims.instant(stops, room.grid),
                summary=_("已约"),
                changed=clock.at(today),
                location=_place(room),
            )
        )
    return found


def _entries(*where: Any) -> list[Entry]:
    found = session.execute(
        rows(
            BookingsOccurrence,
            _TIME.uid,
            _TIME.starts_at,
            _TIME.ends_at,
            _TIME.state,
            _TIME.sequence,
            _TIME.room_id,
            _TIME.booking_id,
            _BOOKING.uid.label("booking_uid"),
            _BOOKING.title,
            _BOOKING.made_at,
        )
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .where(*where)
        # The newest are the last to be left out.
        .order_by(_TIME.starts_at.desc(), _TIME.id.desc())
        .limit(MOST)
    ).all()[::-1]
    rooms = {room.id: room for room in places.rooms(ids={row.room_id for row in found})} if found else {}
    changed = _changed({row.booking_id for row in found})
    return [
        Entry(
            uid=row.uid,
            start=row.starts_at,
            end=row.ends_at,
            summary=row.title,
            changed=changed.get(row.booking_id, row.made_at),
            sequence=row.sequence,
            status=STATUS[row.state],
            location=_place(rooms[row.room_id]),
            url=address(f"/d/{district().code}/bookings/{row.booking_uid}"),
            text=_WORDS[row.state](),
        )
        for row in found
    ]


#: What the state means, for calendars that show no status.
_WORDS = {
    "requested": lambda: _("等场地方答复。"),
    "approved": lambda: _("约好了。来不了请早点取消，别人还能用。"),
    "checked_in": lambda: _("已经签到。"),
    "completed": lambda: _("用完了。"),
    "no_show": lambda: _("没有签到。"),
    "refused": lambda: _("没有通过。"),
    "lapsed": lambda: _("到期没有答复。"),
    "cancelled": lambda: _("已经取消。"),
    "displaced": lambda: _("场地用不了了。"),
}


def address(path: str) -> str:
    """Return a whole address of this portal: a calendar has no page to start from."""
    return f"{current_app.config['PUBLIC_URL']}{path}"


def _changed(booking_ids: set[int]) -> dict[int, datetime]:
    """Return when something last happened to each booking."""
    if not booking_ids:
        return {}
    found = rows(BookingsStep, _STEP.booking_id, func.max(_STEP.at)).where(
        _STEP.booking_id.in_(sorted(booking_ids))
    )
    return {booking_id: at for booking_id, at in session.execute(found.group_by(_STEP.booking_id))}


def _place(room: Room) -> str:
    parts = [room.venue, room.floor, room.name, room.address]
    return " ".join(part for part in parts if part)


def _runs(slots: set[int]) -> list[tuple[int, int]]:
    """Return the runs of neighbouring slots, half-open, in their order."""
    found: list[tuple[int, int]] = []
    for slot in sorted(slots):
        if found and found[-1][1] == slot:
            found[-1] = (found[-1][0], slot + 1)
        else:
            found.append((slot, slot + 1))
    return found
