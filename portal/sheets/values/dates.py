"""Days and months in the forms people and Excel write them."""

import re
from datetime import date, timedelta
from decimal import Decimal

from portal.sheets.errors import Cell, CellError, Where, shown
from portal.sheets.values.text import compact
from portal.words import lazy_gettext as _

_SEPARATED = re.compile(r"^(\d{4})[-./年](\d{1,2})(?:[-./月](\d{1,2})日?|月)?$")
_TOGETHER = re.compile(r"^(\d{4})(\d{2})(\d{2})?$")
_MIDNIGHT = re.compile(r"[T ]?00:00(:00)?(\.0+)?$")
EARLIEST = date(1900, 3, 1)  # before it Excel's 1900 calendar is a day off, and nobody living was born


def from_serial(serial: Decimal, *, date1904: bool) -> date | None:
    """Turn an Excel day number into a day; None where the calendar has none.

    In the 1900 calendar number 60 is the 1900-02-29 that never was, so later numbers count from 1899-12-30.
    """
    if serial != serial.to_integral_value() or not 0 < serial < 2_950_000:
        return None
    days = int(serial)
    if date1904:
        return date(1904, 1, 1) + timedelta(days=days)
    if days == 60:
        return None
    return date(1899, 12, 31 if days < 60 else 30) + timedelta(days=days)


def day(cell: Cell, where: Where) -> date:
    """Take a civil day: 1985.7, 198507, 1985-07-01, 1985年7月1日, or Excel's own dates and numbers.

    A month without a day means its first day. Raises CellError for a number like 1985.1, where Excel may
    have dropped the zero of October, and for days before 1900-03-01 or after 2100.
    """
    value = _day(cell, where)
    if not EARLIEST <= value <= date(2100, 12, 31):
        raise CellError(_("%(label)s“%(value)s”不可能，请再核对。", label=where.label, value=shown(cell)))
    return value


def _day(cell: Cell, where: Where) -> date:
    if isinstance(cell, date):
        return cell
    if isinstance(cell, Decimal):
        return _from_number(cell, where)
    text = _MIDNIGHT.sub("", compact(str(cell)).replace("。", ".").replace("—", "-").replace("–", "-"))
    match = _SEPARATED.match(text) or _TOGETHER.match(text)
    if match is None and text.isdecimal() and len(text) == 5:
        return _from_number(Decimal(text), where)  # a serial that went through a text column or a CSV
    if match is None:
        raise _unreadable(cell, where)
    return _make(match[1], match[2], match[3], cell, where)


def whole_day(typed: str) -> date | None:
    """Read a day that somebody typed, in the forms ``day`` takes, but for a month alone; else None."""
    if _SEPARATED.match(compact(typed)) is None and not re.fullmatch(r"\d{8}", compact(typed)):
        return None
    try:
        found = _day(typed, Where(label=""))
    except CellError:
        return None
    parts = _SEPARATED.match(compact(typed))
    return None if parts is not None and parts[3] is None else found


def _from_number(number: Decimal, where: Where) -> date:
    """Read 1985.7, 198507, 19850701 or a serial from a numeric cell."""
    if number != number.to_integral_value():
        year, _dot, month = format(number, "f").partition(".")
        if month == "1":
            raise CellError(
                _(
                    "%(label)s“%(value)s”分不清是1月还是10月，请改成%(year)s-01或%(year)s-10。",
                    label=where.label,
                    value=shown(number),
                    year=year,
                )
            )
        if len(year) == 4 and len(month) <= 2:
            return _make(year, month, None, number, where)
        raise _unreadable(number, where)
    digits = format(number, "f").split(".")[0]
    if len(digits) in (6, 8) and digits[:2] in ("18", "19", "20"):
        return _make(digits[:4], digits[4:6], digits[6:] or None, number, where)
    value = from_serial(number, date1904=where.date1904) if number >= 60 else None
    if value is None or 1850 <= number <= 2150:
        raise _unreadable(number, where)  # 1985 alone is a year, not the serial of a day in 1905
    return value


def _make(year: str, month: str, day_: str | None, cell: Cell, where: Where) -> date:
    try:
        return date(int(year), int(month), int(day_ or 1))
    except ValueError:
        raise _unreadable(cell, where) from None


def _unreadable(cell: Cell, where: Where) -> CellError:
    return CellError(
        _("%(label)s“%(value)s”看不懂，请改成1985-03这样的写法。", label=where.label, value=shown(cell))
    )


def month(cell: Cell, where: Where) -> date:
    """Take a month (2026-05, 2026年5月, 202605, 2026.5, any day in it) and hand back its first day."""
    if isinstance(cell, str) and re.fullmatch(r"\d{4}", compact(cell)):
        raise _month_unreadable(cell, where)
    try:
        return day(cell, where).replace(day=1)
    except CellError as error:
        if isinstance(cell, Decimal) and format(cell, "f").endswith(".1"):
            raise error from None  # January or October: that message helps more
        raise _month_unreadable(cell, where) from None


def _month_unreadable(cell: Cell, where: Where) -> CellError:
    return CellError(
        _("%(label)s“%(value)s”看不懂，请改成2026-05这样的写法。", label=where.label, value=shown(cell))
    )
