"""One entry as it is asked for, and what the books refuse about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

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
        money = memo = 0
        for account, amount in self.lines:
            if type(amount) is not int or amount == 0:
                raise LedgerError("a line is a whole number of fen, not zero")
            if account.kind is Kind.MEMO:
                memo += amount
            else:
                money += amount
        if money + memo:
            raise LedgerError("an entry must balance")
        if money:
            raise LedgerError("memo lines balance among themselves")
        if type(self.effective_date) is not date:
            raise LedgerError("an entry counts for a civil day")
        _check_plain(self.meta)


class Posted(NamedTuple):
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


def _check_plain(value: Any) -> None:
    """Let only through what reads back as the text that was hashed. Raises: LedgerError."""
    if value is None or type(value) in (str, int, bool):
        return
    if type(value) is list:
        for each in value:
            _check_plain(each)
    elif type(value) is dict and all(type(name) is str for name in value):
        for each in value.values():
            _check_plain(each)
    else:
        raise LedgerError(f"only text, whole numbers (no floats), lists and mappings: {value!r}")
