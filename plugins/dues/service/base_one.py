"""One person's new base from a form: judged as a row of the sheet is, then the same way (rule K12)."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.exceptions import Forbidden

from portal.api import Actor, Conflict, DistrictRef, audit, clock, session, settings, sheet_kit, transaction

from ..base_columns import ITEMS, PROFILE
from ..base_verdict import Judge, Known
from ..messages import base_waits
from ..models import DuesAssessment
from ..months import first_day, parse_month
from ..queries.statement import member_of
from . import assessments
from .bases import account_of
from .places import path_of

#: What may be typed; the names are the sheet's columns.
FIELDS = ("category", "formula", "base", *ITEMS)


class Unchanged(ValueError):
    """The proposal is what is fixed, or waits, already."""


def judge(known: Known, typed: Mapping[str, str], *, from_month: str, district: DistrictRef) -> sheet_kit.Row:
    """Judge what was typed for one member; nothing is written. Reasons and warnings are in the row."""
    parse_month(from_month)
    judged = Judge(
        [known],
        from_month=from_month,
        on=first_day(from_month),
        rounding=settings.get(district, "dues.rounding"),
        this_month=clock.month(),
    )
    names = ("name", *FIELDS)
    columns = {column.name: column.header for column in PROFILE.columns}
    mapping = sheet_kit.ColumnMap(
        header_row=0,
        positions={name: at for at, name in enumerate(names)},
        headers=tuple(columns[name] for name in names),
    )
    cells: list[sheet_kit.Cell] = [known.name, *(typed.get(name, "").strip() or None for name in FIELDS)]
    (row,) = sheet_kit.judge_rows([(1, cells)], PROFILE, mapping, judged)
    return row


def propose(
    known: Known,
    typed: Mapping[str, str],
    *,
    from_month: str,
    organization_id: int,
    district: DistrictRef,
    actor: Actor,
) -> DuesAssessment:
    """Propose what was typed; the member confirms it, somebody else approves it.

    Raises ``Unchanged``, ``Conflict`` when the verdict is no longer good, ``Forbidden`` outside of the own
    branches.
    """
    if not actor.can("dues.assess", path_of(organization_id)):
        raise Forbidden("dues.assess")
    with transaction():
        row = judge(known, typed, from_month=from_month, district=district)
        member = member_of(known.member_id)
        if row.reasons or row.target is None or member is None or member.organization_id != organization_id:
            raise Conflict
        if row.verdict is sheet_kit.Verdict.SAME:
            raise Unchanged
        made = assessments.draft(
            district=district,
            member=member,
            category=row.target.category,
            base_fen=row.target.base_fen,
            from_month=from_month,
            origin="branch",
            formula=row.target.formula,
            by=actor.account_id,
        )
        account_id = account_of(member)
        if account_id is not None:
            base_waits(made, account_id=account_id, district=district)
        session.flush()
        audit.record("dues.bases.one", ("dues_assessment", made.id), actor=actor, district=district)
    return made
