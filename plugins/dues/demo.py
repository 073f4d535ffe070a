"""Dues of the demo districts: bases, openings, months and some cash; people and payments are invented."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select

from portal.api import (
    BRANCH_KINDS,
    Account,
    DistrictRef,
    Grant,
    Member,
    Organization,
    clock,
    payments,
    rows,
    session,
    settings,
)

from .calculation import explain
from .models import DuesAssessment, DuesBranchOpening, DuesMemberOpening, DuesObligation
from .months import first_day, shifted, span
from .service import obligations
from .service.cash_account import cash_account
from .service.obligations import MEMBER_STAGES

#: The books of the demo begin three months ago, so that nobody is asked about months long gone.
MONTHS_BACK = 3
#: Receipts are real ones, one by one; more of them would make the first start slow.
RECEIPTS = 48


def register(district: DistrictRef, seed: int) -> None:
    """Write the dues of one demo district in the caller's transaction; a seed always gives the same."""
    dice = random.Random(f"dues:{seed}:{district.code}")
    current = clock.month()
    start = shifted(current, -MONTHS_BACK)
    _branches(district, start)
    people = session.execute(
        rows(
            Member,
            Member.id,
            Member.organization_id,
            Member.birth_date,
            Member.post,
            Member.joined_on,
        )
        .join(Organization, Organization.id == Member.organization_id)
        .where(
            Member.stage.in_(MEMBER_STAGES),
            Member.state == "normal",
            Organization.kind.in_(BRANCH_KINDS),
        )
        .order_by(Member.id)
    ).all()
    _openings(district, people, start, dice)
    _assessments(district, people, start, dice)
    for month in span(start, current):
        obligations.create_month(district_id=district.id, month=month)
    _receipts(district, dice)


def _branches(district: DistrictRef, start: str) -> None:
    found = session.execute(rows(Organization, Organization.id).where(Organization.kind.in_(BRANCH_KINDS)))
    values = {"district_id": district.id, "start_month": start, "recorded_at": clock.now(), "version": 1}
    session.execute(
        insert(DuesBranchOpening),
        [values | {"organization_id": organization_id} for (organization_id,) in found],
    )


def _openings(district: DistrictRef, people: Any, start: str, dice: random.Random) -> None:
    values = {
        "district_id": district.id,
        "source": "import",
        "recorded_at": clock.now(),
        "version": 1,
    }
    session.execute(
        insert(DuesMemberOpening),
        [
            values
            | {
                "member_id": person.id,
                # The month before the books began, or up to two months ahead of it.
                "paid_through": shifted(start, dice.choices((-1, 0, 1), (70, 20, 10))[0]),
            }
            for person in people
        ],
    )


def _assessments(district: DistrictRef, people: Any, start: str, dice: random.Random) -> None:
    rounding = settings.get(district, "dues.rounding")
    year = f"{start[:4]}-01"
    made = []
    for person in people:
        category, base = _category(person, dice)
        found = explain(category, base, on=first_day(year), rounding=rounding)
        made.append(
            {
                "district_id": district.id,
                "member_id": person.id,
                "organization_id": person.organization_id,
                "from_month": year,
                "state": "approved",
                "origin": "opening",
                "category": category,
                "base_fen": found.base_fen,
                "apply_norm": True,
                "rounding": rounding,
                "rate_version": found.version,
                "amount_fen": found.amount_fen,
                "reason": "",
                "drafted_at": clock.now(),
                "approved_at": clock.now(),
                "version": 1,
            }
        )
    session.execute(insert(DuesAssessment), made)


def _category(person: Any, dice: random.Random) -> tuple[str, int | None]:
    if person.post == "退休" or _years(person.birth_date) >= 60:
        return "retired", dice.randrange(2_400, 5_600, 20) * 100
    roll = dice.random()
    if roll < 0.06:
        return "self_employed", dice.randrange(2_500, 12_000, 50) * 100
    if roll < 0.09:
        return "laid_off_unemployed", None
    return "salaried", int(dice.triangular(2_600, 13_000, 4_800)) // 10 * 1_000


def _years(born: date | None) -> int:
    return 0 if born is None else (clock.today() - born) // timedelta(days=365)


def _receipts(district: DistrictRef, dice: random.Random) -> None:
    """Let the collectors' branches pay some months in cash, each sheet confirmed by the other collector."""
    collectors = session.execute(
        rows(Grant, Grant.organization_id, Grant.account_id)
        .where(Grant.role == "dues_collector", Grant.organization_id.is_not(None))
        .order_by(Grant.id)
    ).all()
    places: dict[int, list[int]] = {}
    for organization_id, account_id in collectors:
        places.setdefault(organization_id, []).append(account_id)
    for organization_id, accounts in places.items():
        if len(accounts) < 2:
            continue
        received, confirmed, *_more = accounts
        payments.record_receipts(
            _sheet(organization_id, dice),
            account=cash_account(district),
            received_by=received,
            confirmed_by=confirmed,
        )


def _sheet(organization_id: int, dice: random.Random) -> list[payments.Receipt]:
    """Return one receipt for most of a branch's members: all their months but sometimes the last ones."""
    owed: dict[int, list[tuple[str, int]]] = {}
    has_account = select(Account.id).where(Account.person_id == Member.person_id).exists()
    found = session.execute(
        select(DuesObligation.member_id, DuesObligation.month, DuesObligation.due_fen)
        .join(Member, Member.id == DuesObligation.member_id)
        .where(
            DuesObligation.organization_id == organization_id,
            DuesObligation.state == "open",
            # Whoever tries the demo finds something to pay.
            ~has_account,
        )
        .order_by(DuesObligation.member_id, DuesObligation.month)
    )
    for member_id, month, due in found:
        owed.setdefault(member_id, []).append((month, due))
    day = clock.today() - timedelta(days=1)
    sheet = []
    for member_id, months in list(owed.items())[:RECEIPTS]:
        keep = months[: len(months) - dice.choices((0, 1, 2, 9), (40, 25, 15, 20))[0]] if months else []
        if keep:
            sheet.append(
                payments.Receipt(
                    reference=f"demo-{member_id}",
                    member_id=member_id,
                    lines=tuple(payments.PayLine(reference=month, amount_fen=due) for month, due in keep),
                    paid_on=day,
                )
            )
    return sheet
