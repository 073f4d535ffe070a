"""Reads of vouchers: a member's own, by number, and what a stranger with the QR code may know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal.api import District, Member, Organization, everything, mask_name, rows, session

from ..models import DuesVoucher, DuesVoucherLine


@dataclass(frozen=True, kw_only=True)
class Voucher:
    """A voucher as the member sees it; sums in fen."""

    id: int
    token: str
    number: str
    version: int
    member_id: int
    name: str
    branch: str
    organization_id: int
    months: tuple[tuple[str, int], ...]
    total_fen: int
    credit_fen: int
    paid_on: date
    way: str
    state: str
    issued_at: datetime
    void_reason: str
    source_key: str


@dataclass(frozen=True, kw_only=True)
class PublicCheck:
    """What the public check page says: no amount, no full name."""

    number: str
    masked_name: str
    months: tuple[str, ...]
    valid: bool
    issuer: str


def shown_number(*, organization_id: int, year: int, number: int) -> str:
    """Return a voucher's number as it is printed: branch, year, running number."""
    return f"{organization_id:04d}-{year}-{number:05d}"


def of_member(member_id: int, *, limit: int = 60) -> list[Voucher]:
    """Return a member's vouchers, newest first."""
    table = DuesVoucher.__table__.c
    found = session.execute(
        _select().where(table.member_id == member_id).order_by(table.id.desc()).limit(limit)
    ).all()
    return _with_months(found)


def by_token(token: str) -> Voucher | None:
    """Return the voucher with this token, or None for one that cannot be seen from here."""
    found = session.execute(_select().where(DuesVoucher.__table__.c.token == token)).all()
    return next(iter(_with_months(found)), None)


def by_source(source_key: str) -> str | None:
    """Return the token of a receipt's voucher, or None while there is none."""
    table = DuesVoucher.__table__.c
    return session.execute(rows(DuesVoucher, table.token).where(table.source_key == source_key)).scalar()


def by_sources(source_keys: Iterable[str]) -> list[Voucher]:
    """Return the vouchers of these receipts, newest first."""
    table, wanted = DuesVoucher.__table__.c, list(source_keys)
    if not wanted:
        return []
    found = _select().where(table.source_key.in_(wanted)).order_by(table.id.desc())
    return _with_months(session.execute(found).all())


def entity(token: str) -> DuesVoucher | None:
    """Return the row behind a token, for verbs."""
    return session.scalar(select(DuesVoucher).where(DuesVoucher.token == token))


def public_check(token: str) -> PublicCheck | None:
    """Return what anybody holding the QR code may know, in whichever district; None when there is none."""
    with everything():
        table = DuesVoucher.__table__.c
        found = session.execute(
            _select()
            .add_columns(District.name.label("issuer"))
            .join(District, District.id == table.district_id)
            .where(table.token == token)
        ).all()
        if not found:
            return None
        [voucher] = _with_months(found)
        return PublicCheck(
            number=voucher.number,
            masked_name=mask_name(voucher.name),
            months=tuple(month for month, _ in voucher.months),
            valid=voucher.state == "valid",
            issuer=found[0].issuer,
        )


def _select() -> Any:
    table = DuesVoucher.__table__.c
    return (
        rows(DuesVoucher, *table, Member.name, Organization.name.label("branch"))
        .join(Member, Member.id == table.member_id)
        .join(Organization, Organization.id == table.organization_id)
    )


def _with_months(found: Any) -> list[Voucher]:
    if not found:
        return []
    table = DuesVoucherLine.__table__.c
    lines: dict[int, list[tuple[str, int]]] = {}
    for voucher_id, month, amount in session.execute(
        rows(DuesVoucherLine, table.voucher_id, table.month, table.amount_fen)
        .where(table.voucher_id.in_([row.id for row in found]))
        .order_by(table.month)
    ):
        lines.setdefault(voucher_id, []).append((month, amount))
    return [
        Voucher(
            id=row.id,
            token=row.token,
            number=shown_number(organization_id=row.organization_id, year=row.year, number=row.number),
            version=row.version,
            member_id=row.member_id,
            name=row.name,
            branch=row.branch,
            organization_id=row.organization_id,
            months=tuple(lines.get(row.id, ())),
            total_fen=row.total_fen,
            credit_fen=row.credit_fen,
            paid_on=row.paid_on,
            way=row.way,
            state=row.state,
            issued_at=row.issued_at,
            void_reason=row.void_reason,
            source_key=row.source_key,
        )
        for row in found
    ]
