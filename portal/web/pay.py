"""The payer's pages: what to do next, what became of it, and the way back. Money is never decided here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import segno
from flask import Blueprint, Response, abort, current_app, g, request, url_for
from markupsafe import Markup

from portal import clock, crypto, payments
from portal.database import session
from portal.payments import purposes
from portal.payments.contract import Flow, IdentifiesPayer, Ok, PaymentProvider
from portal.payments.models import OPEN, MerchantAccount, PaymentAttempt
from portal.payments.providers import provider_of
from portal.payments.purpose import Description
from portal.registry import NotAvailable
from portal.web.access import signed_in
from portal.web.headers import allow_form_target
from portal.web.htmx import go, redirect_whole_page, render
from portal.words import gettext

pay = Blueprint("pay", __name__, url_prefix="/d/<district_code>/pay")

#: How long after an order's end a page still asks by itself.
PATIENCE = timedelta(minutes=10)
_PURSE = "portal_purse"


def hand_over(attempt: PaymentAttempt) -> Any:
    """Answer the form that started an attempt: order at the channel, and lead to the payer's page.

    Where the channel must say first who pays (WeChat's openid), the page does that before ordering.
    """
    if not _must_identify(attempt):
        payments.send_create(attempt)
    return go(url_for("pay.show", uid=attempt.uid))


@pay.get("/<uid>")
@signed_in
def show(uid: str) -> Response:
    """Show what the payer does next, or what became of it."""
    attempt = _mine(uid)
    account = session.get_one(MerchantAccount, attempt.account_id)
    step = payments.fresh_instruction(attempt)
    code = None
    if step and step["code_url"]:
        code = Markup(segno.make(step["code_url"], error="m").svg_inline(border=2, omitsize=True))
    if step and step["bridge_url"]:
        parts = urlsplit(step["bridge_url"])
        allow_form_target(f"{parts.scheme}://{parts.netloc}")
    shown = render(
        "pay/show.html",
        attempt=attempt,
        payee=account.payee_name,
        about=_describe(attempt),
        view=_view(attempt, step),
        step=step,
        code=code,
        identify=_identify_url(attempt) if attempt.state == "new" else "",
        back=request.args.get("back") == "1",
        asks=_asks_by_itself(attempt),
        here=_public(url_for("pay.show", uid=uid, back=1)),
    )
    # A channel's cashier wants to see which site sends the payer (WeChat H5 refuses an empty Referer).
    shown.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    return shown


@pay.get("/<uid>/state")
@signed_in
def state(uid: str) -> Response:
    """Answer the page's own question: nothing new (204), stop asking (286), or load the page again."""
    attempt = _mine(uid)
    if request.args.get("seen") != _mark(attempt):
        return redirect_whole_page(url_for("pay.show", uid=uid, back=1))
    return Response(status=204 if _asks_by_itself(attempt) else 286)


@pay.post("/<uid>/go")
@signed_in
def order(uid: str) -> Any:
    """Order at the channel, again when the outcome was unknown or the instruction has gone stale."""
    return hand_over(_mine(uid))


@pay.get("/<uid>/wx")
@signed_in
def identified(uid: str) -> Response:
    """Take the payer's browser back from the channel's log-in; a form carries the code on (rule K1)."""
    attempt = _mine(uid)
    code, given = request.args.get("code", ""), request.args.get("state", "")
    if attempt.state != "new" or not code or len(code) > 200:
        return go(url_for("pay.show", uid=uid))  # type: ignore[return-value]
    return render("pay/identified.html", attempt=attempt, code=code, state=given)


@pay.post("/<uid>/wx")
@signed_in
def identify(uid: str) -> Any:
    """Turn the code into the payer's reference at the channel, and order."""
    attempt = _mine(uid)
    if not crypto.same(request.form.get("state", ""), _state(attempt)):
        abort(400)
    provider = _provider(attempt)
    if attempt.state == "new" and isinstance(provider, IdentifiesPayer):
        outcome = provider.identify(request.form.get("code", "")[:200])
        if isinstance(outcome, Ok):
            # Never an identity: who is logged in here was asked before, this only says whose purse it is.
            payments.send_create(attempt, openid=outcome.value)
            return _with_purse(go(url_for("pay.show", uid=uid)), attempt)
    return go(url_for("pay.show", uid=uid))


@pay.post("/<uid>/check")
@signed_in
def check(uid: str) -> Any:
    """Ask the channel now; an order whose answer was lost leads on to where it is paid."""
    attempt = _mine(uid)
    if attempt.state == "closing":
        payments.close_attempt(attempt)
    else:
        payments.clear_up(attempt)
    return go(url_for("pay.show", uid=uid, back=1))


@pay.post("/<uid>/cancel")
@signed_in
def cancel(uid: str) -> Any:
    """Close the order at the channel; money that was faster is still taken."""
    attempt = payments.close_attempt(_mine(uid))
    if attempt.state == "closed":
        return go(_describe(attempt).back_url)
    return go(url_for("pay.show", uid=uid, back=1))


def _mine(uid: str) -> PaymentAttempt:
    """Return the attempt if this person pays it or it pays this person's dues; else it does not exist."""
    attempt = payments.by_uid(uid)
    if attempt is None or not (
        attempt.payer_account_id == g.actor.account_id
        or (g.actor.member_id is not None and attempt.member_id == g.actor.member_id)
    ):
        abort(404)
    return attempt


def _view(attempt: PaymentAttempt, step: dict[str, Any] | None) -> str:
    """Name the part of the page that fits."""
    if attempt.state == "paid":
        if attempt.allocation == "done":
            return "paid"
        return "placing" if attempt.allocation == "waiting" else "unclear"
    if attempt.state in ("failed", "closed"):
        return "over"
    if attempt.state == "new":
        return "start"
    if attempt.state == "pending" and step:
        return "elsewhere" if _other_purse(attempt) else attempt.flow
    if attempt.state == "pending" and attempt.expires_at > clock.now():
        return "stale"
    return "pending"


def _with_purse(response: Any, attempt: PaymentAttempt) -> Any:
    """Mark this browser as the one whose purse the order was made for."""
    response.set_cookie(
        _PURSE,
        crypto.mac("pay.purse", attempt.uid.encode()),
        max_age=int((attempt.expires_at - attempt.created_at).total_seconds()),
        path=url_for("web.home"),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response


def _other_purse(attempt: PaymentAttempt) -> bool:
    """Tell whether the order waits for another payer's WeChat: it would refuse this one at the cashier."""
    here = request.cookies.get(_PURSE, "")
    return bool(attempt.openid_sealed) and not crypto.same(
        here, crypto.mac("pay.purse", attempt.uid.encode())
    )


def _mark(attempt: PaymentAttempt) -> str:
    return f"{attempt.state}-{attempt.allocation}"


def _asks_by_itself(attempt: PaymentAttempt) -> bool:
    unsettled = attempt.state in OPEN and attempt.state != "new" or attempt.allocation == "waiting"
    return unsettled and clock.now() < attempt.expires_at + PATIENCE


def _describe(attempt: PaymentAttempt) -> Description:
    try:
        return purposes.purpose_of(attempt.purpose).describe(purposes.attempt_info(attempt))
    except NotAvailable:
        return Description(title=gettext("付款"), channel_text="", back_url=url_for("web.home"))


def _provider(attempt: PaymentAttempt) -> PaymentProvider | None:
    try:
        return provider_of(session.get_one(MerchantAccount, attempt.account_id))
    except NotAvailable:
        return None


def _must_identify(attempt: PaymentAttempt) -> bool:
    """Tell whether the channel has to say first who pays (WeChat: the openid, for JSAPI)."""
    return (
        attempt.flow == Flow.JSAPI.value
        and attempt.state == "new"
        and isinstance(_provider(attempt), IdentifiesPayer)
    )


def _identify_url(attempt: PaymentAttempt) -> str:
    provider = _provider(attempt)
    if attempt.flow != Flow.JSAPI.value or not isinstance(provider, IdentifiesPayer):
        return ""
    back = _public(url_for("pay.identified", uid=attempt.uid))
    return provider.identify_url(return_url=back, state=_state(attempt))


def _public(path: str) -> str:
    # The registered address, never the Host header's.
    return f"{current_app.config['PUBLIC_URL']}{path}"


def _state(attempt: PaymentAttempt) -> str:
    """Return what ties the way back to this attempt and this account."""
    return crypto.mac("pay.state", f"{attempt.uid}:{g.actor.account_id}".encode())[:40]
