"""Recognising sheets and judging their rows."""

import io
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.sheets.dryrun import difference, dry_run
from portal.sheets.errors import SheetError
from portal.sheets.profiles import Column, MissingColumns, Profile, best_table, letters, recognise
from portal.sheets.reading import read_tables
from portal.sheets.rows import Verdict
from portal.sheets.values import dates, money, numbers, text
from portal.sheets.writing import write_refused, write_template
from tests.sheets.files import with_id, xlsx

PEOPLE = Profile(
    name="people",
    title="人员表",
    columns=(
        Column(name="number", header="序号"),
        Column(name="name", header="姓名", parse=text.person_name, required=True),
        Column(
            name="id", header="公民身份证号", parse=numbers.resident_id, aliases=("身份证号",), required=True
        ),
        Column(name="born", header="出生日期", parse=dates.day),
        Column(name="base", header="基数", parse=money.fen, show=money.yuan),
        Column(name="sex", header="性别", choices=("男", "女")),
    ),
    keys=("id",),
    notes=("从第4行开始填。",),
)
HEAD = ["序号", "姓名", "公民身份证号", "出生日期", "基数"]


def run(rows, check=None, **kwargs):
    [table] = read_tables(xlsx({"表": rows}, **kwargs))
    mapping = recognise(table, PEOPLE)
    return dry_run(table, PEOPLE, mapping, check or everything_new)


def everything_new(rows):
    for row in rows:
        row.verdict = Verdict.NEW


def test_headers_reordered_renamed_starred_and_bracketed():
    report = run([["身份证号（必填）", "基数（元）", "姓 名*", "爱好"], [with_id(1), "10", "王芳", "书"]])
    assert report.rows[0].values == {"id": with_id(1), "base": 1000, "name": "王芳"}
    assert [str(n) for n in report.notices] == [
        "这些列没有用到：爱好。",
        "表里没有这些列，原来的内容不变：出生日期、性别。",
    ]


def test_header_below_a_title_and_hints_and_notes_around_the_data():
    report = run(
        [
            ["人员表", None, None, None, None],
            ["填表单位：甲", None, None, None, None],
            HEAD,
            ["编号", "写全名", "18位", "年月日", "元"],
            [1, "王芳", with_id(1), "1985.7", 10],
            [],
            [2, "李强", with_id(2), "1985.7", 10],
            [3, None, None, None, None],
            ["合计", None, None, None, 20],
            ["注：以上数据截至6月。", None, None, None, None],
        ]
    )
    assert [(row.number, row.values["name"]) for row in report.rows] == [(5, "王芳"), (7, "李强")]
    assert report.skipped == [4, 6, 8, 9, 10]


def test_header_repeated_at_a_page_break_and_header_of_two_merged_rows():
    report = run(
        [HEAD, [None] * 5, [1, "王芳", with_id(1)], HEAD, [2, "李强", with_id(2)]],
        merges=[(f"{c}1:{c}2", header) for c, header in zip("ABCDE", HEAD, strict=True)],
    )
    assert [row.number for row in report.rows] == [3, 5]


def test_header_standing_twice_is_refused():
    with pytest.raises(SheetError) as caught:
        run([["姓名", "公民身份证号", "身份证号"], ["王芳", with_id(1), with_id(1)]])
    assert str(caught.value) == "“公民身份证号”这一列出现了两次（B列和C列），请只留一列。"


def test_missing_column_can_be_pointed_out():
    [table] = read_tables(xlsx({"表": [["名字", "公民身份证号"], ["王芳", with_id(1)]]}))
    with pytest.raises(SheetError) as caught:
        recognise(table, PEOPLE)
    assert "没找到" in str(caught.value)
    chosen = recognise(table, PEOPLE, {0: "name", 1: "id"})
    assert chosen.positions == {"name": 0, "id": 1}


def test_missing_required_column_says_which():
    [table] = read_tables(xlsx({"表": [["序号", "姓名"], [1, "王芳"]]}))
    with pytest.raises(MissingColumns) as caught:
        recognise(table, PEOPLE)
    assert "没找到“公民身份证号”这一列" in str(caught.value)


def test_sheet_without_header():
    with pytest.raises(SheetError, match="没找到表头"):
        run([["王芳", with_id(1)]])


def test_best_of_several_sheets():
    tables = read_tables(xlsx({"说明": [["请看"]], "人": [HEAD, [1, "王芳", with_id(1)]], "可选值": [HEAD]}))
    table, others = best_table(tables, PEOPLE)
    assert (table.name, others) == ("人", ["说明"])


