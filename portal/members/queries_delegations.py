"""Reads of delegations: my own two lists, one of them, what was done, and the branch's list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from portal.database import rows, session
from portal.identity.actor import Actor
from portal.identity.models import Account
from portal.members.delegation_purposes import HelpPurpose
from portal.members.models import Member
from portal.members.models_delegation import Delegation, DelegationAct
from portal.members.queries import within
from portal.members.service_delegations import PERMISSION, sides
from portal.organizations.models import Organization

_D: Any = Delegation.__table__
_A: Any = DelegationAct.__table__
_M: Any = Member.__table__


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What a helper did: when, and in words ("" where its service is gone)."""

    at: datetime
    what: str


def one(uid: str, by: Actor) -> tuple[Delegation, frozenset[str]] | None:
    """Return a delegation and the parts in which this person meets it; None reads the same as unknown."""
    row = session.scalar(select(Delegation).where(Delegation.uid == uid))
    if row is None:
        return None
    mine = sides(row, by)
    return (row, mine) if mine else None


def mine(by: Actor) -> tuple[list[Any], list[Any]]:
    """Return (whom I help, who helps me), those that hold first; of each the newest fifty."""
    helped_by: list[Any] = []
    if by.member_id is not None:
        helped_by = _list(_D.c.member_id == by.member_id)
    return _list(_D.c.account_id == by.account_id), helped_by


def _list(where: Any) -> list[Any]:
    account = Account.__table__
    found = (
        rows(Delegation, *_D.c, account.c.display_name.label("helper"))
        .join(account, account.c.id == _D.c.account_id)
        .where(where)
        .order_by(_D.c.ended_at.is_not(None), _D.c.id.desc())
        .limit(50)
    )
    return list(session.execute(found))


def of_member(member_id: int) -> list[Any]:
    """Return who helps a member or did, for the panel on the desk's page."""
    return [
        row for row in _list(_D.c.member_id == member_id) if row.consented_at is not None or not row.ended_at
    ]


def acts(
    delegation_id: int, purposes: Sequence[HelpPurpose], *, by: Actor, own: bool, limit: int = 50
) -> list[Act]:
    """Return what was done under a delegation, the newest first, in the words of each purpose.

    ``own``: the reader is one of the two sides; anybody else reads what each purpose lets them.
    """
    found = list(
        session.execute(
            rows(DelegationAct, _A.c.purpose, _A.c.reference, _A.c.at)
            .where(_A.c.delegation_id == delegation_id)
            .order_by(_A.c.id.desc())
            .limit(limit)
        )
    )
    told: dict[tuple[str, str], str] = {}
    for purpose in purposes:
        references = [row.reference for row in found if row.purpose == purpose.slug]
        if references:
            told |= {
                (purpose.slug, ref): words for ref, words in purpose.told(references, by=by, own=own).items()
            }
    return [Act(at=row.at, what=told.get((row.purpose, row.reference), "")) for row in found]


def listed(by: Actor) -> Select[Any]:
    """Select the delegations of the branches this person speaks for; their own are not theirs to answer."""
    account, branch = Account.__table__, Organization.__table__
    found = (
        rows(
            Delegation,
            _D.c.id,
            _D.c.uid,
            _D.c.state,
            _D.c.relation,
            _D.c.purposes,
            _D.c.asked_at,
            _D.c.valid_from,
            _D.c.valid_to,
            _D.c.end_why,
            _M.c.name,
            _M.c.sort_key,
            account.c.display_name.label("helper"),
            branch.c.name.label("branch"),
        )
        .join(_M, _M.c.id == _D.c.member_id)
        .join(account, account.c.id == _D.c.account_id)
        .join(branch, branch.c.id == _D.c.organization_id)
    )
    narrowed = within(by.reach(PERMISSION), branch.c.path)
    if narrowed is not None:
        found = found.where(narrowed)
    if by.member_id is not None:
        found = found.where(_D.c.member_id != by.member_id)
    return found.where(_D.c.account_id != by.account_id)


def waiting(by: Actor, *, limit: int = 100) -> int:
    """Return how many questions wait for this person's branch, up to ``limit``."""
    found = listed(by).where(_D.c.state.in_(("asked", "agreed")))
    return len(session.execute(found.limit(limit)).all())
