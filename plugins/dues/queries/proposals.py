"""Assessments that wait: for the member's word, for the approval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select

from portal.api import prepared, rows, session

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
    row = session.execute(_waiting(), {"member_id": member_id}).first()
    return None if row is None else Proposal(version=row.version, assessed=assessed_of(row))


@prepared
def _waiting() -> Select[Any]:
    table: Any = DuesAssessment.__table__.c
    return rows(DuesAssessment).where(table.member_id == bindparam("member_id"), table.state.in_(WAITING))


def entity(assessment_id: int) -> DuesAssessment | None:
    """Return the row, for verbs; None for one that cannot be seen from here."""
    return session.scalar(select(DuesAssessment).where(DuesAssessment.id == assessment_id))
