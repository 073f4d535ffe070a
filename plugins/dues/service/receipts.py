"""Money received for a member, and which part of it pays which month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Money received for one member (fen); ``source_key`` names it, and gets one voucher."""

    district_id: int
    member_id: int
    months: tuple[str, ...]
    amount_fen: int
    source_key: str
    paid_on: date
    way: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """What of a receipt pays one month (fen)."""

    obligation: Row[Any]  # of allocation._on_books
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class Issued:
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
