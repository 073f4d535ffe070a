"""Money received for a member, and which part of it pays which month."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row


class Receipt(NamedTuple):
    """Money received for one member (fen); ``source_key`` names it, and gets one voucher."""

    district_id: int
    member_id: int
    months: tuple[str, ...]
    amount_fen: int
    source_key: str
    paid_on: date
    way: str


class Part(NamedTuple):
    """What of a receipt pays one month (fen)."""

    obligation: Row[Any]  # as allocation reads it: id, organization_id, month, reader_id
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
