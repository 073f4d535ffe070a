"""A lost phone or a lost second factor, put right at the desk by people who saw the identity card.

Whoever holds no role is helped at once. An account with roles needs two people: one asks, another decides,
both of whom could have given every one of its roles; neither is its holder (rule K12).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from portal import audit, clock, crypto
from portal.database import session, swap, transaction
from portal.identity import claims, factors, numbers
from portal.identity.models import Account
from portal.identity.rebinding_models import Rebinding

PHONE, FACTOR = "phone", "factor"
WAITS = timedelta(hours=24)


class Refused(PermissionError):
    """``reason``: ``self``, ``roles`` (could not give them), ``same`` (person), ``old``, ``disabled``,
    ``asker`` (whoever asked is disabled now)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def ask(account: Account, *, purpose: str, phone: str | None, district_id: int, by: Any) -> Rebinding:
    """Do it at once, or let it wait for the second person; the caller saw the card and checked its reach.

    Raises Refused.
    """
    _refuse(account, district_id=district_id, by=by)
    if purpose == PHONE and not phone:
        raise ValueError("a new number is needed")
    alone = not claims.holds_roles(account.id)
    with transaction():
        # A form sent twice, or a number typed wrong before: the newer one counts.
        earlier = update(Rebinding).where(Rebinding.account_id == account.id, Rebinding.state == "waiting")
        session.execute(earlier.values(state="replaced", phone_sealed=None, version=Rebinding.version + 1))
        uid = crypto.new_uid()
        row = Rebinding(
            uid=uid,
            account_id=account.id,
            purpose=purpose,
            phone_sealed=crypto.encrypt("rebinding.phone_sealed", uid, phone) if phone else None,
            state="waiting",
            asked_in_id=district_id,
            asked_by=by.account_id,
            asked_at=clock.now(),
        )
        session.add(row)
        session.flush()
        _tell("ask", row, by=by)
        if alone:
            _carry_out(row, version=1, by=by)
    return row


def _refuse(account: Account, *, district_id: int, by: Any) -> None:
    if account.id == by.account_id or account.person_id is not None and account.person_id == by.person_id:
        raise Refused("self")
    if account.disabled_at is not None:
        raise Refused("disabled")
    if not claims.may_vouch_for(account.id, district_id=district_id, by=by):
        raise Refused("roles")


def decide(row: Rebinding, *, version: int, accept: bool, reason: str, by: Any) -> None:
    """Let the second person carry it out, or refuse it with a reason (rule K10).

    Raises Refused, ValueError without a reason, Conflict when it was decided meanwhile.
    """
    account = session.get_one(Account, row.account_id)
    asker = session.get_one(Account, row.asked_by)
    if asker.id == by.account_id or asker.person_id is not None and asker.person_id == by.person_id:
        raise Refused("same")
    _refuse(account, district_id=row.asked_in_id, by=by)
    if accept and not timedelta(0) <= clock.now() - row.asked_at <= WAITS:
        raise Refused("old")
    if accept and asker.disabled_at is not None:
        raise Refused("asker")  # what a leaked account asked for is void
    if not accept and not reason.strip():
        raise ValueError("reason")
    with transaction():
        if accept:
            _carry_out(row, version=version, by=by)
            return
        _end(row, "refused", version=version, by=by, reason=reason.strip()[:120])
        _tell("refuse", row, by=by)


def _carry_out(row: Rebinding, *, version: int, by: Any) -> None:
    phone = crypto.decrypt("rebinding.phone_sealed", row.uid, row.phone_sealed) if row.phone_sealed else ""
    _end(row, "done", version=version, by=by)
    if row.purpose == PHONE:
        numbers.change(row.account_id, phone, by=by, district_id=row.asked_in_id, how="desk")
    else:
        factors.reset(row.account_id, by=by, district=row.asked_in_id, why="desk")
        factors.tell_reset(row.account_id, district_id=row.asked_in_id)
    _tell("done", row, by=by)


def _end(row: Rebinding, state: str, *, version: int, by: Any, reason: str = "") -> None:
    swap(
        row,
        version=version,
        states=["waiting"],
        state=state,
        # The number stands in the account now; nothing of the act needs it.
        phone_sealed=None,
        decided_by=by.account_id,
        decided_at=clock.now(),
        reason=reason,
    )


def _tell(action: str, row: Rebinding, *, by: Any) -> None:
    audit.record(
        f"account.rebind.{action}",
        ("account", row.account_id),
        actor=by,
        district=row.asked_in_id,
        detail={"purpose": row.purpose, "rebinding": row.id},
    )


def waiting(district_id: int) -> Sequence[Rebinding]:
    """Return what waits for a second person in a district, the oldest first."""
    return session.scalars(
        select(Rebinding)
        .where(
            Rebinding.asked_in_id == district_id,
            Rebinding.state == "waiting",
            Rebinding.asked_at > clock.now() - WAITS,
        )
        .order_by(Rebinding.id)
    ).all()
