"""Reductions and waivers (少交免交): proposed with the branch meeting's decision, approved stage by stage."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import Forbidden

from portal.api import Actor, Conflict, DistrictRef, Member, audit, clock, session, swap, transaction

from ..limits import relief_chain
from ..models import DuesAssessment, DuesRelief, DuesReliefStep
from ..months import distance, parse_month
from ..rate_files import rate_tables
from . import obligations
from .places import path_of

#: The permission each stage asks for.
STAGE_PERMISSION = {"branch": "dues.relieve", "committee": "dues.relieve_above"}
LONGEST = 12


class ReliefRefused(ValueError):
    """A proposal that cannot stand; ``reason`` is a code, the words are in ``words``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def propose(
    *,
    district: DistrictRef,
    member: Member,
    from_month: str,
    to_month: str,
    monthly_fen: int,
    reason: str,
    meeting_on: date,
    document: str,
    by: Actor,
) -> DuesRelief:
    """Write down the branch meeting's decision; nothing changes until the last stage has approved.

    The chain is the rule's: branch and committee, for a retired member the branch alone. It ends by itself
    after ``to_month``, at most a year. Raises ``ReliefRefused`` and ``Forbidden``.
    """
    parse_month(from_month)
    parse_month(to_month)
    if member.organization_id is None:
        raise ReliefRefused("branch")
    if not by.can("dues.propose", path_of(member.organization_id)):
        raise Forbidden("dues.propose")
    if by.member_id == member.id:
        raise Forbidden("own relief")
    if not reason.strip() or not document.strip():
        raise ReliefRefused("reason")
    if not 0 <= distance(from_month, to_month) < LONGEST:
        raise ReliefRefused("months")
    if meeting_on > clock.today():
        raise ReliefRefused("meeting")
    assessment = session.scalar(
        select(DuesAssessment)
        .where(
            DuesAssessment.member_id == member.id,
            DuesAssessment.district_id == district.id,
            DuesAssessment.state == "approved",
            DuesAssessment.from_month <= to_month,
        )
        .order_by(DuesAssessment.from_month.desc())
        .limit(1)
    )
    if assessment is None:
        raise ReliefRefused("assessment")
    if not 0 <= monthly_fen < assessment.amount_fen:
        raise ReliefRefused("amount")
    table = rate_tables().on(clock.today())
    with transaction() as current:
        row = DuesRelief(
            district_id=district.id,
            member_id=member.id,
            organization_id=member.organization_id,
            chain=list(relief_chain(table, assessment.category)),
            from_month=from_month,
            to_month=to_month,
            monthly_fen=monthly_fen,
            reason=reason.strip(),
            meeting_on=meeting_on,
            document=document.strip(),
            proposed_by=by.account_id,
            proposed_at=clock.now(),
        )
        current.add(row)
        current.flush()
        _step(row, stage="propose", accepted=True, note="", by=by)
        audit.record("dues.relief.propose", ("dues_relief", row.id), actor=by, district=district)
    return row


def decide(row: DuesRelief, *, version: int, accept: bool, note: str, by: Actor) -> None:
    """Approve or refuse the stage that waits; after the last one the months change.

    A refusal needs a reason (ValueError, rule K10). Raises ``Forbidden`` for whoever proposed it, decided an
    earlier stage, is the member, or lacks the permission (rule K12), ``Conflict`` when nothing waits.
    """
    if not accept and not note.strip():
        raise ValueError("reason")
    stage = waiting_stage(row)
    if stage is None:
        raise Conflict(current=row)
    if not by.can(STAGE_PERMISSION[stage], path_of(row.organization_id)):
        raise Forbidden(STAGE_PERMISSION[stage])
    if by.member_id == row.member_id:
        raise Forbidden("own relief")
    last = stage == row.chain[-1]
    state = "refused" if not accept else "approved" if last else "branch_approved"
    with transaction():
        _step(row, stage=stage, accepted=accept, note=note.strip(), by=by)
        swap(row, version=version, states=("proposed", "branch_approved"), state=state)
        audit.record(f"dues.relief.{state}", ("dues_relief", row.id), actor=by, district=row.district_id)
        if state == "approved":
            obligations.relieve(row)


def waiting_stage(row: DuesRelief) -> str | None:
    """Return the stage that has to decide now, or None."""
    if row.state == "proposed":
        return str(row.chain[0])
    return str(row.chain[1]) if row.state == "branch_approved" else None


def _step(row: DuesRelief, *, stage: str, accepted: bool, note: str, by: Actor) -> None:
    try:
        with session.begin_nested():
            session.add(
                DuesReliefStep(
                    district_id=row.district_id,
                    relief_id=row.id,
                    stage=stage,
                    accepted=accepted,
                    note=note,
                    actor_id=by.account_id,
                    at=clock.now(),
                )
            )
    except IntegrityError as twice:
        # The unique key: one person counts once in a chain, whatever roles they hold.
        raise Forbidden("counted already") from twice
