"""Answers to the notice and to the separate consent: recorded for good, remembered where a login reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from portal import audit, clock
from portal.database import session, transaction
from portal.identity.consent_models import Consent
from portal.identity.models import Account
from portal.identity.notice import mark

GIVEN, REFUSED, WITHDRAWN = "given", "refused", "withdrawn"
#: So many marks an account keeps: two districts, each with its last notices.
KEPT = 12


def answer(
    account_id: int, kind: str, *, notice: str, answer: str, district_id: int | None, how: str, actor: Any
) -> None:
    """Record an answer; the same as before changes nothing."""
    with transaction():
        row = session.execute(select(Account.agreed).where(Account.id == account_id).with_for_update()).one()
        before: list[str] = list(row.agreed or [])
        yes, no = mark(kind, notice), mark(kind, notice, given=False)
        wanted = yes if answer == GIVEN else no
        if wanted in before:
            return
        after = [one for one in before if one not in {yes, no}] + [wanted]
        session.execute(update(Account).where(Account.id == account_id).values(agreed=after[-KEPT:]))
        session.add(
            Consent(
                account_id=account_id,
                kind=kind,
                notice=notice,
                answer=answer,
                asked_in_id=district_id,
                how=how,
                at=clock.now(),
            )
        )
        audit.record(
            f"account.consent.{answer}",
            ("account", account_id),
            actor=actor,
            district=district_id,
            detail={"kind": kind, "notice": notice, "how": how},
        )


def of(account_id: int) -> Sequence[Consent]:
    """Return every answer of an account, the newest first."""
    return session.scalars(
        select(Consent).where(Consent.account_id == account_id).order_by(Consent.id.desc())
    ).all()
