"""Assessments that wait: for the member's word, for the approval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.api import rows, session

from ..models import DuesAssessment
from .statement import Assessed, assessed_of

WAITING = ("draft", "confirmed")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A proposal and its version, for the form that confirms it."""

    version: int
    assessed: Assessed


def waiting(member_id: int) -> Proposal | None:
    """Return the member's proposal that is not approved yet, or None."""
    table: Any = DuesAssessment.__table__.c
    row = session.execute(
        rows(DuesAssessment).where(table.member_id == member_id, table.state.in_(WAITING))
    ).first()
    return None if row is None else Proposal(version=row.version, assessed=assessed_of(row))


def entity(assessment_id: int) -> DuesAssessment | None:
    """Return the row, for verbs; None for one that cannot be seen from here."""
    return session.scalar(select(DuesAssessment).where(DuesAssessment.id == assessment_id))
