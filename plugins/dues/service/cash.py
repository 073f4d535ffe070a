"""A dues day's cash sheet: write, hand over, count and confirm, send back, cancel, bring to the bank.

Nothing is money before a second person has counted and confirmed the whole sheet; then every line is
booked in one transaction, or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select

from portal.api import (
    Actor,
    DistrictRef,
    audit,
    clock,
    crypto,
    payments,
    session,
    swap,
    transaction,
)

from ..models import DuesCashLine, DuesCashSheet
from ..queries.cash import person_of
from ..queries.statement import statement
from . import cash_days, order
from .cash_account import cash_account

MAX_LINE_FEN = 10_000_000


class FourEyes(PermissionError):
    """The collector's own sheet: another person counts and confirms (rule K12)."""


class CountDiffers(ValueError):
    """What was counted is not what stands on the sheet."""


class NothingWritten(ValueError):
    """An empty sheet is not handed over."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the collector writes for one member: paid through this month, this much cash (fen)."""

    through: str
    amount_fen: int


def open_sheet(*, district: DistrictRef, organization_id: int, actor: Actor) -> DuesCashSheet:
    """Return the collector's own draft of this branch, a new one when there is none."""
    with transaction():
        known = session.scalar(
            select(DuesCashSheet).where(
                DuesCashSheet.organization_id == organization_id,
                DuesCashSheet.collected_by == actor.account_id,
                DuesCashSheet.state == "draft",
            )
        )
        if known is not None:
            return known
        made = DuesCashSheet(
            uid=crypto.new_uid(),
            district_id=district.id,
            organization_id=organization_id,
            day=clock.today(),
            collected_by=account_id_of(actor),
            created_at=clock.now(),
        )
        session.add(made)
        session.flush()
        audit.record("dues.cash.open", made, actor=actor, district=district.id)
    return made


def write(
    sheet: DuesCashSheet, entries: Mapping[int, Entry], *, version: int, day: date, actor: Actor
) -> DuesCashSheet:
    """Put down the whole sheet as it stands now (member id -> entry); only its collector may.

    Raises ``WrongDay`` for a day to come, before the books began, or longer ago than may be written.
    """
    if actor.account_id != sheet.collected_by:
        raise FourEyes("another person's sheet")
    cash_days.check(day, district_id=sheet.district_id, organization_id=sheet.organization_id)
    with transaction():
        swap(sheet, version=version, states=["draft"], day=day)
        session.execute(delete(DuesCashLine).where(DuesCashLine.sheet_id == sheet.id))
        session.add_all(
            DuesCashLine(
                district_id=sheet.district_id,
                sheet_id=sheet.id,
                member_id=member_id,
                through=entry.through,
                amount_fen=entry.amount_fen,
            )
            for member_id, entry in entries.items()
        )
        session.flush()
        audit.record(
            "dues.cash.write",
            sheet,
            actor=actor,
            district=sheet.district_id,
            detail={"lines": len(entries), "fen": sum(entry.amount_fen for entry in entries.values())},
        )
    return sheet


def hand_over(sheet: DuesCashSheet, *, version: int, actor: Actor) -> tuple[int, int]:
    """Give the sheet to the second person; return how many lines and how much (fen)."""
    if actor.account_id != sheet.collected_by:
        raise FourEyes("another person's sheet")
    with transaction():
        count, total = sums(sheet)
        if not count:
            raise NothingWritten
        swap(sheet, version=version, states=["draft"], state="handed_over", handed_at=clock.now(), reason="")
        audit.record(
            "dues.cash.hand_over",
            sheet,
            actor=actor,
            district=sheet.district_id,
            detail={"lines": count, "fen": total},
        )
    return count, total


