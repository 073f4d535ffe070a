"""Numbers that identify: resident id, credit code, phones. Sources: domain.md §8.1-8.3."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from flask import current_app
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from portal.sheets.errors import Cell, CellError, Where, shown
from portal.sheets.values.text import as_text, compact
from portal.words import lazy_gettext as _

_MOBILE = re.compile(r"^1[3-9]\d{9}$")
#: The demo's people have numbers no network serves; what the demo hands out it takes back.
_INVENTED = re.compile(r"^100\d{8}$")
_ROUNDED = re.compile(r"^\d(\.\d+)?E\+\d+$", re.IGNORECASE)
_LANDLINE = re.compile(r"^(0\d{2,3})(\d{7,8})(?:(?:转|ext\.?|#|x)(\d{1,6}))?$", re.IGNORECASE)
_SERVICE = re.compile(r"^(400\d{7}|800\d{7}|1\d{4}|9\d{4,5})$")
_THREE_DIGIT_AREAS = ("010", "020", "021", "022", "023", "024", "025", "027", "028", "029")


def resident_id(cell: Cell, where: Where) -> str:
    """Take an 18-character resident id (GB 11643-1999), check character and birth date right, X upper.

    The division is the one at first registration, so it is not compared with today's table. Raises
    CellError for 15 digits and for a number cell, whose last digits Excel has thrown away.
    """
    if isinstance(cell, Decimal):
        if len(as_text(cell)) > 15:
            raise CellError(
                _(
                    "%(label)s这一格是数字格式，后几位已经丢了，请把格式改成文本后重新填写18位号码。",
                    label=where.label,
                )
            )
        cell = as_text(cell)
    value = compact(as_text(cell)).replace("-", "").replace("×", "X").upper().lstrip("'")
    if re.fullmatch(r"\d{15}", value):
        raise CellError(_("%(label)s是15位旧号码，请填写现在的18位号码。", label=where.label))
    if not re.fullmatch(r"\d{17}[\dX]", value):
        raise CellError(
            _("%(label)s应是18位（现在%(count)s位），请对照身份证改正。", label=where.label, count=len(value))
            if len(value) != 18
            else _("%(label)s里有不该有的字符，请对照身份证改正。", label=where.label)
        )
    try:
        born = ric.get_birth_date(value)
    except ValidationError:
        raise CellError(_("%(label)s里的出生日期不对，请对照身份证改正。", label=where.label)) from None
    if ric.calc_check_digit(value) != value[-1] or born.year < 1900:
        raise CellError(_("%(label)s最后一位对不上，可能有一位写错，请对照身份证改正。", label=where.label))
    return value


def birth_of(number: str) -> date:
    """Read the birth date inside a valid resident id."""
    return ric.get_birth_date(number)


def sex_of(number: str) -> str:
    """Read the sex inside a valid resident id: GB/T 2261.1 code, "1" male, "2" female."""
    return "1" if int(number[16]) % 2 else "2"


def credit_code(cell: Cell, where: Where) -> str:
    """Take a unified social credit code (GB 32100-2015).

    A wrong check character only warns: codes that were really issued fail it.
    """
    value = compact(as_text(cell)).replace("-", "").upper()
    if isinstance(cell, Decimal) or len(value) != 18 or not value.isascii() or not value.isalnum():
        raise CellError(
            _(
                "%(label)s“%(value)s”应是18位数字和字母，请对照营业执照改正。",
                label=where.label,
                value=shown(cell),
            )
        )
    if not uscc.is_valid(value):
        where.warn(
            _("%(label)s“%(value)s”的校验位对不上，请对照营业执照核对。", label=where.label, value=value)
        )
    return value


def _digits(cell: Cell) -> str:
    value = compact(as_text(cell))
    if isinstance(cell, Decimal):
        return value  # 1390000000.5 is no phone number
    return re.sub(r"[\s\-—–()（）.]", "", value)


def mobile(cell: Cell, where: Where) -> str:
    """Take a mainland mobile number with spaces, hyphens, +86 or full-width digits; hand back 11 digits."""
    value = re.sub(r"^(\+?86|0086)(?=1\d{10}$)", "", _digits(cell))
    if not _is_mobile(value):
        if _ROUNDED.match(as_text(cell).strip()):
            raise CellError(
                _(
                    "%(label)s“%(value)s”被表格软件写成了科学记数，号码已经看不到了，请把格式改成文本后重新填写11位手机号。",
                    label=where.label,
                    value=shown(cell),
                )
            )
        raise CellError(
            _("%(label)s“%(value)s”应是11位手机号，请改正。", label=where.label, value=shown(cell))
        )
    return value


def _is_mobile(digits: str) -> bool:
    return bool(
        _MOBILE.match(digits) or (current_app and current_app.config["DEMO"] and _INVENTED.match(digits))
    )


def landline(cell: Cell, where: Where) -> str:
    """Take a landline with its area code and hand it back as 0561-1234567, an extension after 转."""
    value = re.sub(r"^(\+86|0086)(?=[1-9])", "0", _digits(cell))
    match = _LANDLINE.match(value)
    if match is None:
        raise CellError(
            _(
                "%(label)s“%(value)s”看不懂，请带区号，写成010-12345678这样。",
                label=where.label,
                value=shown(cell),
            )
        )
    digits = match[1] + match[2]
    cut = 3 if digits[:3] in _THREE_DIGIT_AREAS else 4
    if not 7 <= len(digits) - cut <= 8:
        cut = len(match[1])
    return f"{digits[:cut]}-{digits[cut:]}" + (f"转{match[3]}" if match[3] else "")


def phone(cell: Cell, where: Where) -> str:
    """Take a mobile, a landline with area code, or a service number (400, 12371)."""
    digits = re.sub(r"^(\+?86|0086)(?=1\d{10}$)", "", _digits(cell))
    if _is_mobile(digits) or _SERVICE.match(digits):
        return digits
    return landline(cell, where)


def whole(least: int, most: int) -> Callable[[Cell, Where], int]:
    """Take a whole number within bounds."""

    def parse(cell: Cell, where: Where) -> int:
        value = (
            compact(as_text(cell)).replace(",", "").removesuffix("人").removesuffix("届").removeprefix("第")
        )
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise CellError(
                _(
                    "%(label)s“%(value)s”应是%(least)s到%(most)s的整数。",
                    label=where.label,
                    value=shown(cell),
                    least=least,
                    most=most,
                )
            )
        return int(value)

    return parse
