"""Money that comes in from outside: provider contract, merchant accounts, attempts, facts, callbacks.

Plugins use what ``portal.api`` hands on of this package, nothing else.
"""

from portal.payments import forgetting, payers, tasks  # noqa: F401  jobs and what is forgotten: declared on import
from portal.payments.accounts import by_slug, create_account
from portal.payments.calling import by_uid, fresh_instruction
from portal.payments.facts import apply_fact
from portal.payments.payers import open_by, paid_by
from portal.payments.providers import Way, ways
from portal.payments.purpose import (
    Allocation,
    AttemptInfo,
    Description,
    FactInfo,
    PayLine,
    PaymentPurpose,
    PurposeRefused,
)
from portal.payments.receipts import attempts_behind, fact_uids, facts_of
from portal.payments.sending import clear_up, send_create
from portal.payments.settling import check_attempt, close_attempt
from portal.payments.staff import FourEyes, Receipt, record_receipts
from portal.payments.starting import (
    AlreadyPaid,
    StillOpen,
    Underway,
    has_open_attempt,
    start_attempt,
    underway,
)

__all__ = [
    "Allocation",
    "AlreadyPaid",
    "AttemptInfo",
    "Description",
    "FactInfo",
    "FourEyes",
    "PayLine",
    "PaymentPurpose",
    "PurposeRefused",
    "Receipt",
    "StillOpen",
    "Underway",
    "Way",
    "apply_fact",
    "attempts_behind",
    "by_slug",
    "by_uid",
    "check_attempt",
    "clear_up",
    "close_attempt",
    "create_account",
    "fact_uids",
    "facts_of",
    "fresh_instruction",
    "has_open_attempt",
    "open_by",
    "paid_by",
    "record_receipts",
    "send_create",
    "start_attempt",
    "underway",
    "ways",
]
