"""Writing: golden files read back by another program."""

import csv
import io
import re
from datetime import date
from urllib.parse import unquote

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.sheets.reading import read_tables
from portal.sheets.writing import content_disposition, write_csv, write_xlsx

RISKY = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")', "＝1"]


def written(headers, rows):
    stream = io.BytesIO()
    write_xlsx(stream, headers, rows, name="名册")
    return openpyxl.load_workbook(stream).active


def test_ids_stay_text():
    sheet = written(["身份证号", "手机"], [["110105194912310021", "013900000001"]])
    assert [(c.value, c.data_type, c.number_format) for c in sheet[2]] == [
        ("110105194912310021", "s", "@"),
        ("013900000001", "s", "@"),
    ]


@pytest.mark.parametrize("value", RISKY)
def test_formulas_are_defused(value):
    cell = written(["备注"], [[value]])["A2"]
    assert cell.data_type == "s" and cell.quotePrefix
    text = b"".join(write_csv(["备注"], [[value]])).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == ["'" + value]


def test_csv_has_a_mark_and_its_values_survive():
    rows = [["王芳", date(1985, 7, 1), None, True], ['引"号', "换\n行", "逗,号", False]]
    data = b"".join(write_csv(["姓名", "b", "c", "d"], rows))
    assert data.startswith(b"\xef\xbb\xbf") and b"\r\n" in data
    assert read_tables(data, "x.csv")[0].rows[1:] == [
        ["王芳", "1985-07-01", None, "是"],
        ['引"号', "换\n行", "逗,号", "否"],
    ]


def test_what_is_exported_is_imported_again():
    rows = [[value.strip() or "x", "110105194912310021"] for value in RISKY]
    assert read_tables(b"".join(write_csv(["甲", "乙"], rows)))[0].rows[1:] == rows
    stream = io.BytesIO()
    write_xlsx(stream, ["甲", "乙"], rows)
    assert read_tables(stream.getvalue())[0].rows[1:] == rows


@given(st.text(st.characters(), max_size=40))
def test_any_text_is_written(value):
    sheet = written(["甲"], [[value]])
    assert sheet.max_row <= 2 and sheet["A1"].value == "甲"
    assert sheet["A2"].data_type != "f"
    b"".join(write_csv(["甲"], [[value]]))


def test_content_disposition_carries_chinese_names():
    header = content_disposition("党员名册 2026.xlsx")
    assert header.startswith("attachment; filename=\"2026.xlsx\"; filename*=UTF-8''")
    assert unquote(header.split("''")[1]) == "党员名册 2026.xlsx"
    assert 'filename="download.xlsx"' in content_disposition("名册.xlsx")


@given(st.text())
def test_content_disposition_never_breaks_the_header_or_names_a_path(name):
    header = content_disposition(name)
    assert re.fullmatch(
        r"attachment; filename=\"[A-Za-z0-9._-]+\"; filename\*=UTF-8''[A-Za-z0-9._~%-]+", header
    )
    assert "/" not in unquote(header.split("''")[1])
