"""The yearly fixing: drafted, confirmed by the member, approved by somebody else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, insert, select, update
from werkzeug.exceptions import Forbidden

from portal.api import (
    Account,
    Actor,
    Conflict,
    DistrictRef,
    Member,
    audit,
    clock,
    session,
    settings,
    swap,
    transaction,
)
from portal.api import gettext as _

from ..calculation import explain
from ..models import DuesAssessment
from ..months import first_day, parse_month
from . import obligations
from .carried import WAITING, carried
from .places import path_of

T: Any = DuesAssessment.__table__


def draft(
    *,
    district: DistrictRef,
    member: Member,
    category: str,
    base_fen: int | None,
    from_month: str,
    origin: str,
    by: int | None,
    apply_norm: bool = True,
    formula: str = "",
    reason: str = "",
) -> DuesAssessment:
    """Propose what a member pays from ``from_month`` on; an older proposal that waits is withdrawn.

    Raises ``BaseRefused`` and ``RateTableError`` as ``explain`` does, ``Conflict`` for a member without a
    branch or a month before the current one: nothing in the past is changed by it (rule K11).
    """
    parse_month(from_month)
    if member.organization_id is None:
        raise Conflict(_("这位党员还不在哪个支部。请先在党员登记里写上支部，再来核定。"))
    if from_month < clock.month() and _has_approved(member.id):
        raise Conflict(_("过去的月份不再改。请从本月或者以后的月份起核定。"))
    rounding = settings.get(district, "dues.rounding")
    found = explain(category, base_fen, on=first_day(from_month), rounding=rounding, apply_norm=apply_norm)
    with transaction() as current:
        current.execute(
            update(T)
            .where(T.c.member_id == member.id, T.c.district_id == district.id, T.c.state.in_(WAITING))
            .values(state="withdrawn", version=T.c.version + 1)
        )
        row = DuesAssessment(
            district_id=district.id,
            member_id=member.id,
            organization_id=member.organization_id,
            from_month=from_month,
            origin=origin,
            category=category,
            base_fen=found.base_fen,
            formula=formula,
            apply_norm=apply_norm,
            rounding=found.rounding,
            rate_version=found.version,
            amount_fen=found.amount_fen,
            reason=reason.strip(),
            drafted_by=by,
            drafted_at=clock.now(),
        )
        current.add(row)
        current.flush()
        audit.record("dues.assessment.draft", ("dues_assessment", row.id), actor=by, district=district)
    return row


def take_over(
    *,
    district: DistrictRef,
    member: Member,
    category: str,
    base_fen: int | None,
    from_month: str,
    by: int | None,
) -> DuesAssessment:
    """Write down what had been fixed on paper before the portal's books began.

    Only for a member who has no assessment yet; it records a decision, it does not make one.
    """
    with transaction() as current:
        row = draft(
            district=district,
            member=member,
            category=category,
            base_fen=base_fen,
            from_month=from_month,
            origin="opening",
            by=by,
        )
        swap(row, version=row.version, states=("draft",), state="approved", approved_at=clock.now())
        current.flush()
        obligations.create_soon(district.id)
    return row


def confirm(row: DuesAssessment, *, version: int, by: Actor, how: str = "member") -> None:
    """Let the member say that the base is right; ``how="paper"`` when staff typed in a signature.

    Raises ``Forbidden`` when somebody else presses the member's button.
    """
    if how == "member" and by.member_id != row.member_id:
        raise Forbidden("only the member confirms")
    if how == "paper" and not by.can("dues.assess", path_of(row.organization_id)):
        raise Forbidden("dues.assess")
    with transaction():
        swap(
            row,
            version=version,
            states=("draft",),
            state="confirmed",
            confirmed_how=how,
            confirmed_by=by.account_id,
            confirmed_at=clock.now(),
        )
        audit.record(
            "dues.assessment.confirm", ("dues_assessment", row.id), actor=by, district=row.district_id
        )


def approve(chosen: Sequence[tuple[DuesAssessment, int]], *, by: Actor) -> None:
    """Fix amounts, each at the version that was seen; all of them or none.

    First the decisions, then everybody's months, then the book: one by one the second's months would be
    waited for with the book in hand (``order``). Raises ``Forbidden`` for the drafter, the member, and
    whoever lacks the permission.
    """
    with transaction():
        for row, version in chosen:
            _approve(row, version=version, by=by)
        for district_id in sorted({row.district_id for row, _ in chosen}):
            obligations.create_soon(district_id)
            mine = [row for row, _ in chosen if row.district_id == district_id]
            obligations.adjust(district_id=district_id, assessments=mine)


def _approve(row: DuesAssessment, *, version: int, by: Actor) -> None:
    if not by.can("dues.approve", path_of(row.organization_id)):
        raise Forbidden("dues.approve")
    # One person counts once (rule K12); no setting turns this off.
    if by.account_id in (row.drafted_by, row.confirmed_by) or by.member_id == row.member_id:
        raise Forbidden("own decision")
    if by.person_id is not None and by.person_id in _persons(row.drafted_by, row.confirmed_by):
        raise Forbidden("own decision under another account")
    with session.begin_nested():  # a conflict leaves the older one in force
        session.execute(
            update(T)
            .where(
                T.c.member_id == row.member_id,
                T.c.district_id == row.district_id,
                T.c.state == "approved",
                T.c.from_month == row.from_month,
            )
            .values(state="superseded", version=T.c.version + 1)
        )
        swap(
            row,
            version=version,
            states=("confirmed",),
            state="approved",
            approved_by=by.account_id,
            approved_at=clock.now(),
        )
    audit.record("dues.assessment.approve", ("dues_assessment", row.id), actor=by, district=row.district_id)


def withdraw(row: DuesAssessment, *, version: int, reason: str, by: Actor) -> None:
    """Take a proposal back. Raises ValueError without a reason (rule K10)."""
    if not reason.strip():
        raise ValueError("reason")
    if by.member_id != row.member_id and not by.can("dues.assess", path_of(row.organization_id)):
        raise Forbidden("dues.assess")
    with transaction():
        swap(row, version=version, states=WAITING, state="withdrawn", reason=reason.strip())
        audit.record(
            "dues.assessment.withdraw", ("dues_assessment", row.id), actor=by, district=row.district_id
        )


def draft_year(
    *, district: DistrictRef, year: int, by: int | None, organization_ids: Iterable[int] | None = None
) -> int:
    """Draft everybody's new year from the base in force, in one statement; return how many.

    The amount comes from the rate table in force on 1 January, by the same rule as ``explain``. Members who
    have a proposal for that year already are left alone.
    """
    chosen = carried(district, year, by, organization_ids)
    with transaction() as current:
        columns = [column.name for column in chosen.selected_columns]
        statement = insert(T).from_select(columns, chosen, include_defaults=False)
        counted = statement.execution_options(preserve_rowcount=True)
        made = int(current.connection().execute(counted).rowcount)
        audit.record(
            "dues.assessment.draft_year",
            ("district", district.id),
            actor=by,
            district=district,
            detail={"year": year, "count": made},
        )
    return made


def carried_count(*, district: DistrictRef, year: int, organization_id: int) -> int:
    """Count whom ``draft_year`` would draft in one branch."""
    found = carried(district, year, None, [organization_id]).subquery()
    return int(session.execute(select(func.count()).select_from(found)).scalar_one())


def _persons(*accounts: int | None) -> set[int | None]:
    return set(session.scalars(select(Account.person_id).where(Account.id.in_([a for a in accounts if a]))))


def _has_approved(member_id: int) -> bool:
    found = select(DuesAssessment.id).where(
        DuesAssessment.member_id == member_id, DuesAssessment.state == "approved"
    )
    return session.execute(found.limit(1)).first() is not None
