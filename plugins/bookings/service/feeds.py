"""Make and revoke the secret links by which calendars read bookings."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from portal.api import Actor, audit, clock, crypto, district, session, transaction
from portal.api import gettext as _

from .. import actors, permissions
from ..models import BookingsFeed
from ..queries import feeds
from ..queries.places import Room
from ..verdicts import Refusal, Refused

#: Hex digits of a link's secret: 128 bits. Links to one room that may work at a time.
_DIGITS, ROOM_LINKS = 32, 5


def token(uid: str) -> str:
    """Return the secret of a link: only this installation can work it out, and keeps no copy of it."""
    return crypto.mac("bookings.feed", uid.encode())[:_DIGITS]


def make_own(*, account_id: int) -> BookingsFeed:
    """Make the link to an account's own bookings, or return the one there is."""
    with transaction() as current:
        there = feeds.own(account_id)
        if there is not None:
            return there
        try:
            with current.begin_nested():
                return _make(account_id=account_id, room_id=None)
        except IntegrityError:
            # Made in another window at the same moment: that one holds.
            found = feeds.own(account_id)
            if found is None:
                raise
            return found


def make_anew(*, account_id: int) -> BookingsFeed:
    """End the link to an account's own bookings and make another one."""
    with transaction():
        there = feeds.own(account_id)
        if there is not None:
            revoke(there, by=account_id)
        return make_own(account_id=account_id)


def make_for_room(room: Room, *, by: Actor) -> BookingsFeed:
    """Make a link that says when a room is busy, and nothing else.

    Raises: PermissionError (whoever does not keep the room), Refused (there are enough).
    """
    account_id = actors.require(by, permissions.MANAGE, room.owner_path)
    with transaction():
        if len(feeds.of_rooms([room.id])) >= ROOM_LINKS:
            text = _("这间房的链接够多了，请先停用不用的。")
            raise Refused([Refusal(code="links", text=text, field="room")])
        return _make(account_id=account_id, room_id=room.id)


def revoke_of_room(feed: BookingsFeed, room: Room, *, by: Actor) -> None:
    """End a link to a room's busy times. Raises: PermissionError (whoever does not keep the room)."""
    if feed.room_id != room.id:
        raise PermissionError(permissions.MANAGE)
    revoke(feed, by=actors.require(by, permissions.MANAGE, room.owner_path))


def revoke(feed: BookingsFeed, *, by: int | None) -> None:
    """End a link at once; ending it twice is the same."""
    with transaction() as current:
        ended = (
            update(BookingsFeed)
            .where(BookingsFeed.id == feed.id, BookingsFeed.revoked_at.is_(None))
            .values(revoked_at=clock.now())
        )
        current.execute(ended)
        audit.record("bookings.feed.end", ("bookings_feed", feed.id), actor=by, district=feed.district_id)


def _make(*, account_id: int, room_id: int | None) -> BookingsFeed:
    uid = crypto.new_uid()
    made = BookingsFeed(
        uid=uid,
        token_hash=crypto.token_hash(token(uid)),
        district_id=district().id,
        account_id=account_id,
        room_id=room_id,
        made_at=clock.now(),
    )
    session.add(made)
    session.flush()
    audit.record(
        "bookings.feed.make",
        ("bookings_feed", made.id),
        actor=account_id,
        district=made.district_id,
        detail={"room": room_id},
    )
    return made
