"""Money received for a member, and which part of it pays which month."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Receipt(NamedTuple):
    """Money received for one member (fen); ``source_key`` names it, and gets one voucher."""

    district_id: int
    member_id: int
    months: tuple[str, ...]
    amount_fen: int
    source_key: str
    paid_on: date
    way: str


class Owed(NamedTuple):
    """A month on the books, as far as its payment needs it; ``reader_id`` is whoever is told of it."""

    id: int
    organization_id: int
    month: str
    reader_id: int | None


class Part(NamedTuple):
    """What of a receipt pays one month (fen)."""

    obligation: Owed
    amount_fen: int


class Issued(NamedTuple):
    """The voucher just written for a receipt, as far as somebody needs it at once (fen)."""

    id: int
    token: str
    district_id: int
    member_id: int
    organization_id: int
    year: int
    number: int
    total_fen: int
    credit_fen: int
