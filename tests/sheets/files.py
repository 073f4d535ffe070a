"""Make the files people really bring, good and bad, for the tests of portal.sheets."""

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import xlsxwriter

_OFFICIAL = """
序号 姓名 所在党支部 公民身份证号 性别 民族 出生日期 学历 人员类别 加入党组织日期 转为正式党员日期
工作岗位 手机号 固定电话 家庭住址 党籍状态 是否为失联党员 失去联系日期 是否为流动党员 外出流向 备注
"""
OFFICIAL = _OFFICIAL.split()


def xlsx(sheets, *, options=None, merges=(), hidden=()):
    """Write `{name: rows}` as an .xlsx and hand back its bytes; `merges` (range, text) are of the first."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, options or {})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for index, (name, rows) in enumerate(sheets.items()):
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if isinstance(value, date | datetime):
                    sheet.write_datetime(r, c, value, day)
                elif isinstance(value, bool):
                    sheet.write_boolean(r, c, value)
                elif isinstance(value, int | float | Decimal):
                    sheet.write_number(r, c, value)
                elif value is not None:
                    sheet.write_string(r, c, value)
        if index == 0:
            for cells, text in merges:
                sheet.merge_range(cells, text)
        if name in hidden:
            sheet.hide()
    book.close()
    return stream.getvalue()


def repacked(data, *, replace=None, add=None, encrypt=False):
    """Change members of a zip: `replace` maps a name to a function of its bytes, `add` adds members."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if replace and name in replace:
                content = replace[name](content)
            new.writestr(name, content)
        for name, content in (add or {}).items():
            new.writestr(name, content)
    result = bytearray(out.getvalue())
    if encrypt:
        # set the encrypted bit in every local and central header
        for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = result.find(magic)
            while at >= 0:
                result[at + offset] |= 1
                at = result.find(magic, at + 4)
    return bytes(result)


def with_id(serial, *, born="19850701", division="999999"):
    """Make an invented resident id of an unassigned division with a valid check character."""
    from stdnum.cn import ric

    body = f"{division}{born}{serial:03d}"
    return body + ric.calc_check_digit(body + "0")


def filtered(sheets, keep, *, header=0, **options):
    """Write an .xlsx as Excel leaves it when somebody filtered the first sheet: rows not kept are hidden."""
    book = openpyxl.load_workbook(io.BytesIO(xlsx(sheets, **options)))
    sheet = book.worksheets[0]
    last = sheet.cell(sheet.max_row, sheet.max_column).coordinate
    sheet.auto_filter.ref = f"A{header + 1}:{last}"
    sheet.auto_filter.add_filter_column(1, ["看得见的"])
    rows = next(iter(sheets.values()))
    for number, row in enumerate(rows[header + 1 :], start=header + 2):
        if not keep(row):
            sheet.row_dimensions[number].hidden = True
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
