"""Values: every form people write, and the words for those they should not."""

import unicodedata
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.sheets.errors import CellError, Where
from portal.sheets.values import codes, dates, money, numbers, text
from tests.sheets.files import with_id

AT = Where(label="出生日期")


def said(parse, cell, **where):
    with pytest.raises(CellError) as caught:
        parse(cell, Where(label=where.pop("label", "出生日期"), **where))
    return str(caught.value)


@pytest.mark.parametrize(
    "cell",
    [
        "1985.7", "1985.07", "198507", "1985-07-01", "1985年7月1日", "1985年7月", "1985/7/1", "１９８５．７",
        " 1985 年 7 月 1 日 ", "1985-07-01 00:00:00", "19850701", "31229", Decimal("1985.7"),
        Decimal("198507"),
        Decimal("31229"), Decimal("19850701"), date(1985, 7, 1),
    ],
)  # fmt: skip
def test_day_takes_every_form(cell):
    assert dates.day(cell, AT) == date(1985, 7, 1)


def test_day_unreadable_says_the_words_of_the_design():
    assert said(dates.day, "1985.13") == "出生日期“1985.13”看不懂，请改成1985-03这样的写法。"
    assert said(dates.day, Decimal("1985.13")) == said(dates.day, "1985.13")


@pytest.mark.parametrize("cell", ["1985", "去年", "1985-02-30", "85.7", "2024-2-2-2", True, "12:00:00",
                                  Decimal("1985"), Decimal("-5"), Decimal("0.5"), Decimal("60"),
                                  Decimal("9" * 14), "²985-07-01x"])  # fmt: skip
def test_day_refuses(cell):
    assert "请改成1985-03这样的写法" in said(dates.day, cell)


def test_day_lost_zero_is_asked_about():
    assert (
        said(dates.day, Decimal("1985.1")) == "出生日期“1985.1”分不清是1月还是10月，请改成1985-01或1985-10。"
    )
    assert dates.day("1985.1", AT) == date(1985, 1, 1)


def test_day_out_of_all_living_memory_is_refused():
    assert "不可能" in said(dates.day, "1899-12-31")
    assert "不可能" in said(dates.day, date(1900, 2, 28))


def test_serials_of_both_calendars():
    assert dates.from_serial(Decimal(59), date1904=False) == date(1900, 2, 28)
    assert dates.from_serial(Decimal(60), date1904=False) is None  # the day that never was
    assert dates.from_serial(Decimal(61), date1904=False) == date(1900, 3, 1)
    assert dates.from_serial(Decimal(31229), date1904=False) == date(1985, 7, 1)
    assert dates.day(Decimal(31229 - 1462), Where(label="x", date1904=True)) == date(1985, 7, 1)


@given(st.dates(min_value=date(1900, 3, 1), max_value=date(2100, 12, 31)))
def test_day_round_trip(day):
    assert dates.day(day.isoformat(), AT) == day
    assert dates.day(f"{day.year}年{day.month}月{day.day}日", AT) == day
    serial = (day - date(1899, 12, 30)).days
    if serial > 2150:
        assert dates.day(Decimal(serial), AT) == day


@pytest.mark.parametrize(
    "cell", ["2026-05", "2026年5月", "202605", "2026.5", Decimal("202605"), date(2026, 5, 17)]
)
def test_month_takes_every_form(cell):
    assert dates.month(cell, AT) == date(2026, 5, 1)


def test_month_refuses():
    assert said(dates.month, "2026", label="党费缴至") == "党费缴至“2026”看不懂，请改成2026-05这样的写法。"
    assert "1月还是10月" in said(dates.month, Decimal("2026.1"))


@pytest.mark.parametrize("value", ["11010519491231002X", "440524188001010014", "370101190102039973"])
def test_resident_id_vectors_of_the_standard(value):
    if value[6:10] < "1900":
        assert "最后一位" in said(numbers.resident_id, value)
    else:
        assert numbers.resident_id(value, AT) == value


def test_resident_id_is_lenient_in_form():
    assert numbers.resident_id(" 110105 19491231 002x ", AT) == "11010519491231002X"
    assert numbers.resident_id("１１０１０５１９４９１２３１００２Ｘ", AT) == "11010519491231002X"
    assert numbers.resident_id(with_id(7), AT) == with_id(7)  # a division that never was


def test_resident_id_refusals_say_what_to_do():
    where = {"label": "公民身份证号"}
    assert "数字格式" in said(numbers.resident_id, Decimal("1.10105194912310E+17"), **where)
    assert "15位" in said(numbers.resident_id, "110105491231002", **where)
    assert "15位" in said(numbers.resident_id, Decimal("110105491231002"), **where)
    assert "最后一位" in said(numbers.resident_id, "110105194912310021", **where)
    assert "出生日期" in said(numbers.resident_id, "110105194913310021", **where)
    assert "现在17位" in said(numbers.resident_id, "11010519491231002", **where)
    assert "不该有" in said(numbers.resident_id, "1101051949123100ZX", **where)


def test_resident_id_messages_never_repeat_the_number():
    for cell in ("110105194912310021", "110105491231002", "11010519491231002"):
        assert "1949" not in said(numbers.resident_id, cell, label="公民身份证号")


def test_credit_code_checksum_warns_and_never_blocks():
    for code, warned in (
        ("91350100M000100Y43", False),
        ("91350100M000100Y4Z", True),
        ("91350211M0000XUF46", True),
    ):
        where = Where(label="信用代码", warnings=[])
        assert numbers.credit_code(code.lower(), where) == code
        assert bool(where.warnings) is warned
    assert "18位" in said(numbers.credit_code, "9135010", label="信用代码")


