"""Read the cells of an uploaded sheet; one function for .xlsx, .xls and .csv."""

import csv
import io
import re
import zipfile
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import python_calamine as calamine

from portal.sheets import guard, hidden
from portal.sheets.errors import Cell, SheetError
from portal.sheets.hidden import NOTHING, Hidden
from portal.sheets.limits import DEFAULT, Limits
from portal.words import lazy_gettext as _

_FORMULA_ERROR = re.compile(rb'<c\s[^>]*\bt="e"')
_DATE1904 = re.compile(rb'<(?:\w+:)?workbookPr\b[^>]*\bdate1904="(?:1|true)"')
# DATEMODE=1 followed by PRECISION, the order in which the old format writes its globals
_XLS_1904 = b"\x22\x00\x02\x00\x01\x00\x0e\x00\x02\x00"
# a number that lost its last zero, or January: only the person knows
_LOST_ZERO = re.compile(r"^(1[89]|20)\d\d\.1$")


@dataclass(frozen=True, kw_only=True)
class Table:
    """One sheet's cells. `rows[i]` is the sheet's row number i + 1, so that messages name Excel's rows.

    `hidden` says which of them nobody sees; they are here all the same, whoever takes the sheet in decides.
    """

    name: str
    rows: list[list[Cell]]
    date1904: bool = False
    notices: tuple[Any, ...] = ()
    hidden: Hidden = NOTHING


def read_tables(data: bytes, filename: str = "", limits: Limits = DEFAULT) -> list[Table]:
    """Read every visible sheet of a file that has content.

    The file's name is only used to name a CSV's table. Raises SheetError with a sentence for the sender.
    """
    kind = guard.kind_of(data, limits)
    unread: list[str] = []
    if kind == "csv":
        tables = [_read_csv(data, filename, limits)]
    else:
        tables, unread = _read_workbook(data, kind, limits)
    tables = [table for table in tables if any(any(cell is not None for cell in row) for row in table.rows)]
    if not tables:
        if unread:
            raise SheetError(
                _(
                    "看得见的工作表里没有内容，隐藏的没有读：%(names)s。请取消隐藏，再传一次。",
                    names="、".join(unread),
                )
            )
        raise SheetError(_("这个文件里没有内容。"))
    return tables


def _read_workbook(data: bytes, kind: str, limits: Limits) -> tuple[list[Table], list[str]]:
    """Read the visible sheets, and name the hidden ones."""
    date1904, formula_errors = _facts(data, kind)
    notices: list[Any] = []
    if formula_errors:
        notices.append(_("表里有公式出错的格子（如#REF!），按空白处理。"))
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = book.sheets_metadata
        visible = [
            sheet.name
            for sheet in sheets
            if sheet.typ == calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == calamine.SheetVisibleEnum.Visible
        ]
        unread = [s.name for s in sheets if s.visible != calamine.SheetVisibleEnum.Visible]
        if unread:
            notices.append(_("隐藏的工作表没有读：%(names)s。", names="、".join(unread)))
        out_of_sight = hidden.of_workbook(data, kind, limits)
        tables = [
            replace(
                _read_sheet(book.get_sheet_by_name(name), limits),
                date1904=date1904,
                notices=tuple(notices),
                hidden=out_of_sight.get(name, NOTHING),
            )
            for name in visible
        ]
        return tables, unread
    except calamine.PasswordError:
        raise SheetError(_("这个文件设了打开密码。请去掉密码，另存一份再传。")) from None
    except calamine.CalamineError:
        raise guard.broken() from None
    except SheetError:
        raise
    except BaseException as error:
        # the parser is native code: its panics are not Exceptions
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise guard.broken() from None


def _facts(data: bytes, kind: str) -> tuple[bool, bool]:
    """Find what the parser does not tell: the 1904 calendar, cells holding errors."""
    if kind == "xls":
        return _XLS_1904 in data, False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        date1904, errors = False, False
        for name in archive.namelist():
            if name.lower() == "xl/workbook.xml":
                date1904 = bool(_DATE1904.search(archive.read(name)))
            elif name.lower().startswith("xl/worksheets/") and not errors:
                errors = bool(_FORMULA_ERROR.search(archive.read(name)))
    return date1904, errors


def _read_sheet(sheet: Any, limits: Limits) -> Table:
    end = sheet.end
    if end is None:
        return Table(name=sheet.name, rows=[])
    if end[0] >= limits.rows + 1000:
        raise guard.too_long(limits)
    if end[1] >= limits.columns:
        raise guard.too_wide(limits)
    rows = [[_cell(value, limits) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    _fill_down(rows, sheet.merged_cell_ranges or [])
    return Table(name=sheet.name, rows=rows)


def _fill_down(rows: list[list[Cell]], merges: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """Give every row of a merged block the block's value.

    One branch name merged over its members: every row means it. Sideways merges are titles and notes.
    """
    filled = 0
    for (top, left), (bottom, _right) in merges:
        filled += min(bottom, len(rows)) - top
        if filled > len(rows) * 20:
            raise guard.broken()  # overlapping merges, made to keep us busy
        if top < len(rows) and left < len(rows[top]):
            for row in rows[top + 1 : bottom + 1]:
                if row[left] is None:
                    row[left] = rows[top][left]


def _cell(value: Any, limits: Limits) -> Cell:
    """Turn what the parser hands out into a Cell."""
    if isinstance(value, str):
        return _text(value, limits)
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        # Excel keeps and shows 15 digits; what follows is binary noise
        return Decimal(format(value, ".15g"))
    if isinstance(value, datetime):
        return value.date() if value.time() == time(0) else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value
    return None if value is None else str(value)


def _text(value: str, limits: Limits) -> Cell:
    stripped = value.strip().strip("\ufeff\u200b\u3000")
    if len(stripped) > limits.cell_chars:
        raise SheetError(
            _(
                "有一格超过%(count)s个字，没有导入：“%(start)s…”。",
                count=limits.cell_chars,
                start=stripped[:20],
            )
        )
    return stripped or None


def _read_csv(data: bytes, filename: str, limits: Limits) -> Table:
    text = _decode(data)
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;，", key=first.count)
    rows: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if len(rows) >= limits.rows + 1000:
                raise guard.too_long(limits)
            if len(row) > limits.columns and any(cell.strip() for cell in row[limits.columns :]):
                raise guard.too_wide(limits)
            rows.append([_csv_cell(value, limits) for value in row[: limits.columns]])
    except csv.Error:
        raise SheetError(
            _("CSV文件里的引号不成对，没有导入。请在Excel或WPS里打开，另存为.xlsx再传。")
        ) from None
    name = re.split(r"[\\/]", filename)[-1].rsplit(".", 1)[0]
    return Table(name=name or "CSV", rows=rows)


def _csv_cell(value: str, limits: Limits) -> Cell:
    text = _text(value, limits)
    if isinstance(text, str):
        if text.startswith('="') and text.endswith('"'):
            text = text[2:-1] or None  # ="0123" is how people keep leading zeros in a CSV
        elif text.startswith("'") and text[1:2] in "=+-@＝＋－＠":
            text = text[1:]  # our own export's apostrophe
        elif _LOST_ZERO.match(text):
            return Decimal(text)
    return text


def _decode(data: bytes) -> str:
    """Decode UTF-8 (with or without mark), UTF-16 with mark, or GB18030."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codecs: tuple[str, ...] = ("utf-16",)
    else:
        codecs = ("utf-8-sig", "gb18030")
    for codec in codecs:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SheetError(_("看不懂这个CSV文件的文字编码。请在Excel或WPS里打开，另存为.xlsx再传。"))
