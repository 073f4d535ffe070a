"""``portal dues explain`` prints the amount and the reason, and refuses what it cannot read."""

import json

import pytest
from click.testing import CliRunner

from plugins.dues.commands import dues


def run(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(dues, ["explain", *words])
    return found.exit_code, found.output


def test_explain_prints_facts_as_json() -> None:
    code, text = run("--category", "salaried", "--base", "5100.00", "--on", "2026-11-01", "--json")
    facts = json.loads(text)
    assert code == 0
    assert {key: facts[key] for key in ("amount_fen", "rate", "bracket", "rounding", "table", "mark")} == {
        "amount_fen": 7650,
        "rate": "0.015",
        "bracket": {"above_fen": 500_000, "up_to_fen": 1_000_000},
        "rounding": "fen",
        "table": "cn-2017-02",
        "mark": "CONFIRMED",
    }
    assert "中组发〔2008〕3号" in facts["rule"]
    assert facts["sentence"] == "核定基数每月5100元，在5000元到10000元这一档，按1.5%算，每月76.50元。"


def test_explain_prints_for_people() -> None:
    code, text = run("--category", "salaried", "--base", "60000", "--on", "2026-11-01")
    assert code == 0
    assert "amount_fen: 100000" in text and "computed_fen: 120000" in text and "10000.00 - \n" in text
    assert run("--category", "student", "--on", "2026-11-01")[1].startswith("按“学生”这一类")


@pytest.mark.parametrize(
    "words",
    [
        ("--category", "salaried", "--on", "2026-11-01"),
        ("--category", "salaried", "--base", "-5", "--on", "2026-11-01"),
        ("--category", "salaried", "--base", "5,100", "--on", "2026-11-01"),
        ("--category", "king", "--base", "5100", "--on", "2026-11-01"),
        ("--category", "salaried", "--base", "5100", "--on", "2026-13-01"),
        ("--category", "salaried", "--base", "5100", "--on", "2001-01-01"),
        ("--category", "salaried", "--base", "5100", "--on", "2026-11-01", "--rounding", "mao"),
        ("--category", "farmer", "--base", "2", "--on", "2026-11-01"),
    ],
)
def test_explain_refuses_in_words(words: tuple[str, ...]) -> None:
    code, text = run(*words)
    assert code == 2
    assert "Error" in text and "Traceback" not in text
