"""What differs between languages beyond words: how months are named, how sentences are joined."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal.words import gettext, spoken


def month_word(number: int) -> str:
    """Write a month (1 to 12) within a date: its number in Chinese, its short name elsewhere."""
    here = spoken()
    if here.chinese:
        return str(number)
    assert here.locale is not None
    return str(here.locale.months["stand-alone"]["abbreviated"][number])


def weekday_word(day: date) -> str:
    """Write the day of the week, short: 周一."""
    week = (
        gettext("周一"),
        gettext("周二"),
        gettext("周三"),
        gettext("周四"),
        gettext("周五"),
        gettext("周六"),
        gettext("周日"),
    )
    return week[day.weekday()]


def day_word(day: date) -> str:
    """Write a day of a year that is known, with its day of the week: 2月14日（周六）."""
    return gettext(
        "%(month)s月%(day)s日（%(week)s）",
        month=month_word(day.month),
        day=day.day,
        week=weekday_word(day),
    )


def sentences(*said: Any) -> str:
    """Join whole sentences, leaving empty ones out; Chinese needs no space between them."""
    gap = "" if spoken().chinese else " "
    return gap.join(str(one) for one in said if one)
