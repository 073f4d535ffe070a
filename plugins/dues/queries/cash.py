"""Reads of the cash sheets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from portal.api import Account, Actor, Member, Organization, Reach, clock, rows, session

from ..models import DuesCashDeposit, DuesCashLine, DuesCashSheet, DuesObligation
from ..models.obligation import PAYABLE
from . import reached


@dataclass(frozen=True, kw_only=True)
class SheetLine:
    """A sheet in a list: whose, when, how much (fen)."""

    id: int
    uid: str
    branch: str
    day: Any
    state: str
    collector: str
    collected_by: int
    lines: int
    total_fen: int
    reason: str


def sheets(reach: Reach, *, before: int | None = None, limit: int = 20) -> list[SheetLine]:
    """Return the cash sheets within reach, newest first."""
    sheet, line, place = DuesCashSheet.__table__.c, DuesCashLine.__table__.c, Organization.__table__.c
    found = (
        rows(
            DuesCashSheet,
            sheet.id,
            sheet.uid,
            place.name.label("branch"),
            sheet.day,
            sheet.state,
            Account.display_name.label("collector"),
            sheet.collected_by,
            func.count(line.id).label("lines"),
            func.coalesce(func.sum(line.amount_fen), 0).label("total_fen"),
            sheet.reason,
        )
        .join(Organization, place.id == sheet.organization_id)
        .join(Account, Account.id == sheet.collected_by)
        .outerjoin(DuesCashLine, line.sheet_id == sheet.id)
        .group_by(sheet.id, place.name, Account.display_name)
        .order_by(sheet.id.desc())
        .limit(limit)
    )
    if not reach.everywhere:
        below = [place.path.startswith(path, autoescape=True) for path in reach.paths]
        if not below:
            return []
        found = found.where(or_(*below))
    if before is not None:
        found = found.where(sheet.id < before)
    return [SheetLine(**row._asdict()) for row in session.execute(found)]


def sheet_at(sheet_id: int, reach: Reach) -> DuesCashSheet | None:
    """Return a sheet whose branch is within reach; None reads the same as unknown."""
    return reached.at(DuesCashSheet, sheet_id, reach)


def lines_of(sheet: DuesCashSheet) -> list[Any]:
    """Return a sheet's lines with the members' names, by name."""
    line, who = DuesCashLine.__table__.c, Member.__table__.c
    return list(
        session.execute(
            rows(DuesCashLine, line.member_id, who.name, line.through, line.amount_fen)
            .join(Member, who.id == line.member_id)
            .where(line.sheet_id == sheet.id)
            .order_by(who.sort_key, who.id)
        )
    )


def waiting(actor: Actor, reach: Reach) -> tuple[int, int]:
    """Count the sheets that wait for this person: to count and confirm, and own ones that were sent back."""
    sheet, place = DuesCashSheet.__table__.c, Organization.__table__.c
    to_count = and_(sheet.state == "handed_over", sheet.collected_by != actor.account_id)
    sent_back = and_(sheet.state == "draft", sheet.collected_by == actor.account_id, sheet.reason != "")
    found = (
        rows(
            DuesCashSheet,
            func.count(case((to_count, sheet.id))).label("to_count"),
            func.count(case((sent_back, sheet.id))).label("sent_back"),
        )
        .join(Organization, place.id == sheet.organization_id)
        .where(sheet.state.in_(("handed_over", "draft")))
    )
    if not reach.everywhere:
        below = [place.path.startswith(path, autoescape=True) for path in reach.paths]
        if not below:
            return 0, 0
        found = found.where(or_(*below))
    row = session.execute(found).one()
    return int(row.to_count), int(row.sent_back)


def held(*, days: int) -> list[Any]:
    """Return who holds confirmed cash: (account id, name, fen, since when, too long)."""
    sheet = DuesCashSheet.__table__.c
    found = session.execute(
        rows(
            DuesCashSheet,
            sheet.collected_by,
            Account.display_name,
            func.sum(sheet.counted_fen).label("fen"),
            func.min(sheet.confirmed_at).label("since"),
        )
        .join(Account, Account.id == sheet.collected_by)
        .where(sheet.state == "confirmed", sheet.deposit_id.is_(None))
        .group_by(sheet.collected_by, Account.display_name)
        .order_by(Account.display_name)
    )
    limit = clock.now() - timedelta(days=days)
    return [(*row, row.since is not None and row.since < limit) for row in found]


def deposits(*, limit: int = 20) -> list[Any]:
    """Return the newest deposits: day, reference, whose cash, fen, recorded by whom."""
    made, recorder = DuesCashDeposit.__table__.c, aliased(Account)
    found = (
        rows(
            DuesCashDeposit,
            made.id,
            made.on_day,
            made.reference,
            Account.display_name.label("holder"),
            made.amount_fen,
            recorder.display_name.label("recorder"),
        )
        .join(Account, Account.id == made.holder)
        .join(recorder, recorder.id == made.recorded_by)
        .order_by(made.id.desc())
        .limit(limit)
    )
    return list(session.execute(found))


def deposit_of(sheet: DuesCashSheet) -> DuesCashDeposit | None:
    """Return the deposit by which a sheet's cash came to the bank, or None as long as it did not."""
    if sheet.deposit_id is None:
        return None
    return session.scalars(select(DuesCashDeposit).where(DuesCashDeposit.id == sheet.deposit_id)).one()


def owing(organization_id: int) -> dict[int, list[tuple[str, int]]]:
    """Return what the branch's members owe on the books: member id -> [(month, open fen)], oldest first."""
    owed = DuesObligation.__table__.c
    found = session.execute(
        rows(
            DuesObligation,
            owed.member_id,
            owed.month,
            (owed.due_fen - owed.relief_fen - owed.paid_fen).label("open_fen"),
        )
        .where(owed.organization_id == organization_id, owed.state.in_(PAYABLE))
        .order_by(owed.member_id, owed.month)
    )
    by_member: dict[int, list[tuple[str, int]]] = {}
    for member_id, month, open_fen in found:
        by_member.setdefault(member_id, []).append((month, int(open_fen)))
    return by_member


def person_of(account_id: int) -> int | None:
    """Return the person behind an account."""
    return session.scalar(select(Account.person_id).where(Account.id == account_id))


def told_apart(people: Sequence[tuple[int, str]]) -> dict[int, str]:
    """Return the last four digits of the phones of people who share a name: (member id, name) each.

    Two of one name in a branch are not rare, and cash written to the wrong one is found months later.
    """
    count = Counter(name for _member_id, name in people)
    same = [member_id for member_id, name in people if count[name] > 1]
    if not same:
        return {}
    who = Member.__table__.c
    found = session.execute(rows(Member, who.id, who.phone_tail).where(who.id.in_(same)))
    return {row.id: row.phone_tail for row in found if row.phone_tail}