def test_every_wrong_cell_of_a_row_is_said_in_one_sentence():
    report = run([HEAD, [1, None, "123", "1985.13", -3]])
    [row] = report.refused
    assert row.sentence() == (
        "第2行没有填“姓名”。公民身份证号应是18位（现在3位），请对照身份证改正。"
        "出生日期“1985.13”看不懂，请改成1985-03这样的写法。基数“-3”是负数，请写不小于0的金额。这一行没有导入。"
    )
    assert report.counts == {"new": 0, "changed": 0, "same": 0, "refused": 1}


def test_import_row_words_of_the_design():
    report = run([HEAD, [1, "王芳", with_id(1), "1985.13"]])
    assert report.rows[0].sentence() == (
        "第2行出生日期“1985.13”看不懂，请改成1985-03这样的写法。这一行没有导入。"
    )


def test_same_person_twice_in_a_file():
    report = run([HEAD, [1, "王芳", with_id(1)], [2, "王芳", with_id(1).lower()]])
    assert [row.verdict for row in report.rows] == ["new", "refused"]
    assert report.rows[1].sentence() == "第3行“公民身份证号”和第2行重复，请只留一行。这一行没有导入。"


def test_check_sees_readable_rows_only_and_progress_is_told():
    seen, told = [], []
    [table] = read_tables(
        xlsx({"表": [HEAD, *[[n, "王芳", with_id(n)] for n in range(1, 700)], [700, "?", "x"]]})
    )
    dry_run(
        table, PEOPLE, recognise(table, PEOPLE), lambda rows: seen.append(len(rows)),
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert seen == [500, 199] and told == [(500, 700), (700, 700)]


def test_difference_ignores_empty_cells():
    old = {"name": "王芳", "born": date(1985, 7, 1), "base": 1000}
    [change] = difference(PEOPLE, old, {"name": "王芳", "base": 2050})
    assert (change.label, change.old, change.new) == ("基数", "10.00", "20.50")


def test_wrong_rows_come_back_and_can_be_imported_after_mending():
    report = run(
        [["爱好", *HEAD], ["书", 1, "王芳", with_id(1), "1985.13", 5], ["=1+1", 2, "李强", with_id(2)]]
    )
    stream = io.BytesIO()
    refused = ((row.cells, row.number, "".join(map(str, row.reasons))) for row in report.refused)
    write_refused(stream, report.mapping.headers, refused)
    sheet = openpyxl.load_workbook(stream).active
    assert [[cell.value for cell in row] for row in sheet.rows] == [
        ["爱好", *HEAD, "没有导入的原因", "原表行号"],
        [
            "书",
            "1",
            "王芳",
            with_id(1),
            "1985.13",
            "5",
            "出生日期“1985.13”看不懂，请改成1985-03这样的写法。",
            "2",
        ],
    ]
    sheet["E2"] = "1985-03"
    mended = io.BytesIO()
    sheet.parent.save(mended)
    [table] = read_tables(mended.getvalue())
    again = dry_run(table, PEOPLE, recognise(table, PEOPLE), everything_new)
    assert again.counts["new"] == 1 and "没有导入的原因" not in "".join(map(str, again.notices))


def test_template_is_recognised_and_empty():
    stream = io.BytesIO()
    write_template(stream, PEOPLE)
    table, others = best_table(read_tables(stream.getvalue()), PEOPLE)
    mapping = recognise(table, PEOPLE)
    assert mapping.header_row == 2 and others == [] and mapping.extra == ()
    assert dry_run(table, PEOPLE, mapping, everything_new).rows == []
    book = openpyxl.load_workbook(stream)
    sheet = book["人员表"]
    assert [cell.value for cell in sheet[3]] == ["序号", "姓名*", "公民身份证号*", "出生日期", "基数", "性别"]
    ids = next(d for d in sheet.column_dimensions.values() if d.min <= 3 <= d.max)
    assert ids.number_format == "@"
    rules = [v for v in sheet.data_validations.dataValidation if v.type == "list"]
    assert [(v.formula1, str(v.sqref)) for v in rules] == [("可选值!$F$1:$F$2", "F4:F5004")]
    assert [book["可选值"]["F1"].value, book["可选值"]["F2"].value] == ["男", "女"]


@given(st.lists(st.lists(st.text(max_size=8), min_size=1, max_size=4), min_size=1, max_size=5))
def test_any_refused_rows_come_back_whole(cells):
    stream = io.BytesIO()
    write_refused(stream, ["甲", "乙"], [(row, n, "原因") for n, row in enumerate(cells, 2)])
    book = openpyxl.load_workbook(stream)
    assert book.active.max_row == len(cells) + 1
    assert not any(cell.data_type == "f" for row in book.active.rows for cell in row)


def test_letters():
    assert [letters(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_column_declared_twice():
    with pytest.raises(ValueError, match="declared twice"):
        PEOPLE.with_columns([Column(name="base", header="基数")])
