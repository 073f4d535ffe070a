"""Somebody's calendar file, read as what it wants of a room: nothing in it is believed or run.

Times without a zone are Shanghai's, whole days are that day. Zones are looked up in tzdata by name; what a
file says a zone is does not count. Rules are worked out by dateutil, only of kinds that cannot run for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from portal.api import clock, ngettext
from portal.api import gettext as _

from .series import MOST
from .verdicts import Span

#: Bytes, events and parts of a file that are read at all.
BYTES, EVENTS, PARTS = 256 * 1024, 300, 2000
#: Times of a whole file, and seconds to work its rules out: one rule that never falls on a day costs some.
TIMES, SECONDS = 2000, 3.0
#: A rule that began longer ago is not worked out.
_OLDEST = timedelta(days=3660)
_FREQUENCIES = {
    "DAILY": {"BYDAY"},
    "WEEKLY": {"BYDAY"},
    "MONTHLY": {"BYDAY", "BYMONTHDAY"},
    "YEARLY": {"BYDAY", "BYMONTHDAY", "BYMONTH"},
}
_ALWAYS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}


class Unreadable(ValueError):
    """The file as a whole cannot be taken in; the message says why and what to do."""


class _Wrong(ValueError):
    """One event cannot be taken in; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """One event of a file: its times that are not over, or in ``problem`` why it has none.

    What the last fields leave empty is what whoever brings the file says for all events.
    """

    uid: str
    sequence: int = 0
    title: str = ""
    spans: tuple[Span, ...] = ()
    rule: str = ""
    cancelled: bool = False
    problem: str = ""
    #: A rule goes on beyond how far ahead a series may be booked.
    cut: bool = False
    headcount: int = 0
    contact_name: str = ""
    phone: str = ""
    organization_id: int | None = None
    note: str = ""


def read(data: bytes, *, until: datetime) -> list[Incoming]:
    """Return the events of a file in their order; repeated ones up to ``until``. Raises Unreadable."""
    calendar = _parsed(data)
    by_uid: dict[str, list[Any]] = defaultdict(list)
    found: list[Incoming] = []
    for event in calendar.walk("VEVENT"):
        uid = str(event.get("UID", "")).strip()
        if not 0 < len(uid) <= 255:
            text = _("没有编号（UID），认不出是不是登记过，请换一个日历软件导出。")
            found.append(Incoming(uid="", title=_title(event), problem=text))
        else:
            by_uid[uid].append(event)
    ends = monotonic() + SECONDS
    times = 0
    for uid, events in by_uid.items():
        one = _one(uid, events, until)
        found.append(one)
        times += len(one.spans)
        if times > TIMES or monotonic() > ends:
            raise Unreadable(_too_much())
    return found


def _too_much() -> str:
    return _("这个文件里重复的活动太多太复杂，请只导出要登记的那几个再传。")


def _parsed(data: bytes) -> Any:
    if len(data) > BYTES:
        raise Unreadable(
            _("文件太大了，最多%(most)sKB。请在日历软件里只导出要登记的那段时间。", most=BYTES // 1024)
        )
    text = _decoded(data)
    upper = text.upper()
    if "BEGIN:VCALENDAR" not in upper:
        raise Unreadable(_("这不是日历文件。请在日历软件里导出.ics文件再传。"))
    if "END:VCALENDAR" not in upper:
        raise Unreadable(_("文件不完整，像是没下载完。请重新导出再传。"))
    events = upper.count("BEGIN:VEVENT")
    if events > EVENTS:
        raise Unreadable(
            ngettext(
                "文件里有%(num)s个活动，一次最多%(most)s个。请只导出要登记的那段时间，分几次传。",
                "文件里有%(num)s个活动，一次最多%(most)s个。请只导出要登记的那段时间，分几次传。",
                events,
                most=EVENTS,
            )
        )
    if not events:
        raise Unreadable(_("文件里没有活动。"))
    if upper.count("BEGIN:") > PARTS:
        raise Unreadable(_too_much())
    from icalendar import Calendar  # where a file is read: nothing else needs it to start

    try:
        return Calendar.from_ical(text)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError, ArithmeticError):
        # A zone that is called like a folder of tzdata is an OSError.
        raise Unreadable(_("这个日历文件读不懂，请重新导出再传。")) from None


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:  # no database keeps one
            return text
    raise Unreadable(_("这不是日历文件。请在日历软件里导出.ics文件再传。"))


def _one(uid: str, events: list[Any], until: datetime) -> Incoming:
    master = next((event for event in events if "RECURRENCE-ID" not in event), None)
    known = Incoming(uid=uid, title=_title(master or events[0]), sequence=max(map(_sequence, events)))
    if master is None:
        return replace(known, problem=_("文件里只有改动的那一次，没有原来的活动。请导出整个活动。"))
    if str(master.get("STATUS", "")).upper() == "CANCELLED":
        return replace(known, cancelled=True)
    try:
        spans, cut = _spans(master, [event for event in events if event is not master], until)
        return replace(known, spans=tuple(spans), cut=cut, rule=_rule_text(master)[:200])
    except _Wrong as wrong:
        return replace(known, problem=str(wrong))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        # The library reads on over broken values and fails when they are asked for.
        return replace(known, problem=_("时间或重复规则写得不对，读不懂。"))


