"""A year of the demo's dues, month by month as it would have happened: online, by transfer, on dues days.

Everything goes through the verbs people use, with the clock held at the day it belongs to; nothing here
writes a payment past them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from portal.api import (
    Account,
    Actor,
    DistrictRef,
    Grant,
    Member,
    Organization,
    PaymentFact,
    Source,
    clock,
    payments,
    rows,
    session,
)

from .models import DuesObligation
from .models.obligation import PAYABLE
from .months import first_day, shifted, span
from .service import books, cash, cash_deposit, obligations
from .service.cash_account import PROVIDER

#: How many of the last months somebody has not paid, and how often that is. Nobody is far behind: whoever
#: owes more than six months is a matter of the branch, and the demo has only a few of them.
BEHIND = ((0, 1, 2, 3, 5, 8), (38, 46, 8, 4, 3, 1))
#: How many months people pay at a time, and how often.
RHYTHM = ((2, 3, 6), (5, 25, 70))
#: Whoever tries the demo finds this many months to pay: as a member, and as somebody with an office.
TO_PAY, TO_PAY_STAFF = 4, 1


@dataclass(frozen=True, kw_only=True)
class Payer:
    """How one member pays: in which way, how many months at a time, up to which month."""

    member_id: int
    organization_id: int
    way: str  # online, transfer, cash
    every: int
    last: str


@dataclass(frozen=True, kw_only=True)
class Collectors:
    """Two people who take and count a branch's cash."""

    organization_id: int
    received: Actor
    confirmed: Actor


def write(district: DistrictRef, people: Sequence[Any], *, start: str, dice: random.Random) -> None:
    """Let every month from ``start`` come onto the books and be paid, up to today."""
    current, today = clock.month(), clock.today()
    branches = {found.organization_id: found for found in _collectors()}
    payers = [_payer(person, branches, current, dice) for person in people]
    months = span(start, current)
    for step, month in enumerate(months):
        with clock.frozen(first_day(month)):
            obligations.create_month(district_id=district.id, month=month)
        days = [min(first_day(month) + timedelta(days=days), today) for days in (7, 14, 19)]
        now = [one for one in payers if _pays(one, month, step)]
        _online(district, [one for one in now if one.way == "online"], days[0], dice)
        _transfers(district, [one for one in now if one.way == "transfer"], days[1])
        for branch in branches.values():
            _dues_day(district, branch, now, days[2], deposit=month < current)


def _payer(person: Any, branches: dict[int, Collectors], current: str, dice: random.Random) -> Payer:
    behind = dice.choices(*BEHIND)[0]
    every = dice.choices(*RHYTHM)[0]
    # Whoever pays twice a year does so in person.
    way = "online" if every < 6 and dice.random() < 0.8 else "cash"
    if person.has_account:
        behind, every, way = TO_PAY_STAFF if person.has_role else TO_PAY, 3, "online"
    if way == "cash" and person.organization_id not in branches:
        way = "transfer"
    return Payer(
        member_id=person.id,
        organization_id=person.organization_id,
        way=way,
        every=every,
        last=shifted(current, -behind),
    )


def _pays(one: Payer, month: str, step: int) -> bool:
    return month == one.last or (month < one.last and (step + one.member_id) % one.every == 0)


def _owed(members: Sequence[int]) -> dict[int, list[tuple[str, int]]]:
    """Return each member's open months and what is open of them, oldest first."""
    owed: dict[int, list[tuple[str, int]]] = {}
    for at in range(0, len(members), 500):
        found = session.execute(
            select(DuesObligation)
            .where(
                DuesObligation.member_id.in_(members[at : at + 500]),
                DuesObligation.state.in_(PAYABLE),
            )
            .order_by(DuesObligation.member_id, DuesObligation.month)
        ).scalars()
        for row in found:
            owed.setdefault(row.member_id, []).append((row.month, row.open_fen))
    return owed


def _lines(months: Sequence[tuple[str, int]]) -> tuple[payments.PayLine, ...]:
    return tuple(payments.PayLine(reference=month, amount_fen=fen) for month, fen in months)


def _moments(day: date, count: int) -> Iterator[datetime]:
    """Spread payments over a day, from half past eight in the morning on; none of them in the future."""
    begin = datetime.combine(day, time(8, 30), tzinfo=clock.SHANGHAI)
    latest = clock.now()
    for number in range(count):
        yield min(begin + timedelta(minutes=number % 600, seconds=number * 7 % 60), latest)


def _online(district: DistrictRef, payers: Sequence[Payer], day: date, dice: random.Random) -> None:
    """Pay at the district's online channel: an order, then the channel's word that it holds the money."""
    found = payments.ways(district, purpose=books.PURPOSE, user_agent="")
    if not found:
        _transfers(district, payers, day)
        return
    way, owed = found[0], _owed([one.member_id for one in payers])
    for one, moment in zip(payers, _moments(day, len(payers)), strict=True):
        months = owed.get(one.member_id)
        if not months:
            continue
        with clock.frozen(moment):
            attempt = payments.start_attempt(
                account=way.account,
                member_id=one.member_id,
                lines=_lines(months),
                flow=way.flow,
                form_token=f"demo:{one.member_id}:{months[-1][0]}",
                payer_account_id=None,
            )
            payments.apply_fact(
                PaymentFact(
                    account=way.account.slug,
                    out_trade_no=attempt.out_trade_no,
                    provider_txn_id=f"42000{dice.randrange(10**22):022d}",
                    total_fen=attempt.amount_fen,
                    paid_at=clock.now(),
                    raw_sha256=hashlib.sha256(attempt.out_trade_no.encode()).hexdigest(),
                    source=Source.NOTIFY,
                ),
                account=way.account,
            )


