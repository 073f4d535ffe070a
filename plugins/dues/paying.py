"""What hangs on the account that paid, whose dues it was or not: payments for oneself and for others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.api import AccountRef, Erasure, Objection, payments
from portal.api import gettext as _

from .service import books


def export(account: AccountRef) -> Mapping[str, Any]:
    """Return the payments this account began here, ready for JSON; sums in fen."""
    return {"payments": payments.paid_by(account.id, purpose=books.PURPOSE)}


def erase(account: AccountRef) -> Erasure:
    """Say what is kept: a payment is in the books for 15 years. Source: domain.md §9.2, FROM MEMORY."""
    kept = len(payments.paid_by(account.id, purpose=books.PURPOSE))
    return Erasure(kept=kept, reason=_("代交党费的账要保存15年，里面没有您的称呼和号码。") if kept else "")


def objections(account: AccountRef) -> list[Objection]:
    """Return what has to be cleared up before an account is deleted: a payment without an outcome."""
    if not payments.open_by(account.id, purpose=books.PURPOSE):
        return []
    text = _("有一笔党费的付款还没有结果，等有了结果再来。")
    return [Objection(code="dues.paying", text=text)]
