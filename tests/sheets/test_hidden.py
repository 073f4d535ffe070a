"""Rows and columns nobody sees in the sheet are known by name, in both formats."""

from __future__ import annotations

import io
import struct
import zipfile

import openpyxl
import pytest
import xlsxwriter
import xlwt

from portal.sheets import hidden, hidden_xls
from portal.sheets.errors import SheetError
from portal.sheets.limits import DEFAULT
from portal.sheets.reading import read_tables
from tests.sheets.files import filtered, repacked, xlsx

PEOPLE = [["姓名", "支部", "备注"], ["王芳", "甲"], ["李明", "乙"], ["赵四", "甲"], ["钱五", "乙"]]


def old_format(*, rows: int = 4, sheets: int = 1) -> bytes:
    """Return an .xls whose every third row and whose second column are hidden, on its last sheet."""
    book = xlwt.Workbook(encoding="utf-8")
    for number in range(sheets):
        sheet = book.add_sheet(f"表{number}" if number else "Sheet")
        for r in range(rows):
            sheet.write(r, 0, f"行{r}")
            sheet.write(r, 1, r)
            sheet.row(r).hidden = number == sheets - 1 and r % 3 == 2
        sheet.col(1).hidden = number == sheets - 1
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_list_filtered_to_one_branch_tells_the_rows_that_are_filtered_away():
    [table] = read_tables(filtered({"表": PEOPLE}, lambda row: row[1] == "甲"))
    assert table.hidden.rows == {3, 5} and table.hidden.columns == frozenset()
    assert len(table.rows) == 5, "they are read all the same; whoever takes the sheet in decides"
    assert read_tables(xlsx({"表": PEOPLE}))[0].hidden == hidden.NOTHING


def test_rows_hidden_by_hand_folded_or_drawn_to_nothing_and_columns():
    book = openpyxl.Workbook()
    first, sheet = book.active, book.create_sheet("名单 & 底稿")
    first.append(["别的"])
    for row in PEOPLE:
        sheet.append(row)
    sheet.row_dimensions[2].hidden = True
    sheet.row_dimensions.group(3, 3, hidden=True)
    sheet.column_dimensions.group("B", "C", hidden=True)
    stream = io.BytesIO()
    book.save(stream)
    flat = {"xl/worksheets/sheet2.xml": lambda old: old.replace(b'<row r="4"', b'<row r="4" ht="0"')}
    other, table = read_tables(repacked(stream.getvalue(), replace=flat))
    assert other.hidden == hidden.NOTHING
    assert (table.name, table.hidden.rows, table.hidden.columns) == ("名单 & 底稿", {2, 3, 4}, {1, 2})


def test_a_workbook_saved_as_strict_open_xml_tells_them():
    plain = b"http://schemas.openxmlformats.org/officeDocument/2006"
    strict = b"http://purl.oclc.org/ooxml/officeDocument"
    data = filtered({"表": PEOPLE}, lambda row: row[1] == "甲")
    data = repacked(data, replace={"xl/workbook.xml": lambda old: old.replace(plain, strict)})
    assert hidden.of_workbook(data, "xlsx", DEFAULT)["表"].rows == {3, 5}


def test_words_in_cells_and_a_row_without_number_do_not_confuse():
    data = xlsx({"表": [['<row r="9" hidden="1">'], ["甲"], ["乙"]]})
    assert read_tables(data)[0].hidden == hidden.NOTHING

    def unnumbered(content: bytes) -> bytes:
        content = content.replace(b'<row r="2"', b"<row hidden='true'").replace(b'<row r="3"', b"<row")
        return content.replace(b'<c r="A2"', b"<c").replace(b'<c r="A3"', b"<c")

    changed = repacked(data, replace={"xl/worksheets/sheet1.xml": unnumbered})
    assert read_tables(changed)[0].hidden.rows == {2}


@pytest.mark.parametrize("rows", [4, 900], ids=["short", "long"])
@pytest.mark.parametrize("sheets", [1, 3])
def test_the_old_format_tells_them_too(rows: int, sheets: int):
    tables = read_tables(old_format(rows=rows, sheets=sheets), "名单.xls")
    assert [table.hidden == hidden.NOTHING for table in tables] == [True] * (sheets - 1) + [False]
    assert tables[-1].hidden.rows == {number for number in range(1, rows + 1) if number % 3 == 0}
    assert tables[-1].hidden.columns == {1}


def test_a_short_stream_inside_the_old_format_is_found():
    """Below 4096 bytes a stream lies in the mini stream: made by hand, xlwt always fills up."""
    stream = hidden_xls._Compound(old_format()).workbook()
    assert stream.startswith(b"\x09\x08") and len(stream) >= 4096
    assert hidden_xls.of_workbook(_compound(stream[:2000]))


def _compound(stream: bytes) -> bytes:
    """Write a compound file by hand: header, FAT, directory, mini FAT, mini stream."""
    count = -(-len(stream) // 64)
    held = stream.ljust(-(-count * 64 // 512) * 512, b"\0")
    sectors = len(held) // 512
    end = 0xFFFFFFFE
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<5H", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<II", header, 44, 1, 1)
    struct.pack_into("<I", header, 56, 4096)
    struct.pack_into("<IIII", header, 60, 2, 1, end, 0)
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    fat = [0xFFFFFFFD, end, end] + [number + 4 for number in range(sectors - 1)] + [end]
    fat += [0xFFFFFFFF] * (128 - len(fat))
    small = [number + 1 for number in range(count - 1)] + [end]
    small += [0xFFFFFFFF] * (128 - len(small))

    def entry(name: str, kind: int, first: int, size: int) -> bytes:
        made = bytearray(128)
        said = name.encode("utf-16-le") + b"\0\0"
        made[: len(said)] = said
        struct.pack_into("<HB", made, 64, len(said), kind)
        struct.pack_into("<II", made, 116, first, size)
        return bytes(made)

    directory = entry("Root Entry", 5, 3, len(held)) + entry("Workbook", 2, 0, len(stream)) + bytes(256)
    return bytes(header) + struct.pack("<128I", *fat) + directory + struct.pack("<128I", *small) + held


def test_a_damaged_old_file_hides_nothing_and_ends():
    """Whether it can be opened is for the parser to say; here nothing hangs and nothing breaks."""
    data = old_format()
    for at in range(0, 600, 7):
        assert isinstance(hidden_xls.of_workbook(data[:at] + b"\xff" + data[at + 1 :]), dict)
    assert hidden_xls.of_workbook(data[:700]) == {}
    assert hidden_xls.of_workbook(b"") == {}


def test_a_workbook_without_its_relations_hides_nothing():
    with zipfile.ZipFile(io.BytesIO(filtered({"表": PEOPLE}, lambda row: False))) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if "workbook.xml.rels" not in name}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)
    assert hidden.of_workbook(out.getvalue(), "xlsx", DEFAULT) == {}


def test_a_workbook_whose_data_is_on_a_hidden_sheet_says_so():
    book = xlsxwriter.Workbook(stream := io.BytesIO())
    book.add_worksheet("封面")
    sheet = book.add_worksheet("名单")
    sheet.write_string(0, 0, "姓名")
    sheet.hide()
    book.close()
    with pytest.raises(SheetError, match="隐藏的没有读：名单。请取消隐藏"):
        read_tables(stream.getvalue())
