"""Declare what a sheet may contain, and recognise it by its headers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from portal.sheets.errors import Cell, SheetError, Where
from portal.sheets.reading import Table
from portal.sheets.values import text as words
from portal.words import lazy_gettext as _

Parser = Callable[[Cell, Where], Any]
REASON_HEADER = "没有导入的原因"
ROW_HEADER = "原表行号"
CHOICES_SHEET = "可选值"
_IGNORED = {REASON_HEADER, ROW_HEADER}
_HEADER_WITHIN = 20  # rows from the top in which a header is looked for
_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: `name` is the key of the value, `header` the Chinese words that stand in the sheet.

    `data_class` is 0-4 of domain.md §9.1; `show` writes a value back as it stands in a sheet; `choices`
    become a drop-down; `width` is in characters.
    """

    name: str
    header: str
    parse: Parser = field(default_factory=words.text)
    aliases: tuple[str, ...] = ()
    required: bool = False
    data_class: int = 1
    choices: tuple[str, ...] = ()
    width: int = 14
    note: Any = ""
    show: Callable[[Any], str] = str


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One kind of sheet. `keys` are the columns by which two rows of a file are the same thing."""

    name: str
    title: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...] = ()
    notes: tuple[Any, ...] = ()

    def column(self, name: str) -> Column:
        """Find a column by its name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def with_columns(self, extra: Sequence[Column]) -> "Profile":
        """Add columns at the end, as plugins do; a name already taken raises ValueError."""
        taken = {column.name for column in self.columns}
        for column in extra:
            if column.name in taken:
                raise ValueError(f"column {column.name!r} of sheet {self.name!r} is declared twice")
            taken.add(column.name)
        return replace(self, columns=(*self.columns, *extra))


@dataclass(frozen=True, kw_only=True)
class ColumnMap:
    """Which column of a table is what. `header_row` and positions count from 0."""

    header_row: int
    positions: Mapping[str, int]
    headers: tuple[str, ...]
    extra: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def bare(header: Any) -> str:
    """Reduce a header to what it says: no spaces, stars, colons."""
    return words.compact(words.as_text(header)).strip("*:：★●").lower()


def _known(profile: Profile) -> dict[str, str]:
    names: dict[str, str] = {}
    for column in profile.columns:
        for header in (column.header, *column.aliases):
            names.setdefault(bare(header), column.name)
    return names


def _match(cell: Cell, names: Mapping[str, str]) -> str | None:
    if not isinstance(cell, str):
        return None
    header = bare(cell)
    # 手机号（必填） is 手机号, unless the brackets are part of a known header
    return names.get(header) or names.get(_BRACKETS.sub("", header))


def find_header(table: Table, profile: Profile) -> tuple[int, int]:
    """Find the row that looks most like the header; hand back (row from 0, number of known headers)."""
    names = _known(profile)
    best, score = 0, 0
    for index, row in enumerate(table.rows[:_HEADER_WITHIN]):
        found = len({name for cell in row if (name := _match(cell, names))})
        if found > score:
            best, score = index, found
    return best, score


def known_positions(headers: Sequence[Cell], profile: Profile) -> dict[int, str]:
    """Tell which columns recognise themselves by their header (position: name)."""
    names = _known(profile)
    found = {position: _match(cell, names) for position, cell in enumerate(headers)}
    return {position: name for position, name in found.items() if name}


def recognise(table: Table, profile: Profile, chosen: Mapping[int, str] | None = None) -> ColumnMap:
    """Tell which column is what, by the headers or as a person chose (`position: name`, "" for none).

    Raises SheetError when no header row is found, a header stands twice, or a required column is missing.
    """
    header_row, score = find_header(table, profile)
    row = table.rows[header_row]
    if score < 2 and not chosen:
        raise SheetError(
            _(
                "工作表“%(sheet)s”里没找到表头。请用模板，或者核对表头里有没有：%(names)s。",
                sheet=table.name,
                names="、".join(column.header for column in profile.columns if column.required),
            )
        )
    named = dict(chosen) if chosen is not None else known_positions(row, profile)
    positions: dict[str, int] = {}
    extra: list[str] = []
    for position, cell in enumerate(row):
        name = named.get(position, "")
        if name and name in positions:
            raise SheetError(
                _(
                    "“%(header)s”这一列出现了两次（%(first)s列和%(second)s列），请只留一列。",
                    header=profile.column(name).header,
                    first=letters(positions[name]),
                    second=letters(position),
                )
            )
        if name:
            positions[name] = position
        elif cell is not None and words.as_text(cell) not in _IGNORED:
            extra.append(words.as_text(cell))
    missing = [c.header for c in profile.columns if c.required and c.name not in positions]
    if missing:
        raise MissingColumns(profile, missing)
    headers = tuple(words.as_text(cell) for cell in row)
    absent = tuple(c.header for c in profile.columns if c.name not in positions and c.name != "number")
    return ColumnMap(
        header_row=header_row, positions=positions, headers=headers, extra=tuple(extra), absent=absent
    )


class MissingColumns(SheetError):
    """Refuse a sheet without a required column; a person may still say which column it is."""

    def __init__(self, profile: Profile, missing: list[str]):
        super().__init__(
            _(
                "没找到“%(names)s”这一列。如果您的表里叫别的名字，请指给我们看，或者把表头改过来再传。",
                names="”“".join(missing),
            )
        )
        self.missing = missing


def best_table(tables: Sequence[Table], profile: Profile) -> tuple[Table, list[str]]:
    """Choose the sheet that fits best; hand it back with the names of the others that also have content."""
    candidates = [table for table in tables if table.name != CHOICES_SHEET] or list(tables)
    best = max(candidates, key=lambda table: find_header(table, profile)[1])
    return best, [table.name for table in candidates if table is not best]


def letters(position: int) -> str:
    """Name a column as Excel does: 0 is A, 26 is AA."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(65 + rest) + name
    return name
