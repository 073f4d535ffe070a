"""A helper pays a member's dues: what is owed, check, pay, and the voucher. Nothing else of the record.

Each request asks anew whether the delegation still holds; when it does not, the pages do not exist.
"""

from __future__ import annotations

from typing import Any

from flask import Response, abort, g, request, url_for

from portal.api import crypto, delegations, go, hand_over, payments, render, requires
from portal.api import gettext as _

from .. import helping
from .. import page_words as words
from ..queries.statement import Statement, statement
from ..service import books
from . import dues, paying

PERMISSION = "dues.pay_for"


@dues.get("/for/<uid>")
@requires(PERMISSION)
def for_other(uid: str) -> Response:
    """Show what is owed for the person helped, and what was paid in this way."""
    held, found = _held(uid)
    return _page(held, found)


@dues.get("/for/<uid>/pay")
@requires(PERMISSION)
def for_other_check(uid: str) -> Any:
    """Show what is about to be paid, for whom and to whom, before any money moves."""
    held, found = _held(uid)
    picked = request.args.getlist("month")
    choice = paying.choice_of(found.timeline, picked)
    if choice is None:
        return _page(held, found, picked=picked, error=paying.why_not(found.timeline, picked), status=422)
    ways = paying.ways()
    if not ways:
        return _page(held, found, picked=picked, error=_("这里还不能网上付款，请交给支部。"), status=422)
    return render("dues/for_check.html", block="content", held=held, choice=choice, ways=ways, words=words)


@dues.post("/for/<uid>/pay")
@requires(PERMISSION)
def for_other_pay(uid: str) -> Any:
    """Begin one payment for one form; the delegation is held while it is written down."""
    held, found = _held(uid)
    picked, key = request.form.getlist("month"), request.form.get("_once", "")
    if not 8 <= len(key) <= 64:
        abort(400)
    way = paying.chosen_way(request.form.get("way"))
    if way is None:
        return _page(held, found, picked=picked, error=_("这里还不能网上付款，请交给支部。"), status=422)
    try:
        attempt = payments.start_attempt(
            account=way.account,
            member_id=held.member_id,
            lines=paying.lines_of(found.timeline, picked),
            flow=way.flow,
            form_token=crypto.token_hash(f"{g.actor.account_id}:dues:{held.uid}:{key}"),
            payer_account_id=g.actor.account_id,
            client_ip=request.remote_addr or "",
            acting=held,
        )
    except delegations.NoLonger:
        abort(404)
    except payments.PurposeRefused as refused:
        return _page(held, found, picked=picked, error=str(refused), status=422)
    except (payments.AlreadyPaid, payments.StillOpen) as earlier:
        if earlier.attempt.payer_account_id == g.actor.account_id:
            return go(url_for("pay.show", uid=earlier.attempt.uid))
        # Somebody else's order is theirs to see; here only that there is one.
        error = _("有一笔付款还没有结果，请过一会儿再来看。")
        return _page(held, found, picked=picked, error=error, status=422)
    return hand_over(attempt)


@dues.get("/for/<uid>/voucher/<token>")
@requires(PERMISSION)
def for_other_voucher(uid: str, token: str) -> Response:
    """Show the voucher of a payment made in this way, without the record's full name."""
    held, _found = _held(uid)
    voucher = next((one for one in helping.paid_for(held) if one.token == token), None)
    if voucher is None:
        abort(404)
    return render("dues/for_voucher.html", held=held, voucher=voucher, words=words)


def _held(uid: str) -> tuple[delegations.Acting, Statement]:
    held = delegations.acting(uid, account_id=g.actor.account_id, purpose=helping.PURPOSE)
    found = statement(held.member_id) if held is not None else None
    if held is None or found is None:
        abort(404)
    return held, found


def _page(
    held: delegations.Acting,
    found: Statement,
    *,
    picked: list[str] | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    line = found.timeline
    ways = paying.ways() if line.choices else []
    under = payments.underway(member_id=held.member_id, purpose=books.PURPOSE)
    mine = under and payments.by_uid(under.uid)
    return render(
        "dues/for_other.html",
        status=status,
        block="content",
        held=held,
        line=line,
        picked=[each.month for each in line.owed] if picked is None else picked,
        payable={choice.through for choice in line.choices},
        error=error,
        words=words,
        underway=under,
        # The order of somebody else is named, its page is not offered.
        underway_mine=bool(mine and mine.payer_account_id == g.actor.account_id),
        payee=ways[0].account.payee_name if ways else "",
        can_pay=bool(ways),
        vouchers=helping.paid_for(held),
    )
