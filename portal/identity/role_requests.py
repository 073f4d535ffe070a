"""Roles of a whole district by two persons: one asks, another one gives (rule K12)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from portal import audit, clock, crypto
from portal.database import session, swap, transaction
from portal.districts.models import District
from portal.identity import grants
from portal.identity.grants import RoleRefused
from portal.identity.models import BRANCH_ROLES, Account, RoleRequest


def ask(
    account: Account,
    role: str,
    *,
    district: District,
    valid_from: date,
    valid_to: date | None,
    reason: str,
    by: int,
) -> RoleRequest:
    """Ask for a role of the whole district; somebody else gives it.

    Raises ``RoleRefused`` as ``grants.check`` does, and ``asked`` when the same waits already.
    """
    if role in BRANCH_ROLES:
        raise RoleRefused("place")
    days = (valid_from, valid_to)
    grants.check(account, role, district=district, organization_id=None, days=days, by=by)
    with transaction():
        waiting = select(RoleRequest.id).where(
            RoleRequest.district_id == district.id,
            RoleRequest.account_id == account.id,
            RoleRequest.role == role,
            RoleRequest.state == "waiting",
        )
        if session.execute(waiting.limit(1)).first() is not None:
            raise RoleRefused("asked")
        made = RoleRequest(
            uid=crypto.new_uid(),
            district_id=district.id,
            account_id=account.id,
            role=role,
            valid_from=valid_from,
            valid_to=valid_to,
            reason=reason,
            state="waiting",
            asked_by=by,
            asked_at=clock.now(),
        )
        session.add(made)
        session.flush()
        _record("role.ask", made, by)
    return made


def confirm(request: RoleRequest, *, version: int, by: int) -> None:
    """Give what somebody else asked for; days that have gone by meanwhile are left out.

    Raises ``RoleRefused`` as ``grants.give`` does, ``same`` for whoever asked, ``self`` for the person
    concerned, ``asker`` when whoever asked is disabled now; ``Conflict`` when it was answered already.
    """
    if by == request.asked_by:
        raise RoleRefused("same")
    if by == request.account_id:
        raise RoleRefused("self")
    with transaction():
        grants.keepers_in_line(request.asked_by)  # in line with whoever disables the one who asked
        asker = select(Account.disabled_at).where(Account.id == request.asked_by)
        if session.scalar(asker) is not None:
            raise RoleRefused("asker")
        swap(
            request,
            version=version,
            states=("waiting",),
            state="given",
            answered_by=by,
            answered_at=clock.now(),
        )
        grants.give(
            session.get_one(Account, request.account_id),
            request.role,
            district=session.get_one(District, request.district_id),
            organization_id=None,
            valid_from=max(request.valid_from, clock.today()),
            valid_to=request.valid_to,
            by=request.asked_by,
            confirmed_by=by,
            reason=request.reason,
        )
        _record("role.confirm", request, by)


def turn_down(request: RoleRequest, *, version: int, by: int) -> None:
    """Refuse what somebody else asked for, or withdraw what one has asked for oneself. Raises: Conflict."""
    state = "withdrawn" if by == request.asked_by else "refused"
    with transaction():
        swap(
            request,
            version=version,
            states=("waiting",),
            state=state,
            answered_by=by,
            answered_at=clock.now(),
        )
        _record(f"role.{state}", request, by)


def waiting() -> list[Any]:
    """Return what waits here: (request, account)."""
    found = select(RoleRequest, Account).join(Account, Account.id == RoleRequest.account_id)
    return list(session.execute(found.where(RoleRequest.state == "waiting").order_by(RoleRequest.id)))


def by_id(request_id: int) -> RoleRequest | None:
    """Return a request of the district in scope."""
    return session.execute(select(RoleRequest).where(RoleRequest.id == request_id)).scalar_one_or_none()


def _record(action: str, request: RoleRequest, by: int) -> None:
    detail = {"role": request.role, "request": request.uid}
    audit.record(
        action, ("account", request.account_id), actor=by, district=request.district_id, detail=detail
    )
