"""The owner of a shared venue comes first until a request is approved, and not after (criterion 16)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select

from portal.api import claims, session, swap
from portal.api import gettext as _

from .. import messages
from ..judging import Asker
from ..models import BookingsBooking, BookingsOccurrence
from ..queries import places
from ..queries.places import Room
from ..verdicts import Span
from ..wants import OCCURRENCE
from . import steps


def outranks(room: Room, asker: Asker) -> bool:
    """Tell whether whoever asks stands for the owner: no member takes a time from others."""
    owns = room.owner_id is not None and room.owner_id == asker.organization_id
    return room.venue_kind == "shared" and owns and asker.office


def units(room: Room, asker: Asker) -> list[int]:
    """Return what must be locked besides: others' requests lie in halls and parts of this room too."""
    if not outranks(room, asker):
        return []
    return sorted({unit for own in places.neighbours([room.id]).values() for unit in own})


def requests(room: Room, spans: Sequence[Span], asker: Asker) -> list[BookingsOccurrence]:
    """Return the requests of others that would give way to whoever asks; none where nobody outranks."""
    if not outranks(room, asker) or not spans:
        return []
    overlapping = [
        (BookingsOccurrence.starts_at < span.end) & (BookingsOccurrence.ends_at > span.start)
        for span in spans
    ]
    touched = sorted(places.neighbours([room.id]))
    found = session.scalars(
        select(BookingsOccurrence)
        .where(
            BookingsOccurrence.room_id.in_(touched),
            BookingsOccurrence.state == "requested",
            or_(*overlapping),
        )
        .order_by(BookingsOccurrence.id)
    )
    return list(found)


def displace(room: Room, spans: Sequence[Span], asker: Asker, *, by: int | None) -> int:
    """Take back requests of others that nobody approved yet, where the owner gets the time; return how many.

    Called under the lock of ``units``. Each is told, with the owner's need as the reason.
    """
    found = requests(room, spans, asker)
    theirs = {one.id: one for one in places.rooms(ids={row.room_id for row in found})} if found else {}
    reason = _("场地单位自己要用这个时间，还没批准的申请让一让。")
    for row in found:
        booking = session.get_one(BookingsBooking, row.booking_id)
        swap(
            row,
            version=None,
            states=("requested",),
            state="displaced",
            reason=reason,
            answer_by=None,
            sequence=row.sequence + 1,
        )
        claims.release(claims.Holder(OCCURRENCE, row.id))
        steps.note(booking, "displaced", by=by, occurrence=row, words=reason)
        messages.displaced(booking, row, theirs[row.room_id], why=reason)
    return len(found)