def _spans(master: Any, changes: list[Any], until: datetime) -> tuple[list[Span], bool]:
    start, zone = _instant(master, "DTSTART")
    length = _end(master, start) - start
    if "RRULE" not in master:
        return [Span(start=start, end=start + length)], False
    if start < clock.now() - _OLDEST:
        raise _Wrong(_("这个重复的活动开始得太早了，请在日历软件里从今年起重新建一个。"))
    moved: dict[datetime, Span | None] = {}
    for change in changes:
        at = _instant(change, "RECURRENCE-ID")[0]
        if str(change.get("STATUS", "")).upper() == "CANCELLED":
            moved[at] = None
        else:
            begins = _instant(change, "DTSTART")[0]
            moved[at] = Span(start=begins, end=_end(change, begins))
    left_out = set(_left_out(master))
    found: list[Span] = []
    cut = False
    for local in _instances(master, start.astimezone(zone).replace(tzinfo=None), zone):
        at = local.replace(tzinfo=zone)
        if at > until:
            cut = True
            break
        span = moved.get(at, Span(start=at, end=at + length))
        if span is None or at in left_out or span.start < clock.now():
            continue
        if span.start > until:
            cut = True
            continue
        found.append(span)
        if len(found) > MOST:
            raise _Wrong(_("重复的次数太多，一次最多登记%(most)s次。", most=MOST))
    if not found:
        raise _Wrong(_("这些时间都已经过了。"))
    return sorted(found, key=lambda span: span.start), cut


def _instances(event: Any, start: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield the beginnings by the clock of the event's zone, without zone."""
    rule = event["RRULE"]
    if isinstance(rule, list):
        raise _Wrong(_("一个活动有几条重复规则，请分成几个活动。"))
    [frequency] = [str(one).upper() for one in rule.get("FREQ", [""])]
    named = {str(name).upper() for name in rule}
    if frequency not in _FREQUENCIES or not named <= _ALWAYS | _FREQUENCIES[frequency]:
        raise _Wrong(_("这样的重复规则登记不了，只认每天、每周、每月、每年重复的。"))
    if any(int(step) < 1 for step in rule.get("INTERVAL", [1])):
        raise ValueError("a rule that stands still never ends")
    ends = rule.get("UNTIL")
    text = ";".join(part for part in _rule_text(event).split(";") if not part.upper().startswith("UNTIL="))
    made: Any = rrulestr(text, dtstart=start)
    return iter(made.replace(until=_last(ends[0], zone)) if ends else made)


def _last(value: Any, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(23, 59, 59))
    return value if value.tzinfo is None else value.astimezone(zone).replace(tzinfo=None)


def _rule_text(event: Any) -> str:
    rule = event.get("RRULE")
    return "" if rule is None or isinstance(rule, list) else str(rule.to_ical().decode())


def _left_out(event: Any) -> Iterator[datetime]:
    lists = event.get("EXDATE", [])
    for one in lists if isinstance(lists, list) else [lists]:
        for value in one.dts:
            yield _aware(value.dt, _zone(one.params.get("TZID")))


def _instant(event: Any, name: str) -> tuple[datetime, tzinfo]:
    """Return when, and by whose clock."""
    prop = event.get(name)
    if prop is None or isinstance(prop, list):
        raise _Wrong(_("没有开始时间。"))
    zone = _zone(prop.params.get("TZID"))
    at = _aware(prop.dt, zone)
    if not 2000 <= at.year < 2200:
        raise ValueError("a time from which no calendar counts")
    return at, at.tzinfo or zone


def _aware(value: date | datetime, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        return clock.at(value)
    if value.tzinfo is not None and value.utcoffset() == timedelta(0) and value.tzname() == "UTC":
        return value
    return value.replace(tzinfo=zone)


def _zone(name: Any) -> tzinfo:
    if name is None:
        return clock.SHANGHAI
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    text = str(name).strip().strip('"').lstrip("/")
    try:
        return ZoneInfo(WINDOWS_TO_OLSON.get(text, text))
    except (ValueError, OSError, KeyError):
        raise _Wrong(_("不认识时区“%(zone)s”，请在日历软件里改成北京时间。", zone=text[:40])) from None


def _end(event: Any, start: datetime) -> datetime:
    if "DTEND" in event:
        return _instant(event, "DTEND")[0]
    if "DURATION" in event:
        return start + timedelta(seconds=event["DURATION"].dt.total_seconds())
    if not isinstance(event["DTSTART"].dt, datetime):
        return start + timedelta(days=1)
    raise _Wrong(_("没有结束时间。"))


def _title(event: Any) -> str:
    summary = event.get("SUMMARY", "")
    return " ".join(str(summary[0] if isinstance(summary, list) else summary).split())[:80]


def _sequence(event: Any) -> int:
    try:
        return max(0, min(int(event.get("SEQUENCE", 0)), 2**31 - 1))
    except (TypeError, ValueError):
        return 0
