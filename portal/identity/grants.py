"""Roles given and taken: who may do what at which district or organization, from when to when.

The command line and the roles page use these verbs. Whoever calls has checked that the caller may.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select, table, update
from sqlalchemy.sql import column

from portal import audit, clock, notices
from portal.database import everything, session, transaction
from portal.districts.models import District
from portal.identity import role_words, sessions  # noqa: F401  role_words declares what people are told
from portal.identity.models import BRANCH_ROLES, STAFF_ROLES, Account, Grant

#: Roles that are given; the others follow from having an account or a record.
GIVEN = tuple(sorted(STAFF_ROLES))
#: Somebody must hold these, or nobody could give a role again.
KEPT = frozenset({"district_admin", "deployer"})

# Owned by the members room above; only these columns are read here.
_MEMBER = table(
    "member",
    column("person_id"),
    column("district_id"),
    column("stage"),
    column("state"),
    column("closed_on"),
)


class RoleRefused(ValueError):
    """A role that cannot be given or taken so; ``reason`` is a code, the words are the caller's."""

    def __init__(self, reason: str, grant: Grant | None = None) -> None:
        super().__init__(reason)
        self.reason, self.grant = reason, grant


@dataclass(frozen=True, slots=True)
class Line:
    """A grant in a list; ``organization_id`` None is the whole district."""

    account: Account
    role: str
    district: District
    organization_id: int | None
    valid_from: date
    valid_to: date | None


def give(
    account: Account,
    role: str,
    *,
    district: District,
    organization_id: int | None,
    valid_from: date,
    valid_to: date | None,
    by: int | None,
    confirmed_by: int | None = None,
    reason: str = "",
) -> bool:
    """Give a role on days ``valid_from <= day < valid_to``; the same again changes nothing (False).

    The account's sessions end: a role acts at once, on all devices. The person is told. Raises
    ``RoleRefused`` as ``check`` does, and ``held`` (for other days already).
    """
    check(
        account, role, district=district, organization_id=organization_id, days=(valid_from, valid_to), by=by
    )
    with transaction():
        known = _overlapping(account.id, role, district.id, organization_id, valid_from, valid_to)
        if known is not None:
            if known.valid_from <= valid_from and known.valid_to == valid_to:
                return False
            raise RoleRefused("held", known)
        made = Grant(
            account_id=account.id,
            role=role,
            district_id=district.id,
            organization_id=organization_id,
            valid_from=valid_from,
            valid_to=valid_to,
            granted_by=by,
            granted_at=clock.now(),
            confirmed_by=confirmed_by,
            reason=reason,
        )
        session.add(made)
        session.flush()
        _tell("role.give", made, by=by, confirmed_by=confirmed_by)
    return True


def check(
    account: Account,
    role: str,
    *,
    district: District,
    organization_id: int | None,
    days: tuple[date, date | None],
    by: int | None,
) -> None:
    """Check that a role can be given so.

    Raises ``RoleRefused``: ``unknown``, ``place`` (a branch's role without a branch, another one with),
    ``days``, ``self`` (nobody gives an own role, rule K12), ``disabled``, ``member`` (only full members hold
    a branch's offices).

    Source: domain.md §1.5: 安排非中共党员人员收取党费，这种做法是不妥的.
    """
    valid_from, valid_to = days
    if role not in GIVEN:
        raise RoleRefused("unknown")
    if (role in BRANCH_ROLES) is (organization_id is None):
        raise RoleRefused("place")
    if valid_to is not None and valid_to <= max(valid_from, clock.today()):
        raise RoleRefused("days")
    if by == account.id:
        raise RoleRefused("self")
    if account.disabled_at is not None:
        raise RoleRefused("disabled")
    if role in BRANCH_ROLES and not _is_full_member(account, district.id):
        raise RoleRefused("member")


def end(
    account: Account,
    role: str,
    *,
    district: District,
    organization_id: int | None,
    on: date,
    by: int | None,
    reason: str = "",
) -> int:
    """Let a role end: ``on`` is the first day without it. Return how many grants changed; 0 changes nothing.

    A grant that would have had no day is deleted, the trail keeps it. The person is told. Raises
    ``RoleRefused``: ``past`` for a day that is over (rule K11), ``self``, ``last`` where nobody else could
    give roles here, or run the installation, from then on.
    """
    if on < clock.today():
        raise RoleRefused("past")
    if by == account.id:
        raise RoleRefused("self")
    with transaction():
        if role in KEPT:
            keepers_in_line(account.id)
        found = session.scalars(
            _same(account.id, role, district.id, organization_id).where(
                or_(Grant.valid_to.is_(None), Grant.valid_to > on)
            )
        ).all()
        for row in found:
            if row.role in KEPT and not _others(row, district, on):
                raise RoleRefused("last")
            _tell("role.end", row, by=by, until=on)
            if row.valid_from >= on:
                session.delete(row)
            else:
                values = {"valid_to": on, "ended_by": by, "ended_reason": reason}
                session.execute(update(Grant).where(Grant.id == row.id).values(**values))
    return len(found)


