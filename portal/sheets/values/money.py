"""Amounts of money, from cells to integer fen and back; no float on the way."""

import re
from decimal import Decimal

from portal.sheets.errors import Cell, CellError, Where, shown
from portal.sheets.values.text import compact
from portal.words import lazy_gettext as _

_PLAIN = re.compile(r"^(\d{1,10})(?:\.(\d*))?$")
_GROUPED = re.compile(r"^\d{1,3}(,\d{3})+(\.\d*)?$")
MOST = 1_000_000_000 * 100  # fen; a thousand million yuan is a slip of the finger


def fen(cell: Cell, where: Where) -> int:
    """Take yuan with at most two decimals and hand back integer fen.

    Takes 5100, 5100.00, 5,100.00, ¥5100, 5100元. Raises CellError for more decimals, negative amounts and
    exponents.
    """
    if isinstance(cell, Decimal):
        text = format(cell, "f")
    elif isinstance(cell, str):
        text = compact(cell).removeprefix("¥").removesuffix("元").removeprefix("人民币")
        if _GROUPED.match(text):
            text = text.replace(",", "")
    else:
        raise _unreadable(cell, where)
    if text.startswith(("-", "−")) or (text.startswith("(") and text.endswith(")")):
        raise CellError(
            _("%(label)s“%(value)s”是负数，请写不小于0的金额。", label=where.label, value=shown(cell))
        )
    match = _PLAIN.match(text)
    if match is None:
        raise _unreadable(cell, where)
    decimals = (match[2] or "").rstrip("0")
    if len(decimals) > 2:
        raise CellError(
            _("%(label)s“%(value)s”最多写到分，小数点后两位。", label=where.label, value=shown(cell))
        )
    value = int(match[1]) * 100 + int(decimals.ljust(2, "0"))
    if value > MOST:
        raise CellError(_("%(label)s“%(value)s”太大，请再核对。", label=where.label, value=shown(cell)))
    return value


def _unreadable(cell: Cell, where: Where) -> CellError:
    return CellError(
        _("%(label)s“%(value)s”看不懂，请改成5100.00这样的写法。", label=where.label, value=shown(cell))
    )


def yuan(amount: int) -> str:
    """Write integer fen as yuan with two decimals, as cells of money are exported."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"
