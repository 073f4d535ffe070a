"""When a member moves to another branch, or two records turn out to be one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select, update

from portal.api import Conflict, Journal, MemberRef, audit, clock, session, swap, transaction
from portal.api import gettext as _

from ..models import (
    DuesAssessment,
    DuesCashLine,
    DuesCashSheet,
    DuesConsent,
    DuesMemberOpening,
    DuesObligation,
    DuesRelief,
    DuesReliefStep,
    DuesReminder,
    DuesVoucher,
)
from ..models.obligation import PAYABLE
from . import obligations


def moved(*, member: MemberRef, target: int | None) -> int:
    """Hand the months after this one over to the new branch; return how many.

    This month and what is owed from before stay with the branch that had the member on the month's first
    day, so that each month belongs to exactly one branch. Told twice it changes nothing.
    """
    if target is None:
        return 0
    waiting: Any = DuesAssessment.__table__
    with transaction() as current:
        # The decision before its months, as when it is approved (``order``).
        current.execute(
            update(waiting)
            .where(
                waiting.c.district_id == member.district_id,
                waiting.c.member_id == member.id,
                waiting.c.state.in_(("draft", "confirmed")),
            )
            .values(organization_id=target, version=waiting.c.version + 1)
        )
        months = obligations.locked(
            DuesObligation.district_id == member.district_id,
            DuesObligation.member_id == member.id,
            DuesObligation.month > clock.month(),
            DuesObligation.state.in_(PAYABLE),
            DuesObligation.paid_fen == 0,
            DuesObligation.organization_id != target,
        )
        for each in months:
            swap(each, version=each.version, organization_id=target)
    return len(months)


def hindrance(absorbed: MemberRef) -> str:
    """Return why a record's dues cannot go over to another one, and what to do; "" when they can."""
    for model in (DuesObligation, DuesVoucher):
        own: Any = model.__table__.c
        found = select(own.id).where(own.district_id == absorbed.district_id, own.member_id == absorbed.id)
        if session.execute(found.limit(1)).first() is not None:
            return _("这条登记有党费入账，不能并进别的登记。请打开这一条，把另一条并进来。")
    line, sheet = DuesCashLine.__table__.c, DuesCashSheet.__table__.c
    waits = (
        select(line.id)
        .join(DuesCashSheet, sheet.id == line.sheet_id)
        .where(line.member_id == absorbed.id, sheet.state.in_(("draft", "handed_over")))
    )
    if session.execute(waits.limit(1)).first() is not None:
        return _("这条登记在一张现金单上，请先入账或改好现金单，再来合并。")
    return ""


def merged(*, kept: MemberRef, absorbed: MemberRef, journal: Journal) -> None:
    """Move an absorbed record's dues over to the one that is kept, inside the merge's transaction.

    The books name members by id and are never changed, so a record with entries of its own cannot be
    absorbed: it has to be the one that is kept. Raises ``Conflict`` then, in the words of ``hindrance``.
    """
    with transaction() as current:
        if said := hindrance(absorbed):
            raise Conflict(said)
        has: dict[Any, bool] = {
            model: current.scalar(select(model.id).where(model.member_id == kept.id).limit(1)) is not None
            for model in (DuesMemberOpening, DuesAssessment)
        }
        # A reminder of the record that goes is one of the person all the same, unless both had one.
        twice = current.scalars(select(DuesReminder.month).where(DuesReminder.member_id == kept.id)).all()
        journal.remove(DuesReminder, DuesReminder.member_id == absorbed.id, DuesReminder.month.in_(twice))
        for model in (DuesMemberOpening, DuesAssessment, DuesRelief, DuesConsent, DuesReminder):
            mine = model.member_id == absorbed.id
            # What the kept record says about itself holds.
            if has.get(model) and model is DuesMemberOpening:
                journal.remove(model, mine)
            elif has.get(model):
                journal.change(model, mine, state="withdrawn", member_id=kept.id)
            else:
                journal.change(model, mine, member_id=kept.id)
        audit.record(
            "dues.merge",
            ("member", kept.id),
            actor=None,
            district=kept.district_id,
            detail={"absorbed": absorbed.id},
        )


def unmerged(*, absorbed: MemberRef, stayed: Mapping[str, Iterable[int]]) -> None:
    """Give a record that is its own again what months of the kept record stand on: a copy of it.

    The months and their entries stay with the record that was kept, and so does the base or the decision
    they were made by. What the restored record owes itself comes onto its own books with the next months.
    """
    with transaction() as current:
        for model in (DuesAssessment, DuesRelief):
            for row_id in stayed.get(model.__tablename__, ()):
                copied = _copied(model, row_id, member_id=absorbed.id)
                if model is DuesRelief:
                    steps = select(DuesReliefStep.id).where(DuesReliefStep.relief_id == row_id)
                    for step in current.scalars(steps).all():
                        _copied(DuesReliefStep, step, relief_id=copied)
    obligations.create_soon(absorbed.district_id)


def _copied(model: Any, row_id: int, **values: int) -> int:
    row = session.get_one(model, row_id)
    said = {
        column.name: getattr(row, column.name)
        for column in model.__table__.c
        if column.name not in ("id", "version")
    }
    made = model(**(said | values))
    session.add(made)
    session.flush()
    return int(made.id)
