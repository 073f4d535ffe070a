"""Plain text, numbers of letters, and choices from a list."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from portal.sheets.errors import Cell, CellError, Where, shown
from portal.words import lazy_gettext as _

_INVISIBLE = dict.fromkeys(
    map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff")
)


def squeeze(value: str) -> str:
    """Make full-width letters, digits and signs ordinary, drop invisible signs, close up spaces.

    NFKC; the words of the text stay.
    """
    value = unicodedata.normalize("NFKC", value).translate(_INVISIBLE)
    return " ".join("".join(c if c.isprintable() or c.isspace() else "" for c in value).split())


def compact(value: str) -> str:
    """Squeeze and drop all spaces: for codes, names and headers."""
    return squeeze(value).replace(" ", "")


def as_text(cell: Cell) -> str:
    """Write a cell as text; a whole number without its decimal point."""
    if isinstance(cell, Decimal):
        return format(cell.normalize(), "f")
    if isinstance(cell, bool):
        return "是" if cell else "否"
    return "" if cell is None else str(cell)


def text(limit: int = 200) -> Callable[[Cell, Where], str]:
    """Take free text of at most `limit` characters.

    Full-width signs of a person's own text stay as written; only spaces and invisible signs go.
    """

    def parse(cell: Cell, where: Where) -> str:
        value = " ".join(as_text(cell).translate(_INVISIBLE).split())
        value = "".join(c for c in value if c.isprintable())
        if len(value) > limit:
            raise CellError(_("%(label)s太长，请缩短到%(limit)s个字以内。", label=where.label, limit=limit))
        return value

    return parse


def person_name(cell: Cell, where: Where) -> str:
    """Take a person's name: no digits, 2 to 50 characters, spaces between Chinese characters dropped."""
    value = squeeze(as_text(cell)).replace("•", "·").replace("・", "·").replace("‧", "·")
    if not any(c.isascii() and c.isalpha() for c in value):
        value = value.replace(" ", "")  # 王 芳 is how a two-character name is spread in a column
    if any(c.isdigit() for c in value) or not 2 <= len(value) <= 50:
        raise CellError(
            _("%(label)s“%(value)s”不像姓名，请写身份证上的姓名。", label=where.label, value=shown(cell))
        )
    return value


def full_name(limit: int = 100) -> Callable[[Cell, Where], str]:
    """Take the full name of an organization or a company.

    Brackets become the Chinese ones, spaces between Chinese characters go: both are typing habits.
    """

    def parse(cell: Cell, where: Where) -> str:
        value = squeeze(as_text(cell)).replace("(", "（").replace(")", "）")
        if not any(c.isascii() and c.isalpha() for c in value):
            value = value.replace(" ", "")
        if len(value) < 2 or len(value) > limit:
            raise CellError(
                _(
                    "%(label)s“%(value)s”要写全称，2到%(limit)s个字。",
                    label=where.label,
                    value=shown(cell),
                    limit=limit,
                )
            )
        return value

    return parse


def choice(names: Mapping[str, Any], *, hint: Iterable[str] = ()) -> Callable[[Cell, Where], Any]:
    """Take one of the given names (or codes) and hand back what it stands for.

    `hint` is what the message offers; without it the first eight names.
    """
    table = {compact(name).lower(): value for name, value in names.items()}
    offered = "、".join(hint or list(names)[:8])

    def parse(cell: Cell, where: Where) -> Any:
        try:
            return table[compact(as_text(cell)).lower()]
        except KeyError:
            raise CellError(
                _(
                    "%(label)s“%(value)s”看不懂，请写：%(names)s。",
                    label=where.label,
                    value=shown(cell),
                    names=offered,
                )
            ) from None

    return parse


yes_no = choice(
    {"是": True, "否": False, "有": True, "无": False, "y": True, "n": False, "yes": True, "no": False,
     "true": True, "false": False, "1": True, "0": False, "√": True, "✓": True, "×": False, "不是": False},
    hint=("是", "否"),
)  # fmt: skip


def split_names(cell: Cell, where: Where) -> tuple[str, ...]:
    """Take several names in one cell, parted by 、，, ；; or a line break."""
    raw = as_text(cell)
    for sign in "，,；;\n|":
        raw = raw.replace(sign, "、")
    parse = full_name()
    return tuple(dict.fromkeys(parse(part, where) for part in raw.split("、") if part.strip()))
