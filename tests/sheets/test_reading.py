"""Reading: what people bring, and what is refused before any parser sees it."""

import io
import struct
import zipfile
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter
import xlwt

from portal.sheets.errors import SheetError
from portal.sheets.limits import Limits
from portal.sheets.reading import read_tables
from tests.sheets.files import repacked, xlsx

GOOD = xlsx({"表": [["姓名", "数"], ["王芳", 1]]})


def refused(data, name="表.xlsx", **limits):
    with pytest.raises(SheetError) as caught:
        read_tables(data, name, Limits(**limits) if limits else Limits())
    return str(caught.value)


def xls(rows, **options):
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = options.get("date1904", False)
    sheet = book.add_sheet("表")
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            sheet.write(r, c, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_xlsx_cells():
    [table] = read_tables(xlsx({"表": [["甲 ", 1985.7, 0.1 + 0.2, 5100, True, date(1985, 7, 1), None, " "]]}))
    assert table.rows == [
        ["甲", Decimal("1985.7"), Decimal("0.3"), Decimal(5100), True, date(1985, 7, 1), None, None]
    ]
    assert not any(isinstance(cell, float) for cell in table.rows[0])


def test_rows_keep_their_numbers_below_empty_ones():
    [table] = read_tables(xlsx({"表": [[], [], [None, "甲"]]}))
    assert table.rows[2] == [None, "甲"]


def test_1904_workbooks_are_known():
    [table] = read_tables(xlsx({"表": [[31229]]}, options={"date_1904": True}))
    assert table.date1904 is True
    assert read_tables(GOOD)[0].date1904 is False
    assert read_tables(xls([["甲", 1]], date1904=True))[0].date1904 is True
    assert read_tables(xls([["甲", 1]]))[0].date1904 is False


def test_old_xls_is_read_whatever_its_name():
    [table] = read_tables(xls([["姓名", "金额"], ["王芳", 12.5]]), "其实.xlsx")
    assert table.rows == [["姓名", "金额"], ["王芳", Decimal("12.5")]]


def test_xlsx_named_csv_is_read_by_its_magic():
    assert read_tables(GOOD, "表.csv")[0].rows[1] == ["王芳", Decimal(1)]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_of_every_encoding(codec, delimiter):
    text = "姓名,手机号\r\n王芳,13900000001\r\n𬭚仲,1\r\n".replace(",", delimiter)
    [table] = read_tables(text.encode(codec), "../../名单.csv")
    assert table.name == "名单"
    assert table.rows == [["姓名", "手机号"], ["王芳", "13900000001"], ["𬭚仲", "1"]]


def test_csv_quirks():
    [table] = read_tables(b'a,"b\n""c"""\n="0123",\'=1+1\n1985.1,1985.10\n', "x.csv")
    assert table.rows == [["a", 'b\n"c"'], ["0123", "=1+1"], [Decimal("1985.1"), "1985.10"]]


def test_merged_down_means_every_row_and_merged_across_is_a_title():
    data = xlsx(
        {"表": [["标题"], ["支部", "姓名"], ["甲支部", "王芳"], [None, "李强"]]},
        merges=[("A3:A4", "甲支部"), ("A1:B1", "标题")],
    )
    assert read_tables(data)[0].rows == [
        ["标题", None],
        ["支部", "姓名"],
        ["甲支部", "王芳"],
        ["甲支部", "李强"],
    ]


def test_hidden_sheets_are_named_and_not_read():
    [table] = read_tables(xlsx({"表": [["甲"]], "底稿": [["乙"]]}, hidden=["底稿"]))
    assert table.name == "表"
    assert [str(notice) for notice in table.notices] == ["隐藏的工作表没有读：底稿。"]


def test_cells_in_error_are_noticed():
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "甲")
    sheet.write_formula(0, 1, "=1/0", None, "#DIV/0!")
    book.close()
    [table] = read_tables(stream.getvalue())
    assert [str(notice) for notice in table.notices] == ["表里有公式出错的格子（如#REF!），按空白处理。"]


@pytest.mark.parametrize("data", [b"", b"  \r\n", b"\0" * 50, b"\xef\xbb\xbf"])
def test_empty_files(data):
    assert refused(data) == "这个文件是空的。"


def test_empty_sheets():
    assert refused(xlsx({"表": []})) == "这个文件里没有内容。"
    assert refused(b",,,\n,,\n") == "这个文件里没有内容。"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7 ...",
        b"\x89PNG\r\n\x1a\n....",
        b"MZ\x90\0",
        b"ab\0\0cd" * 9,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\1" * 600,
    ],
)
def test_other_files_are_not_sheets(data):
    assert refused(data) == "这个文件不是表格。请用.xlsx、.xls或.csv文件。"


