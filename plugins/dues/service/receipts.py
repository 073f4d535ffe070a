"""Money received for a member, and which part of it pays which month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ..models import DuesObligation


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

    obligation: DuesObligation
    amount_fen: int
