"""What differs between languages beyond words: how months are named, how sentences are joined."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale


def month_word(number: int) -> str:
    """Write a month (1 to 12) within a date: its number in Chinese, its short name elsewhere."""
    locale = get_locale()
    if locale is None or locale.language == "zh":
        return str(number)
    return str(locale.months["stand-alone"]["abbreviated"][number])


def sentences(*said: Any) -> str:
    """Join whole sentences, leaving empty ones out; Chinese needs no space between them."""
    locale = get_locale()
    gap = "" if locale is None or locale.language == "zh" else " "
    return gap.join(str(one) for one in said if one)
