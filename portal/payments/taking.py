"""Mark the order of a fact paid in one step, when nothing about it is out of the ordinary."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, false, literal_column, null, or_, update

from portal.database import forget, prepared, run_ready, within_scope
from portal.payments.accounts import Receiver
from portal.payments.contract import PaymentFact
from portal.payments.models import OPEN, PaymentAttempt, PaymentFactRow

_ATTEMPT: Any = PaymentAttempt.__table__
_FACT: Any = PaymentFactRow.__table__


class Taken(NamedTuple):
    """An order just marked paid, as far as its money's way needs it."""

    id: int
    uid: str
    out_trade_no: str
    district_id: int
    member_id: int
    payer_account_id: int | None
    purpose: str
    lines: list[dict[str, Any]]
    amount_fen: int
    flow: str
    state: str
    late: bool


def take(fact: PaymentFact, account: Receiver) -> Taken | None:
    """Mark the order of ``fact`` paid and return it; None when it has to be looked at more closely.

    That is: no such order, not open, another sum, or a fact known about the order or the transaction. The
    lock on the row makes two facts of one order wait for each other on PostgreSQL; whoever comes second
    finds it paid.
    """
    if fact.currency != "CNY":
        return None
    named = {
        "the_number": fact.out_trade_no,
        "the_transaction": fact.provider_txn_id,
        "the_account": account.id,
        "the_total": fact.total_fen,
        "when_paid": fact.paid_at,
    }
    found = run_ready(_taken(), named).one()
    if found is None:
        return None
    taken = Taken._make(found)
    forget(PaymentAttempt, taken.id)
    return taken


@prepared
def _taken() -> Any:
    # Two questions, each with its own unique key; as one with OR it would read all facts of the account.
    of_account = _FACT.c.account_id == bindparam("the_account")
    known = exists().where(of_account, _FACT.c.provider_txn_id == bindparam("the_transaction"))
    credited = exists().where(
        of_account,
        _FACT.c.out_trade_no == bindparam("the_number"),
        _FACT.c.booked == literal_column("'credit'"),
    )
    found = update(_ATTEMPT).where(
        _ATTEMPT.c.out_trade_no == bindparam("the_number"),
        _ATTEMPT.c.account_id == bindparam("the_account"),
        _ATTEMPT.c.amount_fen == bindparam("the_total", type_=_ATTEMPT.c.amount_fen.type),
        or_(false(), *(_ATTEMPT.c.state == state for state in OPEN)),
        ~known,
        ~credited,
    )
    return (
        within_scope(found, _ATTEMPT.c.district_id)
        .values(
            version=_ATTEMPT.c.version + 1,
            state="paid",
            paid_at=bindparam("when_paid", type_=_ATTEMPT.c.paid_at.type),
            late=False,
            allocation="done",
            outcome="",
            instruction=null(),
            openid_sealed=null(),
            client_ip="",
        )
        .returning(*(_ATTEMPT.c[name] for name in Taken._fields))
    )
