"""Let a venue or a room decide otherwise than what stands above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.api import Actor, Conflict, audit, session, swap, transaction
from portal.api import gettext as _

from .. import actors, permissions
from ..models import BookingsPolicy, BookingsRoom, BookingsVenue
from ..policy import DECLARED
from ..queries.keeping import owner_path
from ..verdicts import Refusal, Refused


def own(venue_id: int, room_id: int | None) -> BookingsPolicy | None:
    """Return the row of what a venue or a room decides, if it decides anything."""
    which = BookingsPolicy.room_id == room_id if room_id is not None else BookingsPolicy.room_id.is_(None)
    return session.scalars(select(BookingsPolicy).where(BookingsPolicy.venue_id == venue_id, which)).first()


def decide(
    venue: BookingsVenue,
    room: BookingsRoom | None,
    *,
    version: int,
    values: Mapping[str, Any],
    effective: Mapping[str, Any],
    by: Actor,
) -> None:
    """Keep exactly these own values; all others come from above. ``version`` is 0 where nothing was decided.

    ``effective`` is what would hold with them: a shortest time above the longest is refused.

    Raises: PermissionError (whoever does not keep the venue), Refused, Conflict.
    """
    account_id = actors.require(by, permissions.MANAGE, owner_path(venue))
    refused = []
    for setting in DECLARED:
        name = setting.key.removeprefix("bookings.")
        value = values.get(name)
        if setting.type is int and value is not None and not setting.least <= value <= setting.most:
            text = _("请填%(least)s到%(most)s。", least=setting.least, most=setting.most)
            refused.append(Refusal(code="bounds", text=text, field=name))
    if effective["min_minutes"] > effective["max_minutes"]:
        text = _("最短%(least)s分钟比最长%(most)s分钟还长，就没有时间可约了。")
        words = text % {"least": effective["min_minutes"], "most": effective["max_minutes"]}
        refused.append(Refusal(code="lengths", text=words, field="min_minutes"))
    if refused:
        raise Refused(refused)
    with transaction():
        room_id = room.id if room is not None else None
        row = own(venue.id, room_id)
        if (row.version if row is not None else 0) != version:
            raise Conflict(current=row)
        names = sorted({*values, *(row.values if row is not None else {})})
        if row is not None:
            swap(row, version=version, values=dict(values))
        else:
            row = BookingsPolicy(
                district_id=venue.district_id, venue_id=venue.id, room_id=room_id, values=dict(values)
            )
            try:
                with session.begin_nested():
                    session.add(row)
            except IntegrityError:
                raise Conflict from None
        audit.record(
            "bookings.policy", row, actor=account_id, district=row.district_id, detail={"names": names}
        )