def test_web_page_named_xls():
    assert "其实是网页" in refused(b"<html><table><tr><td>1</td></tr></table></html>", "表.xls")


def test_other_zip_is_not_a_sheet():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert "不是表格" in refused(stream.getvalue())


@pytest.mark.parametrize("cut", [30, 200, -30])
def test_broken_zip(cut):
    assert "打不开" in refused(GOOD[:cut])


def test_broken_inside():
    assert "打不开" in refused(repacked(GOOD, replace={"xl/worksheets/sheet1.xml": lambda b: b[:-80]}))


def test_upload_of_50_megabytes():
    assert refused(b"x" * (50 * 1024 * 1024)) == "文件超过10兆，没有导入。请分成几份再传。"


def test_zip_bomb_is_refused_while_unpacking():
    bomb = repacked(GOOD, add={"xl/media/a.bin": b"\0" * (60 * 1024 * 1024)})
    assert len(bomb) < 100_000
    assert "展开后太大" in refused(bomb)


def test_zip_that_lies_about_its_size():
    bomb = bytearray(repacked(GOOD, add={"xl/media/a.bin": b"\0" * (60 * 1024 * 1024)}))
    at = bomb.rfind(b"PK\x01\x02")
    struct.pack_into("<I", bomb, at + 24, 10)
    assert "展开后太大" in refused(bytes(bomb)) or "打不开" in refused(bytes(bomb))


def test_zip_of_a_thousand_members():
    assert "展开后太大" in refused(repacked(GOOD, add={f"xl/media/{n}": b"" for n in range(1001)}))


def test_zip_with_one_name_twice():
    with pytest.warns(UserWarning, match="Duplicate name"):
        doubled = repacked(GOOD, add={"xl/workbook.xml": b"<a/>"})
    assert "打不开" in refused(doubled)


@pytest.mark.parametrize("name", ["xl/vbaProject.bin", "xl/macrosheets/sheet1.xml"])
def test_macros(name):
    assert "宏" in refused(repacked(GOOD, add={name: b"x"}), "表.xlsm")


def test_macros_by_content_type():
    data = repacked(
        GOOD, replace={"[Content_Types].xml": lambda b: b.replace(b"sheet.main", b"macroEnabled.main")}
    )
    assert "宏" in refused(data)


def test_encrypted():
    assert "密码" in refused(repacked(GOOD, encrypt=True))
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\1" * 600 + "EncryptedPackage".encode("utf-16-le")
    assert "密码" in refused(ole)


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_entities(codec):
    evil = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet/>'.encode(
        codec
    )
    assert "打不开" in refused(repacked(GOOD, replace={"xl/worksheets/sheet1.xml": lambda b: evil}))
    late = b"<a>" + b" " * (1 << 20) + b"<!DOCTYPE x>"
    assert "打不开" in refused(repacked(GOOD, replace={"xl/worksheets/sheet1.xml": lambda b: late}))


def test_far_away_cell_is_refused_before_the_rectangle_is_made():
    def far(cell):
        return lambda b: b.replace(b'r="A2"', b'r="' + cell + b'"').replace(
            b'<row r="2"', b'<row r="%s"' % cell[-7:]
        )

    sheet = {"xl/worksheets/sheet1.xml"}
    assert "100000行" in refused(repacked(GOOD, replace={n: far(b"A1048576") for n in sheet}))
    assert "100列" in refused(repacked(GOOD, replace={n: far(b"XFD0000002") for n in sheet}))


def test_dimension_that_lies_costs_nothing():
    data = repacked(
        GOOD,
        replace={"xl/worksheets/sheet1.xml": lambda b: b.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')},
    )
    assert read_tables(data)[0].rows[1] == ["王芳", Decimal(1)]


def test_too_many_rows_and_columns():
    assert "超过5行" in refused(b"a,b\n" * 1006, rows=5)
    assert "超过3列" in refused(b"a,b,c,d\n", columns=3)
    assert "超过100列" in refused(xlsx({"表": [[str(n) for n in range(101)]]}))


def test_endless_cell():
    assert "超过2000个字" in refused(b"a," + b"x" * 3000)


def test_unpaired_quote():
    assert "引号不成对" in refused('姓名,备注\n王芳,"好\n'.encode())


def test_unknown_encoding():
    assert "编码" in refused(b"a,b\n\xff\xfe\xff,\x80\n")
