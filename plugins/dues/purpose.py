"""What the core's payments ask of dues: what is paid, whether it may be, and where the money belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g, has_request_context, url_for

from portal.api import clock, delegations, district_or_none, ngettext, payments
from portal.api import gettext as _

from . import helping
from .queries.statement import statement
from .queries.vouchers import by_source
from .service import allocation, books
from .service.receipts import Receipt


class DuesPurpose:
    """The payment purpose ``dues``. A line's reference is the month, ``2026-11``."""

    slug = books.PURPOSE

    def describe(self, attempt: payments.AttemptInfo) -> payments.Description:
        """Say what is paid. The channel's text stays neutral: it may light up on a locked screen."""
        count = len(attempt.lines)
        helper = _helper_reads(attempt)
        if helper is not None:
            return _for_the_helper(attempt, helper, count)
        paid = by_source_of(attempt)
        return payments.Description(
            title=ngettext("交%(num)s个月党费", "交%(num)s个月党费", count),
            channel_text=_channel_text(count),
            back_url=_link("dues.statement"),
            done_url=_link("dues.voucher", token=paid) if paid else _link("dues.history"),
            done_label=_("看缴费凭证"),
        )

    def check(self, *, member_id: int, lines: Sequence[payments.PayLine]) -> None:
        """Refuse months that may not be paid now, and sums that are no longer what is owed.

        Raises: PurposeRefused, with the sentence for the member.
        """
        found = statement(member_id)
        choice = found and lines and found.timeline.choice(lines[-1].reference)
        if not found or not choice:
            raise payments.PurposeRefused(_("这几个月现在不能交，请回到党费页重新选择。"))
        owed = {line.month: line.open_fen for line in found.timeline.lines}
        wanted = tuple((month, owed[month]) for month in choice.months)
        if wanted != tuple((line.reference, line.amount_fen) for line in lines):
            raise payments.PurposeRefused(_("应交的数变了，请回到党费页重新选择。"))

    def allocate(
        self, attempt: payments.AttemptInfo, fact: payments.FactInfo
    ) -> Sequence[payments.Allocation]:
        """Let the money pay its months, oldest first, and write the voucher; the rest stays credit."""
        paid_on = clock.civil(fact.paid_at)
        receipt = Receipt(
            district_id=attempt.district_id,
            member_id=attempt.member_id,
            months=tuple(line.reference for line in attempt.lines),
            amount_fen=fact.amount_fen,
            source_key=fact.uid,
            paid_on=paid_on,
            way=fact.provider,
        )
        voucher, parts = allocation.settle(receipt)
        reader_id = parts[0].obligation.reader_id if parts else None
        helping.tell(attempt, voucher, [part.obligation.month for part in parts], reader_id)
        return [
            payments.Allocation(
                reference=part.obligation.month,
                amount_fen=part.amount_fen,
                to=allocation.income_of(part, paid_on=paid_on),
                memo=books.memo_paid(
                    member_id=attempt.member_id, month=part.obligation.month, fen=part.amount_fen
                ),
            )
            for part in parts
        ]


def _channel_text(count: int) -> str:
    return ngettext("缴费%(num)s个月", "缴费%(num)s个月", count)


def _helper_reads(attempt: payments.AttemptInfo) -> delegations.Done | None:
    """Return what the helper did, when it is the helper who looks at this payment; else None."""
    if not has_request_context() or attempt.payer_account_id is None:
        return None
    reader = g.actor
    if reader.account_id != attempt.payer_account_id or reader.member_id == attempt.member_id:
        return None
    return delegations.done_by(helping.PURPOSE, [attempt.uid]).get(attempt.uid)


def _for_the_helper(
    attempt: payments.AttemptInfo, done: delegations.Done, count: int
) -> payments.Description:
    """Lead a helper back to their own page, and to nothing of the member's once the help has ended."""
    held = delegations.acting(done.delegation, account_id=done.account_id, purpose=helping.PURPOSE)
    paid = by_source_of(attempt) if held else None
    voucher = _link("dues.for_other_voucher", uid=done.delegation, token=paid) if paid else ""
    back = _link("dues.for_other", uid=done.delegation) if held else _link("helping.index")
    return payments.Description(
        title=ngettext("代交%(num)s个月党费", "代交%(num)s个月党费", count),
        channel_text=_channel_text(count),
        back_url=back,
        done_url=voucher,
        done_label=_("看缴费凭证"),
    )


def _link(endpoint: str, **values: Any) -> str:
    """Return a page's address; none where there is no district to go to (a job, a channel's callback)."""
    return url_for(endpoint, **values) if has_request_context() and district_or_none() else ""


def by_source_of(attempt: payments.AttemptInfo) -> str | None:
    """Return the voucher's token of an attempt that was paid, or None."""
    return next((token for fact in payments.fact_uids(attempt.uid) if (token := by_source(fact))), None)
