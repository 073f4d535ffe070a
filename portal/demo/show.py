"""The demo's tables on the terminal, in the words of those who try it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from portal.demo.load import Figure
from portal.demo.plan import NOTE


def figures_table(figures: Sequence[Figure]) -> str:
    """Write the counts, one a line, under their district."""
    lines: list[str] = []
    district = ""
    for figure in figures:
        if figure.district != district:
            district = figure.district
            lines.append(district)
        differs = "" if figure.count == figure.published else f"  （公开数据为{figure.published}）"
        lines.append(f"  {padded(figure.label, 20)}{figure.count:>6}{differs}")
    lines.append(NOTE)
    return "\n".join(lines)


def account_table(accounts: Sequence[Mapping[str, Any]]) -> str:
    """Write who can log in, with phone and password."""
    lines = [padded("身份", 26) + padded("姓名", 10) + padded("手机号", 14) + padded("密码", 18) + "所在"]
    for one in accounts:
        lines.append(
            padded(one["title"], 26)
            + padded(one["name"], 10)
            + padded(one["phone"], 14)
            + padded(one["password"], 18)
            + one["place"]
        )
    return "\n".join(lines)


def padded(text: str, width: int) -> str:
    """Fill ``text`` to ``width`` columns; a Chinese character takes two."""
    taken = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return text + " " * max(1, width - taken)
