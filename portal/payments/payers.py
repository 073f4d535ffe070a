"""What somebody paid, by the account that paid: also for others, and without a record of one's own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update

from portal.database import rows, session
from portal.members.account_rights import also
from portal.payments.models import OPEN, PaymentAttempt

_T: Any = PaymentAttempt.__table__.c


def paid_by(account_id: int, *, purpose: str) -> list[dict[str, Any]]:
    """Return the payments an account began here for a purpose, ready for JSON; sums in fen.

    For whom is that person's own matter, and left out.
    """
    columns = _T.out_trade_no, _T.amount_fen, _T.state, _T.created_at, _T.paid_at
    found = rows(PaymentAttempt, *columns).where(_T.payer_account_id == account_id, _T.purpose == purpose)
    return [
        {
            "number": row.out_trade_no,
            "amount_fen": row.amount_fen,
            "state": row.state,
            "began": row.created_at.isoformat(),
            "paid": row.paid_at.isoformat() if row.paid_at else None,
        }
        for row in session.execute(found.order_by(_T.id))
    ]


def open_by(account_id: int, *, purpose: str) -> int:
    """Return how many payments of an account here have no outcome yet."""
    mine = rows(PaymentAttempt, func.count()).where(_T.payer_account_id == account_id, _T.purpose == purpose)
    return int(session.execute(mine.where(_T.state.in_(OPEN))).scalar_one())


@also
def forget(account_id: int) -> None:
    """Empty how a payer was reached; the money stays (domain.md §9.2)."""
    own = select(PaymentAttempt.id).where(PaymentAttempt.payer_account_id == account_id)
    session.execute(
        update(PaymentAttempt)
        .where(PaymentAttempt.id.in_(own), PaymentAttempt.state.not_in(OPEN))
        .values(openid_sealed=None, client_ip="", instruction=None, version=PaymentAttempt.version + 1)
    )
