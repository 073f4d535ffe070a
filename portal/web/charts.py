"""Numbers beside their chart: what the server draws of a table, for everybody without JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: Shades of a heat table, from next to nothing to most.
SHADES = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartCell:
    """A number of a chart's table: how it is written, how long its bar is (0 to 100), its shade (0 to 5)."""

    value: float | None
    text: str
    bar: float
    shade: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartRow:
    """A row of a chart's table."""

    label: str
    cells: tuple[ChartCell, ...]


def chart_rows(rows: Sequence[tuple[str, Sequence[Any]]]) -> tuple[ChartRow, ...]:
    """Measure rows of (label, values) for ``macros/chart.html``; bars and shades go by the largest of all.

    A value is a number, (number, how it is written), or None where there is none; below 0 there is no bar.
    """
    split = [(label, [_split(value) for value in values]) for label, values in rows]
    most = max((value for _, values in split for value, _ in values if value is not None), default=0)
    return tuple(
        ChartRow(label=str(label), cells=tuple(_measured(value, text, most) for value, text in values))
        for label, values in split
    )


def _split(value: Any) -> tuple[float | None, str]:
    if value is None:
        return None, ""
    number, text = value if isinstance(value, tuple) else (value, f"{value:,}")
    return float(number), str(text)


def _measured(value: float | None, text: str, most: float) -> ChartCell:
    part = 0.0 if value is None or most <= 0 else max(value, 0) / most
    # The least that is not nothing has a shade of its own.
    shade = 0 if part <= 0 else min(1 + int(part * (SHADES - 1)), SHADES - 1)
    return ChartCell(value=value, text=text, bar=round(part * 100, 1), shade=shade)
