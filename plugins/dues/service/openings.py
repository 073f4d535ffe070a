"""Where the books begin: a branch's first month, a member's 党费缴至, and both from the members' sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from werkzeug.exceptions import Forbidden

from portal.api import Conflict, DistrictRef, Member, Organization, audit, clock, swap, transaction
from portal.api import gettext as _

from ..limits import latest_paid_through
from ..models import DuesAssessment, DuesBranchOpening, DuesMemberOpening, DuesObligation
from ..months import parse_month, shifted
from ..queries.cash import person_of
from ..rate_files import rate_tables
from . import assessments, obligations


class TooFarAhead(ValueError):
    """A month later than dues may be paid ahead; ``latest`` is the last one that can be right."""

    def __init__(self, month: str, latest: str, limit: int) -> None:
        super().__init__(month)
        self.latest, self.limit = latest, limit


def not_too_far(month: str) -> None:
    """Raise ``TooFarAhead`` for a month nobody can have paid for yet, by the rate table in force today.

    Source: rates/, [limits]: dues are paid ahead for six months at most. A slip of the year would otherwise
    free a member, or by a first month a whole branch, of every month until then.
    """
    table = rate_tables().on(clock.today())
    latest = latest_paid_through(table, clock.month())
    if month > latest:
        raise TooFarAhead(month, latest, table.limits.prepayment_months)


def start_branch(
    *, district: DistrictRef, organization: Organization, start_month: str, by: int | None
) -> DuesBranchOpening:
    """Set the first month a branch keeps its dues here.

    Raises ValueError for something that is no month, ``TooFarAhead`` for a slip of the year, ``Conflict``
    once months are on the books: the opening position is a fact, not a switch.
    """
    not_too_far(parse_month(start_month))
    with transaction() as current:
        row = current.scalar(
            select(DuesBranchOpening).where(
                DuesBranchOpening.organization_id == organization.id,
                DuesBranchOpening.district_id == district.id,
            )
        )
        if row is not None and row.start_month == start_month:
            return row
        if row is None:
            row = DuesBranchOpening(
                district_id=district.id,
                organization_id=organization.id,
                start_month=start_month,
                recorded_by=by,
                recorded_at=clock.now(),
            )
            current.add(row)
            current.flush()
        else:
            on_books = select(DuesObligation.id).where(
                DuesObligation.organization_id == organization.id,
                DuesObligation.district_id == district.id,
            )
            if current.scalar(on_books.limit(1)) is not None:
                raise Conflict(_("已经有入账的月份，不能再改。"))
            swap(row, version=row.version, start_month=start_month, recorded_by=by, recorded_at=clock.now())
        audit.record(
            "dues.opening.branch",
            ("organization", organization.id),
            actor=by,
            district=district,
            detail={"start_month": start_month},
        )
        obligations.create_soon(district.id)
    return row


def set_paid_through(
    *, district: DistrictRef, member: Member, month: str, source: str, by: int | None
) -> DuesMemberOpening:
    """Write down the last month a member had paid for before the books began, or on the transfer letter.

    Raises ValueError for something that is no month, ``TooFarAhead`` for one nobody may have paid for yet,
    ``Conflict`` once one of the member's months is on the books: from then on the books say how far somebody
    has paid. ``Forbidden`` for the member (rule K12).
    """
    not_too_far(parse_month(month))
    with transaction() as current:
        row = current.scalar(
            select(DuesMemberOpening).where(
                DuesMemberOpening.member_id == member.id, DuesMemberOpening.district_id == district.id
            )
        )
        if row is not None and row.paid_through == month:
            return row
        if by is not None and person_of(by) == member.person_id:
            raise Forbidden("own opening")
        if row is None:
            row = DuesMemberOpening(
                district_id=district.id,
                member_id=member.id,
                paid_through=month,
                source=source,
                recorded_by=by,
                recorded_at=clock.now(),
            )
            current.add(row)
            current.flush()
        else:
            on_books = select(DuesObligation.id).where(
                DuesObligation.member_id == member.id, DuesObligation.district_id == district.id
            )
            if current.scalar(on_books.limit(1)) is not None:
                raise Conflict(_("已经有入账的月份，不能再改。"))
            swap(
                row,
                version=row.version,
                paid_through=month,
                source=source,
                recorded_by=by,
                recorded_at=clock.now(),
            )
        audit.record(
            "dues.opening.member",
            ("member", member.id),
            actor=by,
            district=district,
            detail={"paid_through": month},
        )
        obligations.create_soon(district.id)
    return row


def take_over_member(
    *,
    district: DistrictRef,
    member: Member,
    category: str | None,
    base_fen: int | None,
    paid_through: str | None,
    by: int | None,
) -> None:
    """Take over one row of the members' sheet; the same row again changes nothing.

    The first category and base become the opening assessment. A different base later is a proposal like any
    other: the member confirms it, somebody else approves it.
    """
    with transaction() as current:
        if paid_through is not None:
            set_paid_through(district=district, member=member, month=paid_through, source="import", by=by)
        if category is None:
            return
        if not rate_tables().on(clock.today()).category(category).needs_base:
            base_fen = None
        latest = current.scalar(
            select(DuesAssessment)
            .where(
                DuesAssessment.member_id == member.id,
                DuesAssessment.district_id == district.id,
                DuesAssessment.state.in_(("draft", "confirmed", "approved")),
            )
            .order_by(DuesAssessment.from_month.desc(), DuesAssessment.id.desc())
            .limit(1)
        )
        proposal: Mapping[str, Any] = {"district": district, "member": member, "category": category, "by": by}
        if latest is None:
            begins = shifted(paid_through, 1) if paid_through else f"{clock.today().year}-01"
            assessments.take_over(**proposal, base_fen=base_fen, from_month=begins)
        elif (latest.category, latest.base_fen) != (category, base_fen):
            assessments.draft(**proposal, base_fen=base_fen, from_month=clock.month(), origin="sheet")
