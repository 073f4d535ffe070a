"""What can be wrong with a sheet, said to the person who brought it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

# What a cell holds after reading. Never a float: Excel's numbers become Decimals of 15 digits.
Cell = str | Decimal | bool | date | None


class SheetError(Exception):
    """Refuse a whole file; `str()` of it is a sentence for the person who sent it."""

    def __init__(self, message: Any):
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class CellError(ValueError):
    """Refuse one cell; `str()` of it names the column, the value and the way to mend it."""

    def __init__(self, message: Any):
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where a cell stands: the column's name for messages, and the workbook's calendar.

    `warnings` collects sentences that do not refuse the row.
    """

    label: str
    date1904: bool = False
    warnings: list[Any] | None = None

    def warn(self, message: Any) -> None:
        """Note something the person should check, without refusing the row."""
        if self.warnings is not None:
            self.warnings.append(message)


def shown(cell: Cell, limit: int = 30) -> str:
    """Write a cell as its owner saw it, shortened, for use inside a message."""
    if isinstance(cell, Decimal):
        text = format(cell.normalize(), "f")
    elif isinstance(cell, date):
        text = cell.isoformat()
    else:
        text = "" if cell is None else str(cell)
    text = "".join(char if char.isprintable() else " " for char in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
