"""Every case of the published collection runs through the code that members meet."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.dues import base, limits
from plugins.dues.amounts import parse_yuan, yuan
from plugins.dues.calculation import BaseRefused, Explanation, explain
from plugins.dues.rate_files import rate_tables

CASES = json.loads((Path(__file__).parent / "data" / "dues_cases.json").read_text(encoding="utf-8"))
TODAY = date(2026, 11, 1)
TABLE = rate_tables().on(TODAY)

#: What the cases call the kinds of input they bring; each must find its check, none may be skipped.
BASE_KEYS = ("base", "month_actual_pay", "last_quarter_net_income", "included")


def fen_of(text: str) -> int:
    return parse_yuan(text)


def base_of(inputs: dict[str, Any]) -> int | None:
    if "base" in inputs:
        return fen_of(inputs["base"])
    if "month_actual_pay" in inputs:
        return fen_of(inputs["month_actual_pay"])
    if "last_quarter_net_income" in inputs:
        return base.last_quarter_average(fen_of(inputs["last_quarter_net_income"]))
    if "included" in inputs:
        formula = base.formula_of(TABLE, "county_picture")
        items = dict(zip(formula.add, (fen_of(text) for text in inputs["included"]), strict=True))
        items["扣款合计"] = fen_of(inputs["deductions_total"])
        items["住房公积金"] = fen_of(inputs["housing_fund"])
        return base.base_from_pay_items(formula, items).base_fen
    return None


def explained(inputs: dict[str, Any], base_fen: int | None, **more: Any) -> Explanation:
    return explain(
        inputs["category"],
        base_fen,
        on=more.pop("on", TODAY),
        apply_norm=inputs.get("apply_1000_cap", True),
        **more,
    )


def check_monthly(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    base_fen = base_of(inputs)
    found = explained(inputs, base_fen)
    facts = {
        "monthly_dues": yuan(found.amount_fen),
        "total_dues": yuan(found.amount_fen * inputs.get("months", 1)),
        "computed": yuan(found.computed_fen),
        "exact": f"{found.exact.normalize():f}",
    }
    if found.rate is not None:
        facts["rate"] = str(found.rate)
    if base_fen is not None:
        facts["base"] = str(Decimal(base_fen) / 100)
    for rounding, key in (("fen", "fen_half_up"), ("jiao", "jiao_half_up"), ("yuan_up", "yuan_up")):
        facts[key] = yuan(explained(inputs, base_fen, rounding=rounding).amount_fen)
    wrong = expected.pop("must_not_be", None)
    assert {key: facts[key] for key in expected} == expected
    assert wrong != facts["monthly_dues"]


def check_series(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    found = [explained(inputs, fen_of(text)) for text in inputs["monthly_bases"]]
    assert {
        "monthly_dues": [yuan(each.amount_fen) for each in found],
        "sum_of_rounded": yuan(sum(each.amount_fen for each in found)),
        "exact_sum": str(sum(each.exact for each in found).quantize(Decimal("0.0001"))),
    } == expected


def check_follow_change(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    table = rate_tables().version("cn-2008-04")
    assert table.policy == inputs["policy"]
    for month, amount in expected.items():
        newer = month >= inputs["first_new_pay_month"]
        base_fen = fen_of(inputs["base_after" if newer else "base_before"])
        on = date.fromisoformat(f"{month}-01")
        assert yuan(explain("salaried", base_fen, on=on, table=table).amount_fen) == amount


def check_arrears(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    run = inputs.get("unpaid_consecutive_months", 0)
    if "paid" in inputs:
        run = limits.longest_unpaid_run(inputs["paid"])
    found = limits.review(TABLE, run, valid_reason=inputs.get("valid_reason", False))
    facts = {
        "flag": found.flag,
        "self_withdrawal_review": found.self_withdrawal_review,
        "max_consecutive_unpaid": run,
    }
    assert {key: facts[key] for key in expected} == expected


def check_agreed_amount(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    amount = fen_of(inputs["set_amount"])
    standard = limits.agreed_amount_is_standard(TABLE.category(inputs["category"]), amount)
    assert {"accepted_as_standard": standard} == expected
    if standard:
        assert explain(inputs["category"], amount, on=TODAY).amount_fen == amount
    else:
        with pytest.raises(BaseRefused):
            explain(inputs["category"], amount, on=TODAY)


def check_voluntary(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    found = limits.voluntary_gift(TABLE, fen_of(inputs["amount"]))
    facts = {
        "is_large_dues": found.is_large_dues,
        "remit_to_centre": yuan(found.remit_to_centre_fen),
        "receipt_by": found.receipt_by,
    }
    assert {key: facts[key] for key in expected} == expected


def check_months(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    check = {"pre_payment": limits.prepayment, "back_payment": limits.back_payment}[inputs["kind"]]
    assert {"accepted": check(TABLE, inputs["months"]).accepted} == expected


def check_relief(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    assert {"approval_chain": list(limits.relief_chain(TABLE, inputs["category"]))} == expected


def check_remittance(inputs: dict[str, Any], expected: dict[str, Any]) -> None:
    found = limits.remittance(TABLE, inputs["level"], fen_of(inputs["collected_year"]), year=2026)
    facts = {"remit": yuan(found.remit_fen)}
    if found.due_on is not None:
        facts["deadline"] = found.due_on.strftime("next_year-%m-%d")
        assert found.due_on.year == 2027
    assert facts == expected


def check_of(inputs: dict[str, Any]) -> Any:
    if "policy" in inputs:
        return check_follow_change
    if "monthly_bases" in inputs:
        return check_series
    if "unpaid_consecutive_months" in inputs or "paid" in inputs:
        return check_arrears
    if "set_amount" in inputs:
        return check_agreed_amount
    if inputs.get("kind") == "voluntary_extra":
        return check_voluntary
    if "kind" in inputs:
        return check_months
    if "collected_year" in inputs:
        return check_remittance
    if "reason" in inputs:
        return check_relief
    return check_monthly


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    check_of(case["inputs"])(case["inputs"], dict(case["expected"]))


def test_there_are_63_cases() -> None:
    assert len(CASES) == 63
