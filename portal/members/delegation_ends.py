"""Delegations that end by themselves: the member left, moved or died, the account was disabled, the day came.

They stop working at once without this (``delegations`` asks anew each time); here they are closed on record
and both sides are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import time, timedelta
from typing import Any

from sqlalchemy import case, or_, select, update

from portal import audit, clock
from portal.database import in_scope, session, swap, transaction
from portal.identity.models import Account
from portal.jobs import job
from portal.members import delegation_notices
from portal.members.journal import Journal
from portal.members.models import Member
from portal.members.models_delegation import OPEN, Delegation
from portal.members.service_delegations import MOVES

#: A question nobody answered is over after this; so is one that matched nobody.
UNANSWERED = timedelta(days=30)


def end_of_member(member: Member, *, why: str) -> int:
    """End what a member's branch consented to, in the transaction of the leaving; return how many."""
    return _end(select(Delegation).where(Delegation.member_id == member.id), why)


def absorb(kept: Member, absorbed: Member, journal: Journal) -> None:
    """Hand the absorbed record's delegations to the kept one, through the merge's journal.

    What cannot go on ends there: the consent of another branch, a second one of the same helper, oneself.
    """
    own = select(Account.id).where(Account.person_id == kept.person_id).scalar_subquery()
    there = Delegation.__table__.alias()
    twice = select(there.c.account_id).where(there.c.member_id == kept.id, there.c.state.in_(OPEN))
    journal.change(
        Delegation,
        Delegation.member_id == absorbed.id,
        Delegation.state.in_(OPEN),
        or_(
            Delegation.organization_id != kept.organization_id,
            Delegation.account_id.in_(twice),
            Delegation.account_id == own,
        ),
        state="ended",
        ended_at=clock.now(),
        end_why="merged",
    )
    journal.change(Delegation, Delegation.member_id == absorbed.id, member_id=kept.id)


def forget(member: Member) -> None:
    """Anonymise a person's delegations when the record is erased; that there was one stays for the books."""
    end_of_member(member, why="erased")
    session.execute(
        update(Delegation)
        .where(Delegation.member_id == member.id)
        .values(label="*", asked_index="", end_reason="", version=Delegation.version + 1)
    )


def forget_helper(account_id: int) -> None:
    """End what an account that is deleted did for others in the caller's district; both sides are told."""
    _end(select(Delegation).where(Delegation.account_id == account_id), "account")


@job("members.end_delegations", daily=time(0, 20), per_district=True)
def end_due(_payload: Mapping[str, Any]) -> None:
    """Close what stopped holding: the date, the account, the record, the branch; and questions left open."""
    today, member, account = clock.today(), Member, Account
    why = case(
        (Delegation.valid_to <= today, "date"),
        (account.disabled_at.is_not(None), "account"),
        (member.closed_on.is_not(None), "left"),
        (member.organization_id.is_distinct_from(Delegation.organization_id), "moved"),
        else_="unanswered",
    )
    found = (
        select(Delegation, why.label("why"))
        .join(account, account.id == Delegation.account_id)
        .outerjoin(member, member.id == Delegation.member_id)
        .where(
            Delegation.state.in_(OPEN),
            or_(
                Delegation.valid_to <= today,
                account.disabled_at.is_not(None),
                member.closed_on.is_not(None),
                member.organization_id.is_distinct_from(Delegation.organization_id),
                (Delegation.state != "active") & (Delegation.asked_at < clock.now() - UNANSWERED),
            ),
        )
    )
    due = session.execute(found).all()
    session.rollback()
    for row, why_now in due:
        with in_scope([row.district_id], write=row.district_id), transaction():
            _end(select(Delegation).where(Delegation.id == row.id), why_now)


def _end(found: Any, why: str) -> int:
    rows: Iterable[Delegation] = session.scalars(found.where(Delegation.state.in_(OPEN))).all()
    states, ended, _by = MOVES["lapse"]
    count = 0
    with transaction():
        for row in rows:
            swap(row, version=None, states=states, state=ended, ended_at=clock.now(), end_why=why)
            audit.record("delegation.lapse", row, actor=None, district=row.district_id, detail={"why": why})
            delegation_notices.moved(row, "lapse", by=None)
            count += 1
    return count
