"""Every limit at its bound: what is allowed exactly, and what is one step too much (criterion 8)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from plugins.bookings.judging import Asker
from plugins.bookings.service import changing
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.golden import cases
from plugins.bookings.verdicts import NotFree, Refused, Span
from portal.api import clock


def refused_as(inside: Center, wanted: Span, account: int) -> str:
    return refusal(inside, wanted, account)[0]


def refusal(inside: Center, wanted: Span, account: int) -> tuple[str, str]:
    """Book it; return the code and the words of what stands against it."""
    try:
        inside.book(wanted, asker=Asker(account_id=account), by=account)
    except NotFree as error:
        (one,) = error.verdicts[0].refusals
    except Refused as error:
        (one,) = error.refusals
    else:
        return "", ""
    return one.code, one.text


@pytest.mark.parametrize(("setting", "value", "start", "minutes", "code", "words"), cases("limits"))
def test_a_limit_allows_its_bound_and_nothing_beyond(
    inside: Center, setting: str, value: str, start: str, minutes: str, code: str, words: str
):
    """The words name the very bound that refuses: they come from one function."""
    inside.setting(setting, int(value))
    begins = datetime.strptime(start, "%Y-%m-%d %H:%M").replace(tzinfo=clock.SHANGHAI)
    wanted = Span(start=begins, end=begins + timedelta(minutes=int(minutes)))
    assert refusal(inside, wanted, inside.world.account().id) == (code, words)
    inside.owns_its_slots()


def test_a_quota_adds_up_in_its_week_and_not_beyond(inside: Center):
    inside.setting("quota_minutes", 120)
    account = inside.world.account().id
    # Tuesday to Sunday are one week, the Monday after is the next.
    assert refused_as(inside, span(3, 9, 10), account) == ""
    assert refused_as(inside, span(8, 9, 10), account) == ""
    assert refused_as(inside, Span(start=at(8, 20), end=at(8, 20, 15)), account) == "quota"
    assert refused_as(inside, span(9, 9, 11), account) == ""
    # What is called off does not count.
    (first, _second, _third) = inside.times()
    changing.cancel([first], versions={first.id: first.version}, reason="不用了", by=account, staff=False)
    assert refused_as(inside, span(7, 9, 10), account) == ""
    assert refused_as(inside, span(7, 10, 11), account) == "quota"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("no_show", "quota"),
        ("completed", "quota"),
        ("cancelled", ""),
        ("refused", ""),
        ("lapsed", ""),
        ("displaced", ""),
    ],
)
def test_what_was_held_counts_and_what_was_let_go_does_not(inside: Center, state: str, code: str):
    from portal.api import session

    inside.setting("quota_minutes", 60)
    account = inside.world.account().id
    assert refused_as(inside, span(3, 9, 10), account) == ""
    (row,) = inside.times()
    row.state, row.reason = state, "测试"
    session.commit()
    assert refused_as(inside, span(4, 9, 10), account) == code
