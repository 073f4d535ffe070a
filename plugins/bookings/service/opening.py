"""Change when a venue or a room is open. Bookings that stand are never touched: the page lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select

from portal.api import Actor, audit, clock, session, swap, transaction
from portal.api import gettext as _

from .. import actors, permissions
from ..hours import Window, minute_words
from ..models import BookingsHours, BookingsRoom, BookingsVenue
from ..models.place import DAY_MINUTES
from ..queries.keeping import owner_path
from ..verdicts import Refusal, Refused
from . import places


def set_week(
    venue: BookingsVenue,
    room: BookingsRoom | None,
    *,
    version: int,
    week: Mapping[str, Sequence[Window]],
    since: date,
    by: Actor,
) -> date | None:
    """Let a week of hours hold from a day on: kind of day -> windows (minutes); a room with none inherits.

    What held until that day stays in the records; what was planned to begin later is thrown away, and the day
    it was to begin on returned. ``version`` is the room's, or the venue's own.

    Raises:
        PermissionError: whoever does not keep the venue.
        Refused: windows that overlap or end before they begin, nothing open, a day gone by.
        Conflict: somebody changed it meanwhile.
    """
    account_id = actors.require(by, permissions.MANAGE, owner_path(venue))
    refused = [one for kind, windows in week.items() for one in against(windows, field=f"day-{kind}")]
    if room is None and not any(week.values()):
        refused.append(Refusal(code="none", text=_("至少写一种日子的开放时间。"), field="day-work"))
    if since < clock.today():
        text = _("只能从今天或以后的日子改起，过去的不改。")
        refused.append(Refusal(code="since", text=text, field="since"))
    if refused:
        raise Refused(refused)
    with transaction():
        swap(venue if room is None else room, version=version)
        dropped = []
        for row in _rows(venue, room):
            if row.kind == "date" or row.valid_to is not None and row.valid_to <= since:
                continue
            if row.valid_from >= since:
                session.delete(row)
                dropped.append(row.valid_from)
            else:
                row.valid_to = since
        for kind, windows in week.items():
            for opens, closes in windows:
                room_id = room.id if room is not None else None
                places.add_hours(venue, room_id, kind=kind, opens=opens, closes=closes, valid_from=since)
        _note(venue, room, by=account_id, days=sum(bool(windows) for windows in week.values()))
    return min((day for day in dropped if day > since), default=None)


def set_date(
    venue: BookingsVenue,
    room: BookingsRoom | None,
    *,
    version: int,
    day: date,
    windows: Sequence[Window] | None,
    by: Actor,
) -> None:
    """Open or close one date otherwise than its week says; ``windows`` None takes that back, () is closed.

    Raises: PermissionError, Refused, Conflict.
    """
    account_id = actors.require(by, permissions.MANAGE, owner_path(venue))
    refused = against(windows or (), field="times")
    if day < clock.today():
        refused.append(Refusal(code="past", text=_("这一天已经过了，请选今天或以后。"), field="on_day"))
    if refused:
        raise Refused(refused)
    with transaction():
        swap(venue if room is None else room, version=version)
        for row in _rows(venue, room):
            if row.on_day == day:
                session.delete(row)
        room_id = room.id if room is not None else None
        if windows is not None:
            for opens, closes in windows or [(0, 0)]:
                places.add_hours(
                    venue, room_id, kind="date", on_day=day, opens=opens, closes=closes, valid_from=day
                )
        _note(venue, room, by=account_id, on=day.isoformat())


def against(windows: Sequence[Window], *, field: str) -> list[Refusal]:
    """Return what is wrong with the windows of one day, in words."""
    found = []
    for opens, closes in windows:
        if not 0 <= opens < closes <= DAY_MINUTES:
            text = _(
                "%(opens)s—%(closes)s不对：关门要晚于开门，最晚24:00。开过半夜的，这天写到24:00，第二天从0:00写起。",
                opens=minute_words(opens),
                closes=minute_words(closes),
            )
            found.append(Refusal(code="order", text=text, field=field))
    ordered = sorted(windows)
    for (opens, closes), (then, _end) in zip(ordered, ordered[1:], strict=False):
        if then < closes:
            text = _(
                "%(first)s到%(second)s重叠了：前一段%(closes)s才关门。",
                first=minute_words(opens),
                second=minute_words(then),
                closes=minute_words(closes),
            )
            found.append(Refusal(code="overlap", text=text, field=field))
    return found[:1]


def _rows(venue: BookingsVenue, room: BookingsRoom | None) -> list[BookingsHours]:
    own = BookingsHours.room_id.is_(None) if room is None else BookingsHours.room_id == room.id
    found = select(BookingsHours).where(BookingsHours.venue_id == venue.id, own)
    return list(session.scalars(found.order_by(BookingsHours.id)))


def _note(venue: BookingsVenue, room: BookingsRoom | None, *, by: int, **detail: str | int) -> None:
    about = venue if room is None else room
    audit.record("bookings.hours", about, actor=by, district=venue.district_id, detail=detail)
