"""The rows of a sheet: which of them are data, and what their cells say."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from portal.sheets.errors import Cell, CellError, Where
from portal.sheets.profiles import Column, ColumnMap, Profile
from portal.sheets.reading import Table
from portal.sheets.values import text as words
from portal.words import lazy_gettext as _

_NOTE_STARTS = (
    "注",
    "说明",
    "填表",
    "填报",
    "备注:",
    "备注：",
    "合计",
    "总计",
    "小计",
    "制表",
    "审核",
    "负责人",
)


class Verdict(StrEnum):
    """What would become of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"
    #: Left out unjudged: nobody sees the row in the sheet.
    HIDDEN = "hidden"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field that would change, as people read it."""

    field: str
    label: str
    old: str
    new: str


@dataclass(kw_only=True)
class Row:
    """One data row: `number` is the row in the person's own sheet, `cells` what stood there."""

    number: int
    cells: tuple[str, ...]
    values: dict[str, Any]
    reasons: list[Any] = field(default_factory=list)
    warnings: list[Any] = field(default_factory=list)
    verdict: Verdict = Verdict.SAME
    changes: tuple[Change, ...] = ()
    target: Any = None

    def refuse(self, reason: Any) -> None:
        """Add a reason; the row will not be imported."""
        self.reasons.append(reason)
        self.verdict = Verdict.REFUSED

    def sentence(self) -> str:
        """Say why the row was not imported (ux.md Words, import row)."""
        if not self.reasons:
            return ""
        why = "".join(str(reason) for reason in self.reasons)
        return str(_("第%(number)s行%(why)s这一行没有导入。", number=self.number, why=why))


def data_rows(table: Table, mapping: ColumnMap) -> Iterator[tuple[int, list[Cell] | None]]:
    """Yield (row number, cells) of each row under the header; None for blank, note and total rows."""
    used = set(mapping.positions.values())
    number_at = mapping.positions.get("number")
    header = [words.compact(h) for h in mapping.headers]
    started = False
    for index in range(mapping.header_row + 1, len(table.rows)):
        row = table.rows[index]
        filled = [p for p in used if p < len(row) and row[p] is not None]
        if not filled:
            yield index + 1, None
            continue
        first = next(cell for cell in row if cell is not None)
        ordinal = row[number_at] if number_at is not None and number_at < len(row) else None
        says = words.compact(first) if isinstance(first, str) else ""
        is_note = says.startswith(_NOTE_STARTS) and (
            len(filled) < 3 or says.startswith(("合计", "总计", "小计"))
        )
        only_ordinal = filled == [number_at]
        # headers of two rows, and headers repeated at a page break
        repeated = sum(words.compact(words.as_text(row[p])) == header[p] for p in filled) >= 2
        # filling hints between header and data have words where data has its ordinal
        hint = not started and isinstance(ordinal, str) and not _is_number(ordinal)
        if is_note or only_ordinal or repeated or hint:
            yield index + 1, None
            continue
        started = True
        yield index + 1, row


def _is_number(cell: str) -> bool:
    return words.compact(cell).rstrip(".、").isdecimal()


def parse_row(
    number: int, cells: list[Cell], profile: Profile, mapping: ColumnMap, *, date1904: bool = False
) -> Row:
    """Read the cells of one row; every unreadable cell becomes a reason, not only the first."""
    row = Row(number=number, cells=tuple(words.as_text(cell) for cell in cells), values={})
    for column in profile.columns:
        position = mapping.positions.get(column.name)
        if position is None:
            continue
        cell = cells[position] if position < len(cells) else None
        if isinstance(cell, str) and not words.compact(cell):
            cell = None
        _parse_cell(row, column, cell, date1904)
    return row


def _parse_cell(row: Row, column: Column, cell: Cell, date1904: bool) -> None:
    if cell is None:
        if column.required:
            row.refuse(_("没有填“%(label)s”。", label=column.header))
        return
    where = Where(label=column.header, date1904=date1904, warnings=row.warnings)
    try:
        row.values[column.name] = column.parse(cell, where)
    except CellError as error:
        row.refuse(error.message)
