"""Who books in the demo: its accounts, found by what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.api import Account, DistrictRef, Grant, Member, rows, session

_MEMBER: Any = Member.__table__.c
_ACCOUNT: Any = Account.__table__.c
_STAFF = ("desk", "district_admin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Booker:
    """Somebody with an account who books for themselves."""

    account_id: int
    name: str
    organization_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """Accounts of a demo district: who books, who keeps the desk, who signs for a branch."""

    bookers: tuple[Booker, ...]
    desk: tuple[int, ...]
    secretaries: tuple[tuple[int, int], ...]


def of(district: DistrictRef) -> People:
    """Return the accounts of a district, always in the same order; a resident is one who holds nothing."""
    found = session.execute(
        rows(Member, _ACCOUNT.id, _MEMBER.name, _MEMBER.organization_id)
        .join(Account, _ACCOUNT.person_id == _MEMBER.person_id)
        .order_by(_ACCOUNT.id)
    ).all()
    bookers = [Booker(account_id=row.id, name=row.name, organization_id=row.organization_id) for row in found]
    residents = session.execute(
        select(Account.id, Account.display_name)
        .where(Account.person_id.is_(None), Account.username == "resident")
        .order_by(Account.id)
    )
    bookers += [Booker(account_id=row.id, name=row.display_name, organization_id=None) for row in residents]
    granted = session.execute(
        select(Grant.account_id, Grant.role, Grant.organization_id)
        .where(Grant.district_id == district.id)
        .order_by(Grant.account_id)
    ).all()
    return People(
        bookers=tuple(bookers),
        desk=tuple(row.account_id for row in granted if row.role in _STAFF and row.organization_id is None),
        secretaries=tuple(
            (row.account_id, row.organization_id)
            for row in granted
            if row.role == "secretary" and row.organization_id is not None
        ),
    )
