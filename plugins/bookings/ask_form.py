"""What somebody types who asks for a room: read leniently, kept as typed, and said what to mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from portal.api import civil, workdays
from portal.api import gettext as _

from . import series, typed
from .verdicts import Span
from .words import weekday as weekday_words

#: How a series goes on, as the form offers it; the empty one is a single time.
EVERY = ("", *series.EVERY)
#: Single fields that a check page sends along; days have three parts, ``weekday`` and ``need-…`` are many.
_SINGLE = (
    "title",
    "people",
    "contact_name",
    "phone",
    "organization",
    "note",
    "every",
    "interval",
    "ends",
    "count",
    "until",
)
_PARTS = ("year", "month", "day")


@dataclass(kw_only=True)
class Ask:
    """A filled form: what was typed, what it means, and words beside the fields that are wrong."""

    fields: Any
    day: date | None = None
    first: int | None = None
    last: int | None = None
    people: int = 0
    phone: str = ""
    needs: dict[int, int] = field(default_factory=dict)
    rule: str = ""
    days: list[date] = field(default_factory=list)
    left_out: list[date] = field(default_factory=list)
    guessed: list[int] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def spans(self) -> list[Span]:
        """Return the wanted times; none while something about them is wrong."""
        if self.day is None or self.first is None or self.last is None:
            return []
        return [typed.span_of(day, self.first, self.last) for day in self.days or [self.day]]

    @property
    def backwards(self) -> tuple[date, int, int] | None:
        """Return day, begin and end where the end lies before the begin: the next day may be meant."""
        if self.day is None or self.first is None or self.last is None or self.last >= self.first:
            return None
        return self.day, self.first, self.last

    def text(self, name: str) -> str:
        """Return what was typed into a field."""
        return str(self.fields.get(name, ""))

    def hidden(self, span: Span | None = None) -> list[tuple[str, str]]:
        """Return everything typed, for a page to send along; ``span`` is sent instead of the typed time."""
        found = [(name, self.text(name)) for name in _SINGLE]
        chosen = span or next(iter(self.spans), None)
        if chosen is not None:
            found += typed.query_of(chosen).items()
        found += [(f"until-{part}", self.text(f"until-{part}")) for part in _PARTS]
        found += [("weekday", one) for one in self.fields.getlist("weekday")]
        found += [(name, self.text(name)) for name in self.fields if name.startswith("need-")]
        return [one for one in found if one[1]]


def read(fields: Any, *, lent: Sequence[int], needs_phone: bool) -> Ask:
    """Read a sent form; ``lent`` are the kinds of equipment the house has."""
    ask = Ask(fields=fields)
    ask.day = typed.day(fields, "day")
    ask.first, ask.last = typed.minute(fields.get("from", "")), typed.end_minute(fields.get("to", ""))
    _times(ask)
    if not ask.text("title").strip():
        ask.errors["title"] = _("请写做什么用，比如：支部学习。")
    people = typed.whole(ask.text("people"))
    if not people:
        ask.errors["people"] = _("请填来多少人。")
    ask.people = people or 0
    if not ask.text("contact_name").strip():
        ask.errors["contact_name"] = _("请写联系人怎么称呼。")
    phone = typed.phone(ask.text("phone"))
    if phone is None:
        ask.errors["phone"] = _("电话没看懂，请写11位手机号，或者带区号的座机。")
    elif not phone and needs_phone:
        ask.errors["phone"] = _("请写一个打得通的电话，有变化好找到您。")
    ask.phone = phone or ""
    needs, wrong = pieces(fields, lent)
    ask.needs |= {kind: number for kind, number in needs.items() if number}
    ask.errors |= wrong
    if ask.text("every"):
        _series(ask)
    return ask


def pieces(fields: Any, kinds: Sequence[int]) -> tuple[dict[int, int], dict[str, str]]:
    """Return how many pieces of which kind were typed, and words beside the fields that are no number."""
    needs: dict[int, int] = {}
    errors: dict[str, str] = {}
    for kind in kinds:
        number = typed.whole(str(fields.get(f"need-{kind}", "")) or "0", most=999)
        if number is None:
            errors[f"need-{kind}"] = _("要几件，请填数字。")
        else:
            needs[kind] = number
    return needs, errors


def prefilled(fields: Any) -> Ask:
    """Return the empty form with what an address already says: day, hours, people."""
    ask = Ask(fields=fields)
    ask.day = typed.day(fields, "day") if fields.get("day") else None
    ask.first, ask.last = typed.minute(fields.get("from", "")), typed.end_minute(fields.get("to", ""))
    return ask


def _times(ask: Ask) -> None:
    if ask.day is None:
        ask.errors["day"] = _("日期没看懂，请写成2026年3月5日这样。")
    for name, value in (("from", ask.first), ("to", ask.last)):
        if value is None:
            ask.errors[name] = _("请选时间，写成09:30这样也行。")
    if ask.first is not None and ask.last is not None and ask.last <= ask.first:
        ask.errors["to"] = _("结束时间要晚于开始时间。")


def _series(ask: Ask) -> None:
    if ask.day is None:
        return
    every = ask.text("every")
    weekdays = tuple(int(one) for one in ask.fields.getlist("weekday") if one in "1234567" and len(one) == 1)
    interval = typed.whole(ask.text("interval") or "1", most=52) or 0
    dated = any(one.strip() for one in (ask.text("until"), *typed.day_parts(ask.fields, "until")))
    ends = ask.text("ends") or ("until" if dated else "count")
    if dated and ask.text("count").strip() and not ask.text("ends"):
        ask.errors["count"] = _("一共几次和约到哪一天，只填一样，另一样请空着。")
        return
    count = typed.whole(ask.text("count")) if ends == "count" else None
    until = typed.day(ask.fields, "until") if ends == "until" else None
    rule = series.Rule(
        every=every if every in EVERY else "",
        interval=interval,
        weekdays=weekdays if every == "week" else (),
        count=count,
        until=until,
    )
    try:
        ask.rule = series.text_of(rule, ask.day)
        ask.days = series.days(ask.rule, ask.day)
    except series.BadRule as wrong:
        name = wrong.field
        if name == "until" and ends == "count":
            name = "count"
        ask.errors["day" if name == "first" else name] = _rule_words(name, ask.day)
        return
    if len(ask.days) > series.MOST or ask.days and ask.days[-1] - ask.day > series.LONGEST:
        ask.errors["until" if until else "count"] = _(
            "一次最多约%(most)s回，请早一点结束，多的另约。", most=series.MOST
        )
    elif len(ask.days) < 2:
        ask.errors["until" if until else "count"] = _("这样只有一次，请晚一点结束，或者选只约一次。")
    ask.left_out = series.left_out(ask.rule, ask.day)
    if every == "workday":
        ask.guessed = [year for year in sorted({day.year for day in ask.days}) if not workdays.known(year)]


def _rule_words(name: str, first: date) -> str:
    return {
        "every": _("请选多久一次。"),
        "interval": _("几天、几周、几个月或几年一次，请填1到52的数字。"),
        "weekdays": _(
            "第一天是%(weekday)s，请把%(weekday)s也勾上，或者改第一天。", weekday=weekday_words(first)
        ),
        "until": _("请写约到哪一天，要晚于第一天。"),
        "first": _("第一天%(day)s是休息日，不是工作日。请改第一天，或者选按天。", day=civil(first)),
        "count": _("请写一共几次，2到%(most)s次。", most=series.MOST),
    }[name]
