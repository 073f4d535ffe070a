"""The rows of a table as one number: equal for equal rows, in whatever order they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

_ALL = 2**128


def digest(rows: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Return [count, 32 hex digits] of plain driver rows.

    The sum of a hash of each row: it needs neither an order nor a primary key, and a row that is missing,
    doubled or changed changes it.
    """
    count = total = 0
    for row in rows:
        count += 1
        total += int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=16).digest(), "big")
    return [count, f"{total % _ALL:032x}"]


def unequal(expected: dict[str, list[Any]], found: dict[str, list[Any]]) -> list[str]:
    """Return a line for each table that differs; empty when both are the same."""
    lines = []
    for name in sorted({*expected, *found}):
        if name not in found:
            lines.append(f"table {name} is missing")
        elif name not in expected:
            lines.append(f"table {name} is too much")
        elif expected[name] != found[name]:
            what = "other rows" if expected[name][0] == found[name][0] else f"{found[name][0]} rows"
            lines.append(f"table {name}: {expected[name][0]} rows expected, {what} found")
    return lines
