"""Dues paid by a helper: the purpose the core's delegations know, and who paid what for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import url_for

from portal.api import Actor, delegations, fen, payments
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from . import messages
from . import page_words as words
from .queries import vouchers
from .service.places import path_of
from .service.receipts import Issued

PURPOSE = "dues.pay"


class PayDues:
    """The help purpose ``dues.pay``; an act's reference is the payment's uid."""

    slug = PURPOSE
    label = _l("代交党费")
    shows = _l("看得到每月要交多少、交了没有")

    def url(self, uid: str) -> str:
        """Return the helper's page."""
        return url_for("dues.for_other", uid=uid)

    def told(self, references: Sequence[str], *, by: Actor, own: bool) -> dict[str, str]:
        """Say what each payment became; months and sums to the two sides and the branch's collectors."""
        said = dict.fromkeys(references, _("一笔付款，没有付成或还没有结果"))
        came = payments.facts_of(references)
        for voucher in vouchers.by_sources(came):
            uid = came[voucher.source_key]
            if own or by.can("dues.collect", path_of(voucher.organization_id)):
                months = words.dated(month for month, _sum in voucher.months)
                said[uid] = _("交%(months)s党费，%(sum)s", months=months, sum=fen(voucher.total_fen))
            else:
                said[uid] = _("交党费")
        return said


def paid_by(source_keys: Iterable[str]) -> dict[str, delegations.Done]:
    """Return which receipts a helper paid, by the receipts' names."""
    came = payments.attempts_behind(source_keys)
    done = delegations.done_by(PURPOSE, came.values())
    return {fact: done[attempt] for fact, attempt in came.items() if attempt in done}


def lately(member_id: int) -> list[tuple[vouchers.Voucher, str]]:
    """Return the latest vouchers that helpers paid for a member, and who; one query where nobody did."""
    done = {one.reference: one for one in delegations.acts_for(member_id=member_id, purpose=PURPOSE, limit=3)}
    came = payments.facts_of(done)
    return [(one, done[came[one.source_key]].by) for one in vouchers.by_sources(came)]


def tell(
    attempt: payments.AttemptInfo, voucher: Issued, months: Sequence[str], reader_id: int | None
) -> None:
    """Tell both sides of money a helper paid, in the transaction that places it."""
    if attempt.payer_account_id in (None, reader_id):
        return
    done = delegations.done_by(PURPOSE, [attempt.uid]).get(attempt.uid)
    if done is not None:
        reader_id = reader_id or messages.account_of(attempt.member_id)
        messages.helper_paid(voucher, months, done, reader_id=reader_id)


def paid_for(held: delegations.Acting) -> list[vouchers.Voucher]:
    """Return the vouchers of what was paid under a delegation, newest first."""
    return vouchers.by_sources(payments.facts_of(delegations.references(held)))
