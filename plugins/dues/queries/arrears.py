"""Who has open months in a branch, since when, and who was reminded: three queries, however many people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select

from portal.api import Account, Member, Organization, Reach, clock, rows, session

from ..limits import Review, review
from ..models import DuesObligation, DuesReminder
from ..models.obligation import PAYABLE
from ..months import shifted
from ..rate_files import rate_tables
from .bases import within


@dataclass(frozen=True, kw_only=True)
class Owing:
    """A member with open months up to this one (oldest first); ``open_fen`` is their sum."""

    member_id: int
    name: str
    months: tuple[str, ...]
    open_fen: int
    #: Past months in a row, counted back from last month.
    in_a_row: int
    has_account: bool
    #: (way, when), the newest first.
    reminded: tuple[tuple[str, datetime], ...]

    @property
    def reminded_now(self) -> bool:
        """Tell whether a notice went out in this month already."""
        now = clock.month()
        return any(way == "notice" and clock.civil(at).strftime("%Y-%m") == now for way, at in self.reminded)

    @property
    def review(self) -> Review:
        """Return who should look after it."""
        return review(rate_tables().on(clock.today()), self.in_a_row)


def owing(organization_id: int, *, member_id: int | None = None) -> list[Owing]:
    """Return a branch's members with open months, by name; months ahead do not count."""
    now = clock.month()
    owed, who = DuesObligation.__table__.c, Member.__table__.c
    wanted = (
        rows(
            DuesObligation,
            owed.member_id,
            who.name,
            who.person_id,
            owed.month,
            (owed.due_fen - owed.relief_fen - owed.paid_fen).label("open_fen"),
        )
        .join(Member, who.id == owed.member_id)
        .where(owed.organization_id == organization_id, owed.state.in_(PAYABLE), owed.month <= now)
        .order_by(who.sort_key, who.id, owed.month)
    )
    if member_id is not None:
        wanted = wanted.where(owed.member_id == member_id)
    found: dict[int, list[Any]] = {}
    for row in session.execute(wanted):
        found.setdefault(row.member_id, []).append(row)
    accounts = set(
        session.scalars(
            select(Account.person_id).where(
                Account.person_id.in_([months[0].person_id for months in found.values()])
            )
        )
    )
    told = _reminders(list(found))
    return [
        Owing(
            member_id=member_id,
            name=months[0].name,
            months=tuple(row.month for row in months),
            open_fen=sum(int(row.open_fen) for row in months),
            in_a_row=_run({row.month for row in months}, now),
            has_account=months[0].person_id in accounts,
            reminded=tuple(told.get(member_id, ())),
        )
        for member_id, months in found.items()
    ]


def _run(open_months: set[str], now: str) -> int:
    run = 0
    while shifted(now, -run - 1) in open_months:
        run += 1
    return run


def _reminders(member_ids: list[int]) -> dict[int, list[tuple[str, datetime]]]:
    told = DuesReminder.__table__.c
    found = session.execute(
        rows(DuesReminder, told.member_id, told.way, told.at)
        .where(told.member_id.in_(member_ids))
        .order_by(told.id.desc())
    )
    by_member: dict[int, list[tuple[str, datetime]]] = {}
    for member_id, way, at in found:
        by_member.setdefault(member_id, []).append((way, at))
    return by_member


@dataclass(frozen=True, kw_only=True)
class Reviews:
    """How many members within reach somebody should look after; ``branches``: where the meeting is due."""

    talk: int
    meeting: int
    branches: int


def reviews(reach: Reach) -> Reviews:
    """Count, in one query, the members whose open months in a row reach a step of the table.

    Source: rates/, [review]: from the first branch task on the branch talks to the person, at ``meeting`` it
    is the branch meeting's business and the level above knows (dues.md d.14).
    """
    steps = rate_tables().on(clock.today()).review
    first, now = min(steps.branch_task), clock.month()
    owed, place = DuesObligation.__table__.c, Organization.__table__.c
    lately = func.sum(case((owed.month >= shifted(now, -first), 1), else_=0))
    people = within(
        rows(
            DuesObligation,
            owed.organization_id,
            case((func.count(owed.id) >= steps.meeting, 1), else_=0).label("meeting"),
        )
        .join(Organization, place.id == owed.organization_id)
        .where(owed.state.in_(PAYABLE), owed.month.between(shifted(now, -steps.meeting), shifted(now, -1)))
        .group_by(owed.organization_id, owed.member_id)
        .having(lately >= first),
        reach,
    ).subquery()
    everybody, meeting = func.count(), func.coalesce(func.sum(people.c.meeting), 0)
    due = func.count(case((people.c.meeting == 1, people.c.organization_id)).distinct())
    total, waits, branches = session.execute(select(everybody, meeting, due).select_from(people)).one()
    return Reviews(talk=int(total) - int(waits), meeting=int(waits), branches=int(branches))