def _others(row: Grant, district: District, on: date) -> bool:
    """Tell whether somebody else holds the same role from ``on``: here or above, a deployer anywhere."""
    found = (
        select(Grant.id)
        .join(Account, Account.id == Grant.account_id)
        .where(
            Grant.role == row.role,
            Grant.account_id != row.account_id,
            Grant.valid_from <= on,
            or_(Grant.valid_to.is_(None), Grant.valid_to > on),
            Account.disabled_at.is_(None),
        )
    )
    if row.role != "deployer":
        found = found.where(Grant.district_id.in_(district.ancestor_ids))
    with everything():  # those above are outside of the district's scope
        return session.execute(found.limit(1)).first() is not None


def keepers_in_line(*account_ids: int) -> None:
    """Let whoever takes a keeper away, or disables one, wait for the other who does, until the end of it.

    Two administrators who take each other away at the same instant would both see the other one stay.
    """
    with everything():
        kept = select(Grant.account_id).where(Grant.role.in_(KEPT))
        found = select(Account.id).where(or_(Account.id.in_(kept), Account.id.in_(account_ids)))
        # In one order, and without keeping others from writing rows that name these accounts.
        session.execute(found.order_by(Account.id).with_for_update(key_share=True)).all()


def others_keep(account_id: int) -> bool:
    """Tell whether every role that somebody must hold has another holder where this account holds it."""
    today = clock.today()
    with everything():
        held = select(Grant, District).join(District, District.id == Grant.district_id)
        found = session.execute(
            held.where(
                Grant.account_id == account_id,
                Grant.role.in_(KEPT),
                Grant.valid_from <= today,
                or_(Grant.valid_to.is_(None), Grant.valid_to > today),
            )
        ).all()
        return all(_others(grant, district, today) for grant, district in found)


def lines(
    *, districts: set[int] | None = None, account_id: int | None = None, ended: bool = False
) -> list[Line]:
    """Return the roles held today or later, with ``ended`` those of the past too; as far as one may read."""
    found: Any = (
        select(Grant, Account, District)
        .join(Account, Account.id == Grant.account_id)
        .join(District, District.id == Grant.district_id)
        .order_by(District.path, Grant.role, Grant.valid_from, Grant.id)
    )
    if districts is not None:
        found = found.where(Grant.district_id.in_(districts))
    if account_id is not None:
        found = found.where(Grant.account_id == account_id)
    if not ended:
        found = found.where(or_(Grant.valid_to.is_(None), Grant.valid_to > clock.today()))
    return [
        Line(account, grant.role, district, grant.organization_id, grant.valid_from, grant.valid_to)
        for grant, account, district in session.execute(found)
    ]


def _same(account_id: int, role: str, district_id: int, organization_id: int | None) -> Any:
    return select(Grant).where(
        Grant.account_id == account_id,
        Grant.role == role,
        Grant.district_id == district_id,
        Grant.organization_id.is_(None)
        if organization_id is None
        else Grant.organization_id == organization_id,
    )


def _overlapping(
    account_id: int,
    role: str,
    district_id: int,
    organization_id: int | None,
    valid_from: date,
    valid_to: date | None,
) -> Grant | None:
    found = _same(account_id, role, district_id, organization_id).where(
        or_(Grant.valid_to.is_(None), Grant.valid_to > valid_from)
    )
    if valid_to is not None:
        found = found.where(Grant.valid_from < valid_to)
    first: Grant | None = session.scalars(found.order_by(Grant.valid_from).limit(1)).first()
    return first


def _is_full_member(account: Account, district_id: int) -> bool:
    record = select(_MEMBER.c.person_id).where(
        _MEMBER.c.person_id == account.person_id,
        _MEMBER.c.district_id == district_id,
        _MEMBER.c.stage == "full",
        _MEMBER.c.state == "normal",
        _MEMBER.c.closed_on.is_(None),
    )
    return account.person_id is not None and session.execute(record.limit(1)).first() is not None


def _tell(
    action: str, row: Grant, *, by: int | None, until: date | None = None, confirmed_by: int | None = None
) -> None:
    last = until or row.valid_to
    detail = {
        "role": row.role,
        "organization": row.organization_id,
        "from": row.valid_from.isoformat(),
        "to": last.isoformat() if last else None,
    }
    if confirmed_by is not None:
        detail["confirmed_by"] = confirmed_by
    audit.record(action, ("account", row.account_id), actor=by, district=row.district_id, detail=detail)
    sessions.end_all(row.account_id, why="role")
    notices.notify(
        action.replace("role.", "identity.role_"),
        account_id=row.account_id,
        district_id=row.district_id,
        params={
            "role": row.role,
            "first": row.valid_from.isoformat(),
            "last": (last - timedelta(days=1)).isoformat() if last else "",
        },
    )
