"""Read WeChat's error codes: several spellings of one code, and what each means for an attempt."""

from __future__ import annotations

from portal.api import RejectCategory

# Spellings differ between generations of the documentation (ORDERNOTEXIST, ORDER_NOT_EXIST).
NOT_FOUND = frozenset({"ORDERNOTEXIST"})

# Never a definite no, whatever the HTTP status: ask again with the same number, or query.
UNKNOWN = frozenset({"SYSTEMERROR", "BANKERROR", "FREQUENCYLIMITED", "RATELIMITEXCEEDED", "USERPAYING"})

_CATEGORIES = {
    "ORDERCLOSED": RejectCategory.CLOSED,
    "ORDERPAID": RejectCategory.PAID,
    "OUTTRADENOUSED": RejectCategory.DUPLICATE,
    "NOTENOUGH": RejectCategory.FUNDS,
    "SIGNERROR": RejectCategory.CONFIG,
    "NOAUTH": RejectCategory.CONFIG,
    "PARAMERROR": RejectCategory.CONFIG,
    "APPIDMCHIDNOTMATCH": RejectCategory.CONFIG,
    "APPIDNOTEXIST": RejectCategory.CONFIG,
    "MCHNOTEXISTS": RejectCategory.CONFIG,
    "MCHIDNOTEXIST": RejectCategory.CONFIG,
}


def normalise(code: str) -> str:
    """Return the code without the underscores that come and go."""
    return code.upper().replace("_", "")


def category(code: str) -> RejectCategory:
    """Say what a definite rejection means. Never branches on the message, which changes."""
    return _CATEGORIES.get(normalise(code), RejectCategory.OTHER)
