"""What is said about a wanted time: can it be had, and if not why. One function for bound and words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from portal.api import civil, clock, ngettext
from portal.api import gettext as _

from .policy import Policy
from .queries.places import Room

#: Nobody has a room for longer in one go: what touches a day began no earlier than this before it.
LONGEST = timedelta(days=31)
#: Days ahead beyond which a day at the desk is a slip of the pen, where no policy lets people go further.
SLIP = 365
#: What somebody else has, or has closed; everything else is wrong with what was asked for.
THEIRS = frozenset(("taken", "closed", "equipment"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A time that somebody wants, half-open, aware."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why not, in words; ``field`` is what to change, ``code`` what pages and tests tell apart."""

    code: str
    text: str
    field: str = "start"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One time and why it cannot be had; nothing against it: it is free."""

    span: Span
    refusals: tuple[Refusal, ...] = ()

    @property
    def free(self) -> bool:
        """Tell whether the time can be had."""
        return not self.refusals

    @property
    def clashes(self) -> bool:
        """Tell whether nothing stands in the way but what somebody else has: a conflict, no wrong form."""
        return bool(self.refusals) and all(one.code in THEIRS for one in self.refusals)

    @property
    def only_taken(self) -> bool:
        """Tell whether nothing but somebody else's booking stands in the way: one may wait for it."""
        return bool(self.refusals) and all(one.code == "taken" for one in self.refusals)


class Refused(ValueError):
    """What was asked cannot be done as it is; ``refusals`` say why, each beside its field."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals: Sequence[Refusal] = tuple(refusals)
        super().__init__("; ".join(one.code for one in self.refusals))


class NotFree(Exception):
    """Some of the times are somebody's or closed by now; ``verdicts`` has one for each that was asked."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        super().__init__(f"{sum(not one.free for one in verdicts)} of {len(verdicts)} times")
        self.verdicts = tuple(verdicts)


def of_time(span: Span, policy: Policy, *, series: bool, by_staff: bool, now: datetime) -> list[Refusal]:
    """Return what the policy has against a time. Staff are held to the clock and the order of times only.

    Nobody may take a room for longer than LONGEST at once, nor further ahead than any series or SLIP.
    """
    if span.end <= span.start:
        return [Refusal(code="order", text=_("结束时间要晚于开始时间。"), field="end")]
    if span.start < now:
        return [Refusal(code="past", text=_("这个时间已经过了，请选以后的时间。"))]
    if span.end - span.start > LONGEST:
        return [
            Refusal(
                code="endless", text=_("一次最长%(long)s。", long=lasting(_minutes(LONGEST))), field="end"
            )
        ]
    days = (clock.civil(span.start) - clock.civil(now)).days
    if by_staff:
        most = max(SLIP, policy.series_ahead_days, policy.max_ahead_days)
        return [_too_far(clock.civil(now) + timedelta(days=most))] if days > most else []
    found: list[Refusal] = []
    minutes = _minutes(span.end - span.start)
    if span.start < now + timedelta(minutes=policy.min_lead_minutes):
        text = _("要提前%(long)s约，这个时间来不及了。", long=lasting(policy.min_lead_minutes))
        found.append(Refusal(code="lead", text=text))
    most = policy.series_ahead_days if series else policy.max_ahead_days
    if days > most:
        last = clock.civil(now) + timedelta(days=most)
        text = ngettext(
            "最多提前%(days)s天约，现在能约到%(last)s。",
            "最多提前%(days)s天约，现在能约到%(last)s。",
            most,
            days=most,
            last=civil(last),
        )
        found.append(Refusal(code="ahead", text=text))
    if minutes > policy.max_minutes:
        text = _("一次最长%(long)s。", long=lasting(policy.max_minutes))
        found.append(Refusal(code="long", text=text, field="end"))
    if minutes < policy.min_minutes:
        text = _("一次最短%(long)s。", long=lasting(policy.min_minutes))
        found.append(Refusal(code="short", text=text, field="end"))
    return found


def _too_far(last: date) -> Refusal:
    text = _("这一天太远了，现在最远能约到%(last)s。请看看年份有没有写错。", last=civil(last))
    return Refusal(code="far", text=text)


def _minutes(long: timedelta) -> int:
    return int(long.total_seconds()) // 60


def of_headcount(room: Room, headcount: int, *, over_reason: str, by_keeper: bool) -> list[Refusal]:
    """Return what stands against so many people in a room; nobody goes beyond the fire limit."""
    if headcount < 1:
        return [Refusal(code="headcount", text=_("请填来多少人。"), field="headcount")]
    if headcount > room.fire_limit:
        text = ngettext(
            "这间房按消防要求最多进%(most)s人，谁也不能放宽。请换一间大的。",
            "这间房按消防要求最多进%(most)s人，谁也不能放宽。请换一间大的。",
            room.fire_limit,
            most=room.fire_limit,
        )
        return [Refusal(code="fire", text=text, field="headcount")]
    if headcount > room.capacity and not (by_keeper and over_reason):
        text = ngettext(
            "这间房坐%(seats)s人，请换一间大的，或者少来几位。",
            "这间房坐%(seats)s人，请换一间大的，或者少来几位。",
            room.capacity,
            seats=room.capacity,
        )
        return [Refusal(code="seats", text=text, field="headcount")]
    return []


def off_grid(nearest: tuple[datetime, datetime], field: str) -> Refusal:
    """Return what to say of a time between two slots: the nearest that fit."""
    before, after = (at.astimezone(clock.SHANGHAI) for at in nearest)
    text = _(
        "这间房按整格约，最近的时间是%(before)s和%(after)s。",
        before=f"{before:%H:%M}",
        after=f"{after:%H:%M}",
    )
    return Refusal(code="grid", text=text, field=field)


def lasting(minutes: int) -> str:
    """Write a length as people say it: 90 is 1小时30分钟."""
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    parts = []
    if days:
        parts.append(ngettext("%(num)s天", "%(num)s天", days))
    if hours:
        parts.append(ngettext("%(num)s小时", "%(num)s小时", hours))
    if left or not parts:
        parts.append(ngettext("%(num)s分钟", "%(num)s分钟", left))
    said = parts[0]
    for part in parts[1:]:
        # Not a plain join: English wants a space there.
        said = _("%(longer)s%(shorter)s", longer=said, shorter=part)
    return said


def clock_words(span: Span) -> str:
    """Write a time as 2026年11月24日 09:00—10:00; the end names its day where that is another one."""
    start, end = span.start.astimezone(clock.SHANGHAI), span.end.astimezone(clock.SHANGHAI)
    if end.date() == start.date():
        return f"{civil(start)} {start:%H:%M}—{end:%H:%M}"
    if end.hour or end.minute:
        until = f"{civil(end)} {end:%H:%M}"
    else:  # 7日 00:00 to 14日 00:00 is the week until the 13th
        last = end.date() - timedelta(days=1)
        until = "24:00" if last == start.date() else f"{civil(last)} 24:00"
    return f"{civil(start)} {start:%H:%M}—{until}"


def texts(verdicts: Sequence[Verdict]) -> list[Any]:
    """Return one line for each time that cannot be had: when, and why."""
    return [
        _("%(when)s：%(why)s", when=clock_words(one.span), why=one.refusals[0].text)
        for one in verdicts
        if not one.free
    ]