@pytest.mark.parametrize(
    "cell",
    [
        "13900000001",
        "139 0000 0001",
        "139-0000-0001",
        "+86 13900000001",
        "8613900000001",
        Decimal("13900000001"),
    ],
)
def test_mobile_takes_every_form(cell):
    assert numbers.mobile(cell, AT) == "13900000001"


@pytest.mark.parametrize(
    "cell", ["12900000001", "1390000000", "139000000012", "电话", Decimal("1390000000.5")]
)
def test_mobile_refuses(cell):
    assert "11位手机号" in said(numbers.mobile, cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("010-12345678", "010-12345678"), ("(0562)3210000", "0562-3210000"), 
     ("０５６２－３２１００００", "0562-3210000"), ("0562 3210000转12", "0562-3210000转12"),
     ("+86 562 3210000", "0562-3210000")],
)  # fmt: skip
def test_landline(cell, value):
    assert numbers.landline(cell, AT) == value


def test_landline_without_area_code_is_refused():
    assert "带区号" in said(numbers.landline, "3210000")
    assert numbers.phone("400-123-4567", AT) == "4001234567"


@pytest.mark.parametrize(
    ("cell", "fen"),
    [("5100", 510000), ("5,100.00", 510000), ("¥5100.1", 510010), ("￥５１００", 510000), ("0", 0),
     ("5100元", 510000), (Decimal("5100.1"), 510010), (Decimal("0.30"), 30), ("5100.100", 510010),
     (Decimal("1E+3"), 100000)],
)  # fmt: skip
def test_fen(cell, fen):
    assert money.fen(cell, AT) == fen


@pytest.mark.parametrize("cell", ["5100.001", Decimal("5100.001"), "-5", Decimal("-5"), "1e3", "五千",
                                  "51,00", "5.1.0", True, "9" * 14,
                                  date(2026, 1, 1), ".5", "(5)"])  # fmt: skip
def test_fen_refuses(cell):
    said(money.fen, cell)


@given(st.integers(min_value=0, max_value=10**11))
def test_fen_round_trip(amount):
    assert money.fen(money.yuan(amount), AT) == amount
    assert money.fen(Decimal(amount) / 100, AT) == amount


@given(st.text())
def test_no_parser_raises_anything_but_cell_errors(cell):
    parsers = (
        dates.day, dates.month, numbers.resident_id, numbers.credit_code, numbers.mobile, numbers.landline,
        numbers.phone, money.fen, codes.nation, codes.education, codes.sex, text.yes_no, text.person_name,
        text.full_name(), text.text(), text.split_names,
    )  # fmt: skip
    for parse in parsers:
        for value in (cell, unicodedata.normalize("NFKC", cell)):
            try:
                parse(value, Where(label="列"))
            except CellError as error:
                assert str(error)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=10**17))
def test_no_parser_chokes_on_numbers(cell):
    for parse in (
        dates.day,
        dates.month,
        numbers.resident_id,
        numbers.mobile,
        money.fen,
        codes.nation,
        text.text(),
    ):
        try:
            parse(cell, Where(label="列"))
        except CellError as error:
            assert str(error)


def full_width(value):
    return "".join(chr(ord(c) + 0xFEE0) if 33 <= ord(c) <= 126 else c for c in value)


@given(st.sampled_from([
    (dates.day, "1985-07-01"), (dates.day, "198507"), (numbers.mobile, "13900000001"),
    (numbers.resident_id, "11010519491231002X"), (numbers.credit_code, "91350100M000100Y43"),
    (money.fen, "5100.10"), (codes.sex, "男"), (codes.nation, "01"),
]), st.integers(0, 20))  # fmt: skip
def test_full_width_and_spaces_mean_the_same(pair, at):
    parse, plain = pair
    at = min(at, len(plain))
    expected = parse(plain, AT)
    assert parse(full_width(plain), AT) == expected
    assert parse(f"  {plain[:at]}\u200b {plain[at:]}\u3000", AT) == expected


def test_codes():
    assert codes.nation("汉族", AT) == "01" == codes.nation("汉", AT) == codes.nation(Decimal(1), AT)
    assert codes.nation("基诺族", AT) == "56" and len(codes.NATIONS) == 56
    assert codes.nation_name("15") == "土家族"
    assert codes.education("本科", AT) == "20" and codes.education("中专", AT) == "41"
    assert codes.education(Decimal(31), AT) == "31" and codes.EDUCATION["31"] == "大学专科毕业"
    assert codes.stage("正式党员", AT) == "full" and codes.membership_state("停止党籍", AT) == "suspended"
    assert said(codes.sex, "男女", label="性别") == "性别“男女”看不懂，请写：男、女。"
    assert (
        text.yes_no("是", AT) is True and text.yes_no("否", AT) is False and text.yes_no(False, AT) is False
    )


def test_names():
    assert text.person_name("王 芳", AT) == "王芳" and text.person_name("阿依•古丽", AT) == "阿依·古丽"
    assert "不像姓名" in said(text.person_name, "王1", label="姓名")
    assert text.full_name()("甲 公司(枞阳) 党支部", AT) == "甲公司（枞阳）党支部"
    assert text.split_names("甲公司、乙公司；甲公司", AT) == ("甲公司", "乙公司")