def _transfers(district: DistrictRef, payers: Sequence[Payer], day: date) -> None:
    """Bring other branches' money to the bank, written down by the desk and confirmed by the treasurer."""
    pair = _writers(district)
    if pair is None:
        return
    owed = _owed([one.member_id for one in payers])
    sheet = [
        payments.Receipt(
            reference=f"demo-{member_id}-{months[-1][0]}",
            member_id=member_id,
            lines=_lines(months),
            paid_on=day,
        )
        for member_id, months in owed.items()
    ]
    with clock.frozen(min(datetime.combine(day, time(17), tzinfo=clock.SHANGHAI), clock.now())):
        payments.record_receipts(
            sheet, account=_bank_account(district), received_by=pair[0], confirmed_by=pair[1]
        )


def _dues_day(
    district: DistrictRef, branch: Collectors, payers: Sequence[Payer], day: date, *, deposit: bool
) -> None:
    """Collect cash on a dues day: one sheet, counted by the other collector, then brought to the bank."""
    mine = [
        one.member_id for one in payers if one.way == "cash" and one.organization_id == branch.organization_id
    ]
    owed = _owed(mine)
    if not owed:
        return
    with clock.frozen(min(datetime.combine(day, time(16), tzinfo=clock.SHANGHAI), clock.now())):
        sheet = cash.open_sheet(
            district=district, organization_id=branch.organization_id, actor=branch.received
        )
        entries = {
            member_id: cash.Entry(through=months[-1][0], amount_fen=sum(fen for _month, fen in months))
            for member_id, months in owed.items()
        }
        cash.write(sheet, entries, version=sheet.version, day=day, actor=branch.received)
        _count, total = cash.hand_over(sheet, version=sheet.version, actor=branch.received)
        cash.confirm(
            sheet, version=sheet.version, counted_fen=total, district=district, actor=branch.confirmed
        )
        if deposit:
            assert branch.received.account_id is not None
            cash_deposit.deposit(
                district=district,
                holder=branch.received.account_id,
                reference=f"{day:%Y%m%d}-{branch.organization_id:04d}",
                on_day=day,
                actor=branch.confirmed,
            )


def _collectors() -> list[Collectors]:
    """Return the branches where two people may take cash."""
    found = session.execute(
        rows(Grant, Grant.organization_id, Grant.account_id, Account.person_id)
        .join(Account, Account.id == Grant.account_id)
        .where(Grant.role == "dues_collector", Grant.organization_id.is_not(None))
        .order_by(Grant.id)
    ).all()
    places: dict[int, list[Actor]] = {}
    for row in found:
        actor = Actor(account_id=row.account_id, person_id=row.person_id)
        places.setdefault(row.organization_id, []).append(actor)
    return [
        Collectors(organization_id=organization_id, received=two[0], confirmed=two[1])
        for organization_id, two in places.items()
        if len(two) > 1
    ]


def _writers(district: DistrictRef) -> tuple[int, int] | None:
    """Return the accounts of the desk and of the treasurer, or None."""
    found = session.execute(
        rows(Grant, Grant.role, Grant.account_id)
        .where(Grant.role.in_(("desk", "treasurer")), Grant.organization_id.is_(None))
        .order_by(Grant.id)
    ).all()
    known = {row.role: row.account_id for row in found}
    return (known["desk"], known["treasurer"]) if len(known) == 2 else None


def _bank_account(district: DistrictRef) -> Any:
    slug = f"dues-bank-{district.id}"
    return payments.by_slug(PROVIDER, slug) or payments.create_account(
        district_id=district.id,
        provider=PROVIDER,
        slug=slug,
        purpose=books.PURPOSE,
        payee_name=f"{district.name}党费专户（支部转账）",
        settings={"means": "bank"},
        actor=None,
    )


def people_of(stages: Sequence[str], kinds: Sequence[str]) -> Sequence[Any]:
    """Return the members of the branches in scope, and whether they have an account and a role."""
    account = select(Account.id).where(Account.person_id == Member.person_id)
    role = account.join(Grant, Grant.account_id == Account.id)
    return session.execute(
        rows(
            Member,
            Member.id,
            Member.organization_id,
            Member.birth_date,
            Member.post,
            Member.joined_on,
            account.exists().label("has_account"),
            role.exists().label("has_role"),
        )
        .join(Organization, Organization.id == Member.organization_id)
        .where(Member.stage.in_(stages), Member.state == "normal", Organization.kind.in_(kinds))
        .order_by(Member.id)
    ).all()
