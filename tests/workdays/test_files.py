"""A calendar's file: every bad line is named, in words that say what to do."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.workdays import BadCalendar, Entry, read

HEAD = """year = 2027
[source]
title = "国务院办公厅关于2027年部分节假日安排的通知"
number = "国办发明电〔2026〕1号"
issued = 2026-11-05
"""
NEW_YEAR = """[[holiday]]
name = "元旦"
first = 2027-01-01
last = 2027-01-03
"""


def faults(text: str) -> list[str]:
    with pytest.raises(BadCalendar) as refused:
        read(text)
    return [str(fault) for fault in refused.value.faults]


def test_a_good_file_is_its_days() -> None:
    found = read(HEAD + NEW_YEAR + "work = [2027-01-09]\n")
    assert (found.year, found.source.number, found.source.from_memory) == (
        2027,
        "国办发明电〔2026〕1号",
        False,
    )
    assert found.days == {
        **{date(2027, 1, day): Entry(kind="off", name="元旦") for day in (1, 2, 3)},
        date(2027, 1, 9): Entry(kind="work", name="元旦"),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            NEW_YEAR + "work = [2027-01-02]\n",
            ["line 10: 2027-01-02 is a holiday and a working day at once (元旦, 元旦)"],
        ),
        (
            NEW_YEAR + "work = [2027-01-06]\n",
            ["line 10: 2027-01-06 is a Wednesday, a working day anyhow; a make-up day is a weekend's"],
        ),
        (
            NEW_YEAR.replace("first = 2027-01-01", "first = 2026-12-31"),
            ["line 8: 2026-12-31 is not in 2027; it belongs to the file of 2026"],
        ),
        (
            NEW_YEAR + NEW_YEAR.replace("first = 2027-01-01", "first = 2027-01-03").replace("元旦", "春节"),
            ["line 12: 2027-01-03 is named twice (元旦, 春节)"],
        ),
        (NEW_YEAR + "work = [2027-01-09, 2027-01-09]\n", ["line 10: 2027-01-09 is named twice (元旦, 元旦)"]),
        (NEW_YEAR + "swap = 3\n", ["line 10: 'swap' is unknown here; there are first, last, name, work"]),
        (
            NEW_YEAR.replace("last = 2027-01-03", "last = 2026-12-30"),
            ["line 9: from 2027-01-01 to 2026-12-30: the last day is before the first, or a month later"],
        ),
        (NEW_YEAR.replace("last = 2027-01-03", ""), ["line 6: last: a day, such as 2027-01-01"]),
        (NEW_YEAR.replace("2027-01-01", "2027-01-01T08:00:00"), ["line 8: first: a day, such as 2027-01-01"]),
        (NEW_YEAR + 'work = "2027-01-09"\n', ["line 10: work: a list of days, such as [2027-01-03]"]),
        (NEW_YEAR.replace('"元旦"', '" "'), ["line 7: name: the holiday's name, 1 to 40 characters"]),
        ("", ["there is no [[holiday]]: name, first, last and, where there are any, work"]),
        (
            "[[feast]]\n",
            [
                "there is no [[holiday]]: name, first, last and, where there are any, work",
                "line 6: 'feast' is unknown here; there are holiday, source, year",
            ],
        ),
    ],
)
def test_a_bad_line_is_named(text: str, said: list[str]) -> None:
    assert faults(HEAD + text) == said


def test_a_bad_head_is_named() -> None:
    head = (
        'year = "2027"\n[source]\nnumber = 7\nissued = "2026-11-05"\nfrom_memory = "yes"\n'
        'url = "javascript:alert(1)"\n'
    )
    assert faults(head + NEW_YEAR) == [
        "line 1: year: the calendar's year, such as 2027",
        "line 2: title is missing: it stands on the notice",
        "line 3: number: a text of at most 60 characters",
        "line 4: issued: the notice's date, such as 2026-11-04",
        "line 5: from_memory: true or false",
        "line 6: url: begins with https:// or http://",
    ]
    assert faults("year = 2027\n" + NEW_YEAR) == [
        "[source] is missing: title, number and issued of the State Council's notice"
    ]


def test_every_fault_is_said_at_once() -> None:
    assert len(faults(HEAD + NEW_YEAR + "work = [2027-01-02, 2027-01-06]\nswap = 1\n")) == 3


@given(st.text() | st.text("yearsouclid=[]\"'\n20-6#").map(lambda text: HEAD + NEW_YEAR + text))
def test_whatever_stands_in_a_file_is_a_calendar_or_refused_in_words(text: str) -> None:
    try:
        read(text)
    except BadCalendar as bad:
        assert bad.faults
