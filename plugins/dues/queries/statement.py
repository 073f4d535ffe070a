"""Everything the statement of one member shows, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from portal.api import BRANCH_KINDS, Member, Organization, clock, prepared, rows, session

from ..calculation import Explanation, explain
from ..models import DuesAssessment, DuesBranchOpening, DuesConsent, DuesMemberOpening, DuesObligation
from ..months import first_day
from ..rate_files import rate_tables
from ..rate_table import Formula, RateTable
from ..service import books
from ..service.owing import MEMBER_STAGES
from ..timeline import Fixed, Known, MonthLine, Timeline, first_month, missing_facts, timeline
from ..words import why


@dataclass(frozen=True, kw_only=True)
class Assessed:
    """An approved assessment as the pages show it, with the sentence that says why."""

    id: int
    from_month: str
    category: str
    base_fen: int | None
    amount_fen: int
    origin: str
    state: str
    sentence: str
    explanation: Explanation
    table: RateTable
    #: How the base of a monthly wage is worked out in this person's kind of unit, where that was said.
    formula: Formula | None


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What one member owes and why. Sums in fen."""

    member_id: int
    district_id: int
    name: str
    organization_id: int | None
    branch: str
    phone: str
    timeline: Timeline
    assessed: dict[int, Assessed]
    credit_fen: int

    @property
    def current(self) -> Assessed | None:
        """Return the assessment of the current month, else the latest one."""
        now = [line for line in self.timeline.lines if line.ahead == 0]
        if now:
            return self.assessed.get(now[0].assessment_id)
        return max(self.assessed.values(), key=lambda each: each.from_month, default=None)

    def why(self, line: MonthLine) -> str:
        """Return the sentence that says why a month costs what it does."""
        found = self.assessed.get(line.assessment_id)
        return found.sentence if found else ""

    def why_else(self, line: MonthLine) -> str:
        """Return the sentence of a month whose reason is not the one on top of the page."""
        said = self.why(line)
        return "" if self.current and said == self.current.sentence else said


def statement(member_id: int, *, today: date | None = None) -> Statement | None:
    """Return the statement of a member, or None for one who cannot be seen from here.

    Months that are not on the books yet are shown as they will be; nothing is written (rule K1).
    """
    today = today or clock.today()
    who = session.execute(_who(), {"member_id": member_id, "today": today}).first()
    if who is None:
        return None
    assessed = _assessed(member_id)
    fixed = [
        Fixed(id=each.id, from_month=each.from_month, amount_fen=each.amount_fen)
        for each in assessed.values()
        if each.state == "approved"
    ]
    first = first_month(start_month=who.start_month, paid_through=who.paid_through, joined_on=who.joined_on)
    collects = who.kind in BRANCH_KINDS and who.stage in MEMBER_STAGES and who.state == "normal"
    return Statement(
        member_id=member_id,
        district_id=who.district_id,
        name=who.name,
        organization_id=who.organization_id,
        branch=who.branch or "",
        phone=who.office_phone or "",
        timeline=timeline(
            today=today,
            first=first,
            missing=missing_facts(branch=collects, start_month=who.start_month, first=first, fixed=fixed),
            fixed=fixed,
            known=_known(member_id),
            limits=rate_tables().on(today).limits,
            consent_from=who.consent_from,
        ),
        assessed=assessed,
        credit_fen=books.credit_of(who.district_id, member_id),
    )


@prepared
def _who() -> Select[Any]:
    member, branch = Member.__table__, Organization.__table__
    began, opening, consent = (
        DuesBranchOpening.__table__,
        DuesMemberOpening.__table__,
        DuesConsent.__table__,
    )
    agreed = (
        select(func.min(consent.c.from_month))
        .where(
            consent.c.member_id == bindparam("member_id"),
            consent.c.kind == "back_payment",
            consent.c.valid_to >= bindparam("today"),
        )
        .scalar_subquery()
    )
    return (
        rows(
            Member,
            member.c.district_id,
            member.c.name,
            member.c.organization_id,
            member.c.joined_on,
            member.c.stage,
            member.c.state,
            branch.c.name.label("branch"),
            branch.c.kind,
            branch.c.office_phone,
            began.c.start_month,
            opening.c.paid_through,
            agreed.label("consent_from"),
        )
        .outerjoin(branch, branch.c.id == member.c.organization_id)
        .outerjoin(began, began.c.organization_id == member.c.organization_id)
        .outerjoin(opening, opening.c.member_id == member.c.id)
        .where(member.c.id == bindparam("member_id"))
    )


@prepared
def _assessments() -> Select[Any]:
    table = DuesAssessment.__table__.c
    return (
        rows(
            DuesAssessment,
            table.id,
            table.from_month,
            table.category,
            table.base_fen,
            table.amount_fen,
            table.apply_norm,
            table.rounding,
            table.rate_version,
            table.formula,
            table.origin,
            table.state,
        )
        .where(table.member_id == bindparam("member_id"), table.state.in_(("approved", "superseded")))
        .order_by(table.from_month)
    )


@prepared
def _months() -> Select[Any]:
    table = DuesObligation.__table__.c
    return rows(
        DuesObligation,
        table.id,
        table.month,
        table.state,
        table.due_fen,
        table.relief_fen,
        table.paid_fen,
        table.assessment_id,
    ).where(table.member_id == bindparam("member_id"))


def _assessed(member_id: int) -> dict[int, Assessed]:
    found = session.execute(_assessments(), {"member_id": member_id}).all()
    # A base that was erased at the person's wish explains nothing any more; its months stay as they are.
    return {row.id: assessed_of(row) for row in found if _has_base(row)}


def _has_base(row: Any) -> bool:
    needs = rate_tables().version(row.rate_version).category(row.category).needs_base
    return row.base_fen is not None or not needs


def assessed_of(row: Any) -> Assessed:
    """Explain an assessment by the table it was made with (a new one never changes an approved year)."""
    rates = rate_tables().version(row.rate_version)
    found = explain(
        row.category,
        row.base_fen,
        on=first_day(row.from_month),
        rounding=row.rounding,
        apply_norm=row.apply_norm,
        table=rates,
    )
    return Assessed(
        id=row.id,
        from_month=row.from_month,
        category=row.category,
        base_fen=row.base_fen,
        amount_fen=row.amount_fen,
        origin=row.origin,
        state=row.state,
        sentence=why(found, rates),
        explanation=found,
        table=rates,
        formula=rates.formulas.get(row.formula),
    )


def _known(member_id: int) -> list[Known]:
    found = session.execute(_months(), {"member_id": member_id}).all()
    return [
        Known(
            id=row.id,
            month=row.month,
            state=row.state,
            due_fen=row.due_fen,
            relief_fen=row.relief_fen,
            paid_fen=row.paid_fen,
            assessment_id=row.assessment_id,
        )
        for row in found
    ]


def member_of(member_id: int) -> Member | None:
    """Return the member's record, or None for one who cannot be seen from here."""
    return session.scalar(select(Member).where(Member.id == member_id))
