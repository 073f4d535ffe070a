"""How much one person may hold in a week; weeks begin on Monday, and a night counts in each week its part.

Where no quota is set nobody has all rooms for themselves either: see ``AHEAD`` and ``AT_ONCE``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from portal.api import Account, civil, clock, rows, session
from portal.api import gettext as _

from .models import BookingsBooking, BookingsOccurrence
from .models.booking import COUNTED, LIVE
from .policy import Policy
from .queries import holders
from .verdicts import Refusal, Span, lasting

#: Times to come that one account has at most: three of the longest series.
AHEAD = 360
#: Rooms somebody has at one time who asks in nobody's name but the own.
AT_ONCE = 2
_WEEK = timedelta(days=7)
_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c


def lock(account_id: int | None) -> None:
    """Let two bookings of one person wait for each other, by whichever login: all are counted.

    Before any unit is locked.
    """
    if account_id is not None:
        every = select(Account.id).where(Account.id.in_(holders.logins(account_id))).order_by(Account.id)
        session.execute(every.with_for_update(key_share=True))


def against(
    policy: Policy,
    *,
    account_id: int | None,
    spans: Sequence[Span],
    apart_from: Iterable[int] = (),
    own_name: bool = False,
) -> list[Refusal]:
    """Return what the quota has against more times; ``apart_from`` are occurrences that would move.

    ``own_name``: they are wanted for no organization. What one person has by several logins counts together.
    """
    if account_id is None or not spans:
        return []
    apart_from = sorted(apart_from)
    too_many = _too_many(account_id, spans, apart_from=apart_from, own_name=own_name)
    if too_many or not policy.quota_minutes:
        return too_many
    wanted: dict[date, int] = {}
    for span in spans:
        for monday, minutes in by_week(span):
            wanted[monday] = wanted.get(monday, 0) + minutes
    had = used(account_id, min(wanted), max(wanted), apart_from=apart_from)
    for monday in sorted(wanted):
        if had.get(monday, 0) + wanted[monday] > policy.quota_minutes:
            text = _(
                "每人每周最多约%(most)s。%(monday)s这一周已经约了%(had)s。",
                most=lasting(policy.quota_minutes),
                monday=civil(monday),
                had=lasting(had.get(monday, 0)),
            )
            return [Refusal(code="quota", text=text)]
    return []


def used(account_id: int, first: date, last: date, *, apart_from: Iterable[int] = ()) -> dict[date, int]:
    """Return the minutes a person holds by any login in each week, from Monday ``first`` to ``last``."""
    begins, stops = clock.at(first), clock.at(last) + _WEEK
    found = _own(account_id).where(_TIME.starts_at < stops, _TIME.ends_at > begins)
    spared = sorted(apart_from)
    if spared:
        found = found.where(_TIME.id.not_in(spared))
    minutes: dict[date, int] = {}
    for start, end in (row[:2] for row in session.execute(found) if row.state in COUNTED):
        for monday, part in by_week(Span(start=start, end=end)):
            minutes[monday] = minutes.get(monday, 0) + part
    return minutes


def _own(account_id: int) -> Any:
    """Return the times that a person booked with any login: begin, end, state.

    Whoever asks looks at the state: told of it, SQLite begins with every time of the district in that state.
    """
    own = rows(BookingsBooking, _BOOKING.id).where(_BOOKING.account_id.in_(holders.logins(account_id)))
    found = rows(BookingsOccurrence, _TIME.starts_at, _TIME.ends_at, _TIME.state)
    return found.where(_TIME.booking_id.in_(own))


def _too_many(
    account_id: int, spans: Sequence[Span], *, apart_from: Sequence[int], own_name: bool
) -> list[Refusal]:
    """Return what stands against somebody who would have more rooms than anybody uses."""
    ahead = _own(account_id).where(_TIME.ends_at > clock.now())
    if apart_from:
        ahead = ahead.where(_TIME.id.not_in(apart_from))
    had = [row[:2] for row in session.execute(ahead) if row.state in LIVE]
    if len(had) + len(spans) > AHEAD:
        text = _(
            "一个人同时最多约%(most)s次，现在已经约了%(had)s次。用完或者取消一些再约。",
            most=AHEAD,
            had=len(had),
        )
        return [Refusal(code="ahead_of_all", text=text)]
    for span in spans if own_name else ():
        if sum(start < span.end and end > span.start for start, end in had) >= AT_ONCE:
            text = _(
                "同一个时间，以个人名义最多约%(most)s间房。请换个时间，或者请服务台帮您约。", most=AT_ONCE
            )
            return [Refusal(code="at_once", text=text)]
    return []


def by_week(span: Span) -> Iterator[tuple[date, int]]:
    """Yield the Monday of each week a time touches, and the minutes of it that lie in that week."""
    day = clock.civil(span.start)
    monday = day - timedelta(days=day.weekday())
    while clock.at(monday) < span.end:
        begins, stops = clock.at(monday), clock.at(monday) + _WEEK
        part = min(span.end, stops) - max(span.start, begins)
        yield monday, int(part.total_seconds()) // 60
        monday += _WEEK
