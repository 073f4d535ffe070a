"""Cases: money that a person must decide about. It is in the books already, in suspense or as credit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal import audit, clock, crypto
from portal.database import session, swap, transaction
from portal.payments.accounts import Receiver
from portal.payments.models import PaymentCase


def open_case(
    *, account: Receiver, kind: str, dedupe_key: str, amount_fen: int, **more: Any
) -> tuple[PaymentCase, bool]:
    """Open a case, or find the one that says the same; tell whether it is new. ``more``: columns."""
    with transaction() as current:
        known = current.scalar(select(PaymentCase).where(PaymentCase.dedupe_key == dedupe_key))
        if known is not None:
            return known, False
        made = PaymentCase(
            uid=crypto.new_uid(),
            district_id=account.district_id,
            account_id=account.id,
            kind=kind,
            dedupe_key=dedupe_key,
            amount_fen=amount_fen,
            detail=more.pop("detail", {}),
            opened_at=clock.now(),
            **more,
        )
        current.add(made)
        current.flush()
        audit.record(
            f"payments.case.{kind}", ("payment_case", made.id), actor=None, district=account.district_id
        )
        return made, True


def resolve(case: PaymentCase, *, version: int, resolution: str, actor: int) -> None:
    """Close a case with what was found out. Raises: ValueError without words, Conflict."""
    if not resolution.strip():
        raise ValueError("a case is resolved with a reason")
    with transaction():
        swap(
            case,
            version=version,
            states=["open"],
            state="resolved",
            resolution=resolution.strip(),
            resolved_by=actor,
            resolved_at=clock.now(),
        )
        audit.record(
            "payments.case.resolve", ("payment_case", case.id), actor=actor, district=case.district_id
        )


def open_cases(*, district_id: int, limit: int = 50) -> list[PaymentCase]:
    """Return a district's open cases, oldest first."""
    return list(
        session.scalars(
            select(PaymentCase)
            .where(PaymentCase.district_id == district_id, PaymentCase.state == "open")
            .order_by(PaymentCase.opened_at)
            .limit(limit)
        )
    )


def by_uid(uid: str) -> PaymentCase | None:
    """Return a case by its public id, within the scope."""
    return session.scalar(select(PaymentCase).where(PaymentCase.uid == uid))
