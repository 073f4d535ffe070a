"""Cash brought to the dues account at the bank: recorded by another person, with the bank's reference."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from portal.api import Actor, Conflict, DistrictRef, audit, clock, ledger, session, swap, transaction

from ..models import DuesCashDeposit, DuesCashSheet
from . import books
from .cash import FourEyes, account_id_of


class BeforeCollected(ValueError):
    """Nobody brings cash to the bank before it was collected; ``day`` is when it was."""

    def __init__(self, day: date) -> None:
        super().__init__(day.isoformat())
        self.day = day


class UsedReference(ValueError):
    """A bank's reference names one deposit of a district."""


def deposit(
    *, district: DistrictRef, holder: int, reference: str, on_day: date, actor: Actor
) -> DuesCashDeposit:
    """Record that all confirmed cash of one collector was brought to the bank (Dr bank / Cr cash).

    Raises:
        FourEyes: the holder records his own deposit.
        BeforeCollected: the day lies before the first of the cash was collected.
        UsedReference: the bank's reference stands beside another deposit already.
        Conflict: there is no cash of this holder: somebody else recorded it meanwhile.
    """
    if actor.account_id == holder:
        raise FourEyes("own cash")
    with transaction():
        waiting = list(
            session.scalars(
                select(DuesCashSheet)
                .where(
                    DuesCashSheet.state == "confirmed",
                    DuesCashSheet.collected_by == holder,
                    DuesCashSheet.deposit_id.is_(None),
                )
                .order_by(DuesCashSheet.id)
                .with_for_update()
            )
        )
        total = sum(sheet.counted_fen or 0 for sheet in waiting)
        used = select(DuesCashDeposit.id).where(DuesCashDeposit.reference == reference)
        if not total:
            raise Conflict
        if session.scalar(used) is not None:
            raise UsedReference(reference)
        made = DuesCashDeposit(
            district_id=district.id,
            reference=reference,
            holder=holder,
            amount_fen=total,
            on_day=on_day,
            recorded_by=account_id_of(actor),
            recorded_at=clock.now(),
        )
        collected = min(sheet.day for sheet in waiting)
        if on_day < collected:
            raise BeforeCollected(collected)
        session.add(made)
        session.flush()
        for sheet in waiting:
            swap(sheet, version=sheet.version, states=["confirmed"], deposit_id=made.id)
        books.post(
            district.id,
            [
                ledger.Posting(
                    idem=f"cash-deposit:{made.id}",
                    kind="deposit",
                    effective_date=on_day,
                    lines=((ledger.chart.bank("dues"), total), (ledger.chart.cash(holder), -total)),
                )
            ],
            actor=f"account:{actor.account_id}",
        )
        audit.record("dues.cash.deposit", made, actor=actor, district=district.id, detail={"fen": total})
    return made
