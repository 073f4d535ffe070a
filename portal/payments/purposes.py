"""Between an attempt's row and the purpose that understands it."""

from __future__ import annotations

from typing import Any

from portal.current import registry
from portal.payments.contract import AttemptState, Flow, Source
from portal.payments.models import MerchantAccount, PaymentAttempt, PaymentFactRow
from portal.payments.purpose import AttemptInfo, FactInfo, PayLine, PaymentPurpose


def purpose_of(slug: str) -> PaymentPurpose:
    """Return the registered purpose. Raises: NotAvailable."""
    found: PaymentPurpose = registry().require(PaymentPurpose, slug)
    return found


def attempt_info(attempt: PaymentAttempt, **changes: Any) -> AttemptInfo:
    """Return an attempt as its purpose sees it."""
    values: dict[str, Any] = {
        "uid": attempt.uid,
        "out_trade_no": attempt.out_trade_no,
        "district_id": attempt.district_id,
        "member_id": attempt.member_id,
        "payer_account_id": attempt.payer_account_id,
        "purpose": attempt.purpose,
        "lines": tuple(PayLine(**line) for line in attempt.lines),
        "amount_fen": attempt.amount_fen,
        "flow": Flow(attempt.flow),
        "state": AttemptState(attempt.state),
        "late": attempt.late,
    }
    return AttemptInfo(**values | changes)


def fact_info(row: PaymentFactRow, account: MerchantAccount) -> FactInfo:
    """Return a recorded fact as a purpose sees it."""
    return FactInfo(
        uid=row.uid,
        provider=account.provider,
        account=account.slug,
        amount_fen=row.total_fen,
        paid_at=row.paid_at,
        source=Source(row.source),
        provider_txn_id=row.provider_txn_id,
        received_by=row.received_by,
        confirmed_by=row.confirmed_by,
    )
