"""Months are owed from the first known one, paid oldest first, within the limits, and never with a gap."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.dues.months import distance, parse_month, shifted, span
from plugins.dues.rate_files import rate_tables
from plugins.dues.timeline import Fixed, Known, Timeline, first_month, missing_facts, timeline

TODAY = date(2026, 11, 21)
LIMITS = rate_tables().on(TODAY).limits
FIXED = [Fixed(id=1, from_month="2026-01", amount_fen=1930)]


def lay(first: str | None, known: list[Known] | None = None, **more: object) -> Timeline:
    arguments = {"fixed": FIXED, "missing": (), "consent_from": None} | more
    return timeline(today=TODAY, first=first, known=known or [], limits=LIMITS, **arguments)  # type: ignore[arg-type]


def paid(month: str, **more: object) -> Known:
    values = {
        "id": 7,
        "state": "paid",
        "due_fen": 1930,
        "relief_fen": 0,
        "paid_fen": 1930,
        "assessment_id": 1,
    }
    return Known(month=month, **(values | more))  # type: ignore[arg-type]


def test_choices_start_with_the_oldest_and_end_six_months_ahead() -> None:
    found = lay("2026-09")
    assert [choice.through for choice in found.choices] == span("2026-09", "2027-05")
    assert found.choices[2].months == ("2026-09", "2026-10", "2026-11")
    assert found.choices[2].total_fen == 5790
    assert found.owed_fen == 5790
    assert [line.month for line in found.arrears] == ["2026-09", "2026-10"]
    assert found.unpaid_in_a_row == 2
    assert found.choice("2027-06") is None and found.choice("2026-08") is None


def test_a_paid_month_in_between_is_passed_and_a_part_paid_one_asks_for_the_rest() -> None:
    known = [paid("2026-10"), paid("2026-09", state="partly_paid", paid_fen=1000)]
    found = lay("2026-09", known)
    assert found.choices[0].months == ("2026-09",) and found.choices[0].total_fen == 930
    assert found.choices[1].months == ("2026-09", "2026-11")
    assert found.unpaid_in_a_row == 0
    assert lay("2026-11", [paid("2026-11")]).paid_through == "2026-11"
    assert found.paid_through is None


def test_seven_months_back_asks_the_branch_first_and_its_consent_opens_them() -> None:
    assert lay("2026-05").choices[0].months == ("2026-05",)
    late = lay("2026-04")
    assert late.ask_branch_first and late.choices == ()
    assert lay("2026-04", consent_from="2026-04").choices[0].through == "2026-04"
    assert lay("2026-03", consent_from="2026-04").ask_branch_first


def test_a_waived_month_is_not_owed_and_a_reduced_one_owes_the_rest() -> None:
    known = [
        paid("2026-10", state="waived", relief_fen=1930, paid_fen=0),
        paid("2026-11", state="reduced", relief_fen=930, paid_fen=0),
    ]
    found = lay("2026-10", known)
    assert found.arrears == () and found.owed_fen == 1000


def test_a_due_of_nothing_is_settled() -> None:
    found = lay("2026-10", fixed=[Fixed(id=1, from_month="2026-01", amount_fen=0)])
    assert {line.state for line in found.lines} == {"settled"}
    assert found.choices == () and found.owed_fen == 0


def test_a_later_assessment_holds_from_its_month() -> None:
    found = lay("2026-12", fixed=[*FIXED, Fixed(id=2, from_month="2027-01", amount_fen=2000)])
    assert [(line.month, line.due_fen) for line in found.lines[:2]] == [("2026-12", 1930), ("2027-01", 2000)]


def test_what_is_missing_is_named_instead_of_arrears() -> None:
    assert missing_facts(branch=False, start_month=None, first=None, fixed=[]) == ("branch",)
    assert missing_facts(branch=True, start_month=None, first=None, fixed=[]) == (
        "start_month",
        "assessment",
    )
    assert missing_facts(branch=True, start_month="2026-01", first=None, fixed=FIXED) == ("paid_through",)
    found = lay(None, missing=("paid_through",))
    assert found.lines == () and found.choices == () and found.owed_fen == 0


@pytest.mark.parametrize(
    ("start", "through", "joined", "first"),
    [
        ("2026-09", "2026-06", None, "2026-09"),
        ("2026-09", "2026-10", None, "2026-11"),
        ("2026-09", None, date(2026, 10, 31), "2026-10"),
        ("2026-09", None, date(2010, 7, 1), None),
        ("2026-09", None, None, None),
        (None, "2026-10", None, None),
    ],
)
def test_nobody_owes_before_the_start(
    start: str | None, through: str | None, joined: date | None, first: str | None
) -> None:
    assert first_month(start_month=start, paid_through=through, joined_on=joined) == first


MONTHS = st.builds(lambda step: shifted("2026-01", step), st.integers(-24, 24))


@given(first=MONTHS, states=st.lists(st.sampled_from(["paid", "open", "waived", "partly_paid"]), max_size=30))
def test_no_choice_skips_an_open_month(first: str, states: list[str]) -> None:
    known = [
        paid(
            shifted(first, step),
            state=state,
            paid_fen={"paid": 1930, "partly_paid": 30}.get(state, 0),
            relief_fen=1930 if state == "waived" else 0,
        )
        for step, state in enumerate(states)
    ]
    found = lay(first, known)
    open_months = [line.month for line in found.lines if line.open_fen]
    for choice in found.choices:
        assert list(choice.months) == open_months[: len(choice.months)]
        assert distance("2026-11", choice.months[0]) >= -6 and distance("2026-11", choice.months[-1]) <= 6


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "26-01", "2026-00", "２026-01", "", "2026-01-01"])
def test_a_month_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        parse_month(text)


@given(month=MONTHS, by=st.integers(-100, 100))
def test_months_shift_there_and_back(month: str, by: int) -> None:
    assert shifted(shifted(month, by), -by) == month
    assert distance(month, shifted(month, by)) == by
