"""The rule holds for every base, and the sentence says it as people would."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, MetaData, String, Table, create_engine, insert, select

from plugins.dues import limits
from plugins.dues.amounts import parse_yuan, yuan
from plugins.dues.assessment_sql import amount_expression
from plugins.dues.base import base_from_pay_items, formula_of, last_quarter_average
from plugins.dues.calculation import LARGEST_BASE, BaseRefused, explain, rounded
from plugins.dues.rate_files import rate_tables
from plugins.dues.rate_table import RateTable, RateTableError
from plugins.dues.words import base_refused, why

DAY = date(2026, 11, 1)
TABLE = rate_tables().on(DAY)
BASES = st.integers(0, LARGEST_BASE)
EDGES = [300_000, 500_000, 1_000_000, 5_000_000]
NEAR_EDGES = st.builds(lambda edge, step: edge + step, st.sampled_from(EDGES), st.integers(-3, 3))
BRACKETED = ["salaried", "annual_salary", "self_employed", "retired"]


@given(category=st.sampled_from(BRACKETED), base=BASES | NEAR_EDGES)
def test_the_whole_base_takes_one_rate_of_its_bracket(category: str, base: int) -> None:
    found = explain(category, base, on=DAY, apply_norm=False)
    assert found.bracket is not None and found.rate is not None
    assert found.bracket.above == 0 or base > found.bracket.above
    assert found.bracket.up_to is None or base <= found.bracket.up_to
    assert abs(found.amount_fen - found.exact * 100) <= 0.5


@given(category=st.sampled_from(BRACKETED), base=BASES | NEAR_EDGES, more=st.integers(0, 10_000))
def test_a_higher_base_never_pays_less(category: str, base: int, more: int) -> None:
    base = min(base, LARGEST_BASE - more)
    for rounding in TABLE.roundings:
        less = explain(category, base, on=DAY, rounding=rounding)
        assert less.amount_fen <= explain(category, base + more, on=DAY, rounding=rounding).amount_fen


@given(base=BASES | NEAR_EDGES)
def test_the_norm_is_proposed_and_what_is_above_it_is_shown(base: int) -> None:
    with_norm = explain("salaried", base, on=DAY)
    without = explain("salaried", base, on=DAY, apply_norm=False)
    assert with_norm.amount_fen == min(without.amount_fen, 100_000)
    assert with_norm.amount_fen + with_norm.above_norm_fen == with_norm.computed_fen == without.amount_fen


@given(amount=st.integers(0, 10**15))
def test_rounding_options_stay_within_their_step(amount: int) -> None:
    assert abs(rounded(amount, "fen") * 10_000 - amount) <= 5_000
    assert rounded(amount, "jiao") % 10 == 0 and abs(rounded(amount, "jiao") * 10_000 - amount) <= 50_000
    assert rounded(amount, "yuan_up") % 100 == 0 and 0 <= rounded(amount, "yuan_up") * 10_000 - amount < 10**6


@given(fen=st.integers(0, 99_999_999_999))
def test_amounts_survive_being_written(fen: int) -> None:
    assert parse_yuan(yuan(fen)) == fen


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.234", "1e3", "１00", "1,000", ".5", "5.", " 5", "٣", "5元", "NaN"]
)
def test_an_amount_that_would_have_to_be_guessed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        parse_yuan(text)


@pytest.mark.parametrize(
    ("category", "base", "reason"),
    [
        ("salaried", None, "missing"),
        ("salaried", -1, "negative"),
        ("retired", LARGEST_BASE + 1, "too_large"),
        ("farmer", 19, "below_range"),
        ("farmer", 101, "above_range"),
    ],
)
def test_a_base_that_cannot_be_used_says_why(category: str, base: int | None, reason: str) -> None:
    with pytest.raises(BaseRefused) as refused:
        explain(category, base, on=DAY)
    assert refused.value.reason == reason
    assert base_refused(reason).endswith("。")


def test_unknown_category_rounding_and_day_are_refused() -> None:
    with pytest.raises(RateTableError, match="unknown category"):
        explain("owner", 100, on=DAY)
    with pytest.raises(RateTableError, match="unknown rounding"):
        explain("salaried", 100, on=DAY, rounding="mao")
    with pytest.raises(RateTableError, match="in force"):
        explain("salaried", 100, on=date(2008, 3, 31))


def test_a_fixed_category_keeps_no_base() -> None:
    found = explain("student", 500_000, on=DAY)
    assert (found.base_fen, found.amount_fen, found.edges) == (None, 20, ())


@pytest.mark.parametrize(
    ("category", "base", "sentence"),
    [
        ("salaried", 630_000, "核定基数每月6300元，在5000元到10000元这一档，按1.5%算，每月94.50元。"),
        ("retired", 386_000, "基本养老金每月3860元，不超过5000元，按0.5%算，每月19.30元。"),
        ("retired", 500_001, "基本养老金每月5000.01元，超过5000元，按1%算，每月50.00元。"),
        (
            "self_employed",
            600_000,
            "上季度平均每月收入6000元，在5000元到10000元这一档，按1.5%算，每月90.00元。",
        ),
        ("student", None, "按“学生”这一类，每月固定交0.20元。"),
        ("farmer", 50, "按“务农”这一类，每月交0.20元到1元，支部定的是每月0.50元。"),
        (
            "salaried",
            6_000_000,
            "核定基数每月60000元，超过10000元，按2%算，每月1200.00元。"
            "一般每月不超过1000元，所以按1000元交，想多交由您自愿。",
        ),
    ],
)
def test_the_sentence_says_why(category: str, base: int | None, sentence: str) -> None:
    assert why(explain(category, base, on=DAY), TABLE) == sentence


def test_the_edges_show_what_changes_next_door() -> None:
    found = explain("salaried", 400_000, on=DAY)
    assert [(edge.base_fen, str(edge.rate), edge.amount_fen) for edge in found.edges] == [
        (300_000, "0.005", 1_500),
        (300_001, "0.01", 3_000),
        (500_000, "0.01", 5_000),
        (500_001, "0.015", 7_500),
    ]


def test_the_2008_table_has_no_norm_and_follows_pay() -> None:
    old = rate_tables().on(date(2016, 12, 31))
    assert (old.version, old.norm, old.policy) == ("cn-2008-04", None, "follow_change")
    assert (TABLE.version, TABLE.policy) == ("cn-2017-02", "annual_fixed")
    assert old.category("retired") == TABLE.category("retired")


@given(data=st.data())
def test_one_statement_assesses_as_explain_does(data: st.DataObject) -> None:
    rows = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from([*TABLE.categories, "unknown"]),
                st.none()
                | BASES
                | NEAR_EDGES
                | st.integers(0, 200)
                | st.just(-1)
                | st.just(LARGEST_BASE + 1),
                st.booleans(),
            ),
            min_size=40,
            max_size=60,
        )
    )
    table = data.draw(st.sampled_from(rate_tables().tables))
    for rounding in table.roundings:
        assert _by_sql(table, rows, rounding) == [_by_explain(table, row, rounding) for row in rows]


def _by_sql(table: RateTable, rows: list[tuple[str, int | None, bool]], rounding: str) -> list[int | None]:
    sheet = Table(
        "sheet",
        MetaData(),
        Column("n", BigInteger, primary_key=True),
        Column("category", String),
        Column("base", BigInteger),
        Column("norm", Boolean),
    )
    amount = amount_expression(
        table,
        category=sheet.c.category,
        base_fen=sheet.c.base,
        rounding=rounding,
        apply_norm=sheet.c.norm,
    )
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        sheet.create(connection)
        connection.execute(
            insert(sheet),
            [{"n": n, "category": row[0], "base": row[1], "norm": row[2]} for n, row in enumerate(rows)],
        )
        found = list(connection.execute(select(amount).order_by(sheet.c.n)).scalars())
    engine.dispose()
    return found


def _by_explain(table: RateTable, row: tuple[str, int | None, bool], rounding: str) -> int | None:
    category, base, norm = row
    try:
        return explain(category, base, on=DAY, rounding=rounding, apply_norm=norm, table=table).amount_fen
    except (BaseRefused, RateTableError):
        return None


def test_pay_items_outside_the_formula_are_left_out_and_unknown_ones_refused() -> None:
    formula = formula_of(TABLE, "public_institution")
    items = {"岗位工资": 300_000, "薪级工资": 100_000, "奖励性绩效": 90_000, "住房公积金": 50_000}
    found = base_from_pay_items(formula, items)
    assert found.base_fen == 350_000
    assert found.left_out == {"奖励性绩效": 90_000}
    for items, reason in (
        ({"岗位工资": 1, "红包": 1}, "unknown_item"),
        ({"住房公积金": 1}, "missing"),
        ({"岗位工资": 1, "住房公积金": 2}, "negative"),
        ({"岗位工资": -1}, "negative"),
    ):
        with pytest.raises(BaseRefused) as refused:
            base_from_pay_items(formula, items)
        assert refused.value.reason == reason
    with pytest.raises(RateTableError, match="no formula"):
        formula_of(TABLE, "bakery")


@given(net=st.integers(0, 10**12))
def test_the_quarterly_average_is_the_nearest_fen(net: int) -> None:
    assert abs(last_quarter_average(net) * 3 - net) <= 1


@given(paid=st.lists(st.booleans(), max_size=40))
def test_the_longest_run_is_the_longest_stretch_of_zeros(paid: list[bool]) -> None:
    text = "".join("1" if month else "0" for month in paid)
    assert limits.longest_unpaid_run(paid) == max(map(len, text.split("1")))


def test_review_tells_at_the_table_s_steps_and_an_accepted_reason_keeps_it_off_the_agenda() -> None:
    found = {months: limits.review(TABLE, months) for months in range(8)}
    assert [months for months, each in found.items() if each.tell_member] == [1, 3]
    assert [months for months, each in found.items() if each.branch_task] == [3, 5]
    assert [months for months, each in found.items() if each.self_withdrawal_review] == [6, 7]
    assert not found[0].overdue and found[1].overdue
    assert not limits.review(TABLE, 9, valid_reason=True).self_withdrawal_review


def test_limits_refuse_nothing_and_too_many_months() -> None:
    for check in (limits.prepayment, limits.back_payment):
        assert [months for months in range(9) if check(TABLE, months).accepted] == [1, 2, 3, 4, 5, 6]


def test_a_voluntary_payment_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        limits.voluntary_gift(TABLE, 0)


def test_relief_takes_two_stages_and_one_for_the_retired() -> None:
    assert limits.relief_chain(TABLE, "salaried") == ("branch", "committee")
    assert limits.relief_chain(TABLE, "retired") == ("branch",)
