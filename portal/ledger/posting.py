"""One entry as it is asked for, and what the books refuse about it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from portal.ledger.chart import Account, Kind


class LedgerError(ValueError):
    """A posting that the books refuse."""


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One entry to write; ``lines`` are (account, fen), debits positive, credits negative."""

    idem: str
    kind: str
    effective_date: date
    lines: tuple[tuple[Account, int], ...]
    meta: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None
    case_uid: str | None = None
    reverses: str | None = None  # the idem of the entry taken back

    def check(self) -> None:
        """Raises: LedgerError when the entry could not be sealed."""
        if len(self.lines) < 2:
            raise LedgerError("an entry needs two lines")
        if any(type(amount) is not int or amount == 0 for _, amount in self.lines):
            raise LedgerError("a line is a whole number of fen, not zero")
        if sum(amount for _, amount in self.lines):
            raise LedgerError("an entry must balance")
        money = sum(amount for account, amount in self.lines if account.kind is not Kind.MEMO)
        if money:
            raise LedgerError("memo lines balance among themselves")
        if type(self.effective_date) is not date:
            raise LedgerError("an entry counts for a civil day")
        if _has_float(self.meta):
            raise LedgerError("no floats in the books")


@dataclass(frozen=True)
class Posted:
    """What became of one posting; ``fresh`` is False when it had been written before."""

    entry_id: int
    idem: str
    fresh: bool


def body(one: Posting) -> tuple[str, list[tuple[str, int]]]:
    """Return what the idempotency key protects: the kind, and the sorted (account code, fen)."""
    # The day may differ when a step is repeated after midnight; the money may not.
    return one.kind, sorted((account.code, amount) for account, amount in one.lines)


def one_of_each(wanted: Iterable[Posting]) -> dict[str, Posting]:
    """Return the postings by their idempotency key. Raises: LedgerError for one key and two bodies."""
    unique: dict[str, Posting] = {}
    for one in wanted:
        first = unique.setdefault(one.idem, one)
        if first is not one and body(one) != body(first):
            raise LedgerError(f"{one.idem}: posted twice with different lines")
    return unique


def _has_float(value: Any) -> bool:
    def refuse(text: str) -> float:
        raise LedgerError(f"no floats in the books: {text}")

    # Also proves that the text read back is the text that was hashed.
    return json.loads(json.dumps(value, ensure_ascii=False), parse_float=refuse) != value