def confirm(
    sheet: DuesCashSheet, *, version: int, counted_fen: int, district: DistrictRef, actor: Actor
) -> list[int]:
    """Count and confirm a whole sheet: every line becomes money, months and a voucher, or none does.

    Returns the members' ids. Raises:
        FourEyes: the collector, or the same person under another account.
        CountDiffers: the count is not the sheet's sum; nothing is booked.
        Conflict: somebody was faster.
    """
    if actor.account_id == sheet.collected_by or _same_person(actor, sheet.collected_by):
        raise FourEyes("own cash")
    with transaction():
        _count, total = sums(sheet)
        if counted_fen != total:
            raise CountDiffers
        swap(
            sheet,
            version=version,
            states=["handed_over"],
            state="confirmed",
            confirmed_by=actor.account_id,
            confirmed_at=clock.now(),
            counted_fen=counted_fen,
        )
        # Each voucher tells its member, in this same transaction (dues.voucher).
        found = select(DuesCashLine).where(DuesCashLine.sheet_id == sheet.id).order_by(DuesCashLine.id)
        lines = list(session.scalars(found))
        receipts = [_receipt(sheet, line) for line in lines]
        account = cash_account(district)
        months = {one.member_id: [paid.reference for paid in one.lines] for one in receipts}
        with order.several(district_id=sheet.district_id, months=months, year=sheet.day.year):
            payments.record_receipts(
                receipts,
                account=account,
                received_by=sheet.collected_by,
                confirmed_by=account_id_of(actor),
            )
        audit.record(
            "dues.cash.confirm",
            sheet,
            actor=actor,
            district=sheet.district_id,
            detail={"lines": len(lines), "fen": total},
        )
    return [line.member_id for line in lines]


def send_back(sheet: DuesCashSheet, *, version: int, reason: str, actor: Actor) -> None:
    """Give a handed-over sheet back to its collector, with the reason he will read."""
    if actor.account_id == sheet.collected_by:
        raise FourEyes("own cash")
    _leave(sheet, "draft", ["handed_over"], version=version, reason=reason, actor=actor)


def cancel(sheet: DuesCashSheet, *, version: int, reason: str, actor: Actor) -> None:
    """Throw an unconfirmed sheet away; what stood on it stays on record."""
    if actor.account_id != sheet.collected_by:
        raise FourEyes("another person's sheet")
    _leave(sheet, "cancelled", ["draft", "handed_over"], version=version, reason=reason, actor=actor)


def sums(sheet: DuesCashSheet) -> tuple[int, int]:
    """Return a sheet's number of lines and their sum (fen)."""
    found = select(func.count(), func.coalesce(func.sum(DuesCashLine.amount_fen), 0)).where(
        DuesCashLine.sheet_id == sheet.id
    )
    count, total = session.execute(found).one()
    return int(count), int(total)


def _receipt(sheet: DuesCashSheet, line: DuesCashLine) -> Any:
    """Spread a line's cash over its months, oldest first; what is left over becomes the member's credit."""
    known = statement(line.member_id)
    open_months = [
        (each.month, each.open_fen)
        for each in (known.timeline.lines if known else ())
        if each.open_fen > 0 and each.month <= line.through
    ]
    left, lines = line.amount_fen, []
    for month, wanted in open_months:
        part = min(left, wanted)
        if part > 0:
            lines.append(payments.PayLine(reference=month, amount_fen=part))
            left -= part
    if left:
        # Paid online meanwhile, or more than is owed: the last month carries the rest, which stays credit.
        if lines:
            last = lines.pop()
            lines.append(payments.PayLine(reference=last.reference, amount_fen=last.amount_fen + left))
        else:
            lines.append(payments.PayLine(reference=line.through, amount_fen=left))
    return payments.Receipt(
        reference=f"cash:{sheet.uid}:{line.member_id}",
        member_id=line.member_id,
        lines=tuple(lines),
        paid_on=sheet.day,
    )


def _leave(
    sheet: DuesCashSheet, state: str, states: list[str], *, version: int, reason: str, actor: Actor
) -> None:
    if not reason.strip():
        raise ValueError("reason")
    with transaction():
        swap(sheet, version=version, states=states, state=state, reason=reason.strip()[:200])
        audit.record(f"dues.cash.{state}", sheet, actor=actor, district=sheet.district_id)


def _same_person(actor: Actor, account_id: int) -> bool:
    return actor.person_id is not None and actor.person_id == person_of(account_id)


def account_id_of(actor: Actor) -> int:
    """Return the account of somebody logged in."""
    if actor.account_id is None:
        raise PermissionError("nobody is logged in")
    return actor.account_id
