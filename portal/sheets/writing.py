"""Write sheets that Excel and WPS open rightly: ids stay text, nothing becomes a formula."""

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO
from urllib.parse import quote

from portal.sheets.profiles import CHOICES_SHEET, REASON_HEADER, ROW_HEADER, Profile

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_TEMPLATE_ROWS = 5000
#: A spreadsheet keeps fifteen digits; sums have two behind the point.
_EXACT = 10**13
_FORBIDDEN_IN_SHEET_NAME = str.maketrans("", "", "[]:*?/\\'")


def is_risky(text: str) -> bool:
    """Tell whether a spreadsheet could take the text for a formula (ASVS 1.2.10)."""
    return text.startswith(_FORMULA_STARTS)


def as_cell(value: Any) -> str:
    """Write a value as text; days in ISO, nothing for None, no control signs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, date):
        return value.isoformat()[:10]
    text = "".join(c for c in str(value) if c in "\t\n\r" or ord(c) >= 32)
    return text.encode("utf-8", "replace").decode()  # half of a character pair cannot be written


class _Book:
    """A workbook written row by row in constant memory; cells are text, but for sums and counts."""

    def __init__(self, stream: BinaryIO):
        import xlsxwriter  # where a workbook is written: no command needs it to start

        self.book = xlsxwriter.Workbook(
            stream,
            {"constant_memory": True, "tmpdir": tempfile.gettempdir(), "strings_to_formulas": False,
             "strings_to_urls": False, "strings_to_numbers": False},
        )  # fmt: skip
        self.text = self.book.add_format({"num_format": "@"})
        self.sum = self.book.add_format({"num_format": "#,##0.00"})
        self.count = self.book.add_format({"num_format": "0"})
        # the apostrophe Excel itself puts before text that looks like a formula
        self.quoted = self.book.add_format({"num_format": "@", "quote_prefix": True})
        self.head = self.book.add_format(
            {"num_format": "@", "bold": True, "bg_color": "#F2F2F2", "border": 1}
        )
        self.title = self.book.add_format({"bold": True, "font_size": 14})
        self.note = self.book.add_format({"text_wrap": True, "font_color": "#595959", "valign": "top"})

    def write(self, sheet: Any, row: int, column: int, value: Any, style: Any = None) -> None:
        number = value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
        if number is not None and -_EXACT < number < _EXACT:
            sheet.write_number(row, column, value, self.count if isinstance(value, int) else self.sum)
            return
        text = as_cell(value)[:32767]
        if text:
            sheet.write_string(row, column, text, self.quoted if is_risky(text) else style or self.text)


def write_xlsx(
    stream: BinaryIO,
    headers: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    name: str = "Sheet1",
    widths: Sequence[int] = (),
) -> None:
    """Write one sheet with a header row.

    Text stays text, so that no id loses a digit; ``int`` is a count and ``Decimal`` a sum in yuan, which a
    spreadsheet can add up.
    """
    book = _Book(stream)
    sheet = book.book.add_worksheet(name.translate(_FORBIDDEN_IN_SHEET_NAME)[:31] or "Sheet1")
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    for column, header in enumerate(headers):
        book.write(sheet, 0, column, header, book.head)
    for index, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            book.write(sheet, index, column, value)
    book.book.close()


def write_csv(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[bytes]:
    """Yield a CSV in pieces: UTF-8 with mark (Excel needs it), an apostrophe before would-be formulas."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    yield b"\xef\xbb\xbf"
    writer.writerow([_defused(value) for value in headers])
    for row in rows:
        writer.writerow([_defused(value) for value in row])
        if buffer.tell() > 65536:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _defused(value: Any) -> str:
    text = as_cell(value)
    return "'" + text if is_risky(text) else text


def write_refused(
    stream: BinaryIO, headers: Sequence[str], rows: Iterable[tuple[Sequence[str], int, str]]
) -> None:
    """Hand refused rows (cells, number, reasons) back in the person's own columns, the reasons beside them.

    Mended, the sheet can be imported as it is: the two added columns are ignored.
    """
    width = len(headers)
    write_xlsx(
        stream,
        [*headers, REASON_HEADER, ROW_HEADER],
        ([*(list(cells) + [""] * width)[:width], why, str(number)] for cells, number, why in rows),
        name=REASON_HEADER,
        widths=[14] * width + [60, 10],
    )


def write_template(stream: BinaryIO, profile: Profile) -> None:
    """Write an empty sheet to fill in: title, notes, header in row 3, data from row 4 (the official form).

    All cells are text, so that 1985.10 keeps its zero and ids keep their digits; lists drop down.
    """
    book = _Book(stream)
    sheet = book.book.add_worksheet(profile.title.translate(_FORBIDDEN_IN_SHEET_NAME)[:31])
    choices = book.book.add_worksheet(CHOICES_SHEET)
    for index, column in enumerate(profile.columns):
        sheet.set_column(index, index, column.width, book.text)
    sheet.freeze_panes(3, 0)
    book.write(sheet, 0, 0, profile.title, book.title)
    sheet.set_row(1, 18 * max(1, len(profile.notes)))
    book.write(sheet, 1, 0, "\n".join(str(note) for note in profile.notes), book.note)
    for index, column in enumerate(profile.columns):
        book.write(sheet, 2, index, f"{column.header}*" if column.required else column.header, book.head)
        _validate(sheet, index, column)
    listed = [(index, column) for index, column in enumerate(profile.columns) if column.choices]
    for row in range(max((len(column.choices) for _index, column in listed), default=0)):
        for index, column in listed:
            if row < len(column.choices):
                book.write(choices, row, index, column.choices[row])
    book.book.close()


def _validate(sheet: Any, index: int, column: Any) -> None:
    options: dict[str, Any] = {"validate": "any"}
    if column.choices:
        from xlsxwriter.utility import xl_col_to_name

        letter = xl_col_to_name(index)
        options = {
            "validate": "list",
            "source": f"={CHOICES_SHEET}!${letter}$1:${letter}${len(column.choices)}",
            "error_type": "warning",
        }
    if column.note:
        options |= {"input_title": column.header[:32], "input_message": str(column.note)[:255]}
    if column.choices or column.note:
        sheet.data_validation(3, index, 3 + _TEMPLATE_ROWS, index, options)


def content_disposition(filename: str) -> str:
    """Write the header of a download with a Chinese name (RFC 6266, RFC 8187); never a path."""
    name = "".join(c for c in filename if c.isprintable() and c not in '/\\"<>|:*?').strip(". ") or "file"
    dot = name.rfind(".")
    plain = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_."))
    if not plain or plain == name[dot:]:
        plain = "download" + (name[dot:] if dot > 0 and name[dot:].isascii() else "")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
