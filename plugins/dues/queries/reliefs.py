"""Reads of reductions and waivers: those within reach, one with its steps, whom they can be for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal.api import Account, Actor, Member, Organization, Reach, rows, session

from ..models import DuesRelief, DuesReliefStep
from ..service.owing import MEMBER_STAGES
from ..service.reliefs import STAGE_PERMISSION, waiting_stage
from . import reached
from .bases import within

OPEN = ("proposed", "branch_approved")


@dataclass(frozen=True, kw_only=True)
class ReliefLine:
    """A reduction or waiver in a list."""

    id: int
    name: str
    branch: str
    state: str
    from_month: str
    to_month: str
    monthly_fen: int
    ended_from: str | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What somebody did in the chain, and when."""

    stage: str
    accepted: bool
    who: str
    account_id: int
    at: datetime
    note: str


def reach_of(actor: Actor) -> Reach:
    """Return where this person has any part in reliefs: proposing, deciding below, deciding above."""
    found = [actor.reach(one) for one in ("dues.propose", *STAGE_PERMISSION.values())]
    return Reach(
        everywhere=any(one.everywhere for one in found),
        paths=tuple(dict.fromkeys(path for one in found for path in one.paths)),
    )


def reliefs(reach: Reach, *, state: str = "", before: int | None = None, limit: int = 50) -> list[ReliefLine]:
    """Return the reliefs within reach, newest first; ``state="open"`` is those that wait."""
    table, place = DuesRelief.__table__.c, Organization.__table__.c
    found = within(
        rows(
            DuesRelief,
            table.id,
            Member.name,
            place.name.label("branch"),
            table.state,
            table.from_month,
            table.to_month,
            table.monthly_fen,
            table.ended_from,
        )
        .join(Member, Member.id == table.member_id)
        .join(Organization, place.id == table.organization_id),
        reach,
    )
    if state == "open":
        found = found.where(table.state.in_(OPEN))
    if before is not None:
        found = found.where(table.id < before)
    return [
        ReliefLine(**row._asdict()) for row in session.execute(found.order_by(table.id.desc()).limit(limit))
    ]


def own(member_id: int) -> list[Any]:
    """Return the decisions a member lives by or lived by, newest first; proposals are not theirs to read."""
    table = DuesRelief.__table__.c
    found = rows(
        DuesRelief,
        table.state,
        table.from_month,
        table.to_month,
        table.monthly_fen,
        table.reason,
        table.ended_from,
        table.end_reason,
        table.ended_at,
    ).where(table.member_id == member_id, table.state == "approved")
    return list(session.execute(found.order_by(table.id.desc()).limit(20)))


def relief_at(relief_id: int, reach: Reach) -> DuesRelief | None:
    """Return a relief whose branch is within reach; None reads the same as unknown."""
    return reached.at(DuesRelief, relief_id, reach)


def steps_of(relief: DuesRelief) -> list[Step]:
    """Return what was done so far, oldest first."""
    table = DuesReliefStep.__table__.c
    found = session.execute(
        rows(
            DuesReliefStep,
            table.stage,
            table.accepted,
            Account.display_name.label("who"),
            table.actor_id.label("account_id"),
            table.at,
            table.note,
        )
        .join(Account, Account.id == table.actor_id)
        .where(table.relief_id == relief.id)
        .order_by(table.id)
    )
    return [Step(**row._asdict()) for row in found]


def may_decide(relief: DuesRelief, steps: list[Step], *, path: str, actor: Actor) -> bool:
    """Tell whether the waiting stage is this person's: the right, not the member, not counted already."""
    stage = waiting_stage(relief)
    return (
        stage is not None
        and actor.can(STAGE_PERMISSION[stage], path)
        and actor.member_id != relief.member_id
        and actor.account_id not in {step.account_id for step in steps}
    )


def people(organization_id: int) -> list[tuple[int, str]]:
    """Return the members of a branch for whom something can be proposed, by name."""
    who = Member.__table__.c
    found = session.execute(
        rows(Member, who.id, who.name)
        .where(
            who.organization_id == organization_id,
            who.closed_on.is_(None),
            who.state == "normal",
            who.stage.in_(MEMBER_STAGES),
        )
        .order_by(who.sort_key, who.id)
    )
    return [(row.id, row.name) for row in found]


def place_of(relief: DuesRelief) -> Any:
    """Return name and path of a relief's branch, and the member's name."""
    return session.execute(
        select(Organization.name, Organization.path, Member.name.label("member"))
        .join(Member, Member.id == relief.member_id)
        .where(Organization.id == relief.organization_id)
    ).one()


def to_decide(actor: Actor) -> int:
    """Count the reliefs whose waiting stage this person may decide."""
    table, place = DuesRelief.__table__.c, Organization.__table__.c
    counted = DuesReliefStep.__table__
    mine = select(counted.c.relief_id).where(counted.c.actor_id == actor.account_id)
    total = 0
    # The first stage is the branch's in every chain (rates/, [relief]); the second is the committee's.
    for state, permission in (("proposed", "dues.relieve"), ("branch_approved", "dues.relieve_above")):
        reach = actor.reach(permission)
        if not reach:
            continue
        found = within(
            rows(DuesRelief, func.count(table.id))
            .join(Organization, place.id == table.organization_id)
            .where(
                table.state == state,
                table.member_id != (actor.member_id or 0),
                table.id.not_in(mine),
            ),
            reach,
        )
        total += int(session.execute(found).scalar_one())
    return total
