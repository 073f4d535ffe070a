"""What differs between languages beyond words: how months are named, how sentences are joined."""

from __future__ import annotations

from typing import Any

from portal.words import spoken


def month_word(number: int) -> str:
    """Write a month (1 to 12) within a date: its number in Chinese, its short name elsewhere."""
    here = spoken()
    if here.chinese:
        return str(number)
    assert here.locale is not None
    return str(here.locale.months["stand-alone"]["abbreviated"][number])


def sentences(*said: Any) -> str:
    """Join whole sentences, leaving empty ones out; Chinese needs no space between them."""
    gap = "" if spoken().chinese else " "
    return gap.join(str(one) for one in said if one)
