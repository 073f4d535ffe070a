"""The treasurer's pages: where this district's money arrives, and money that somebody must explain."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, request, url_for

from portal.admin import merchant
from portal.current import district
from portal.database import session
from portal.payments import accounts, cases
from portal.payments.models import MerchantAccount, PaymentAttempt, PaymentCase
from portal.web.access import asks_again, requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext as _
from portal.words import lazy_gettext

money = Blueprint("money", __name__, url_prefix="/d/<district_code>/admin/payments")

KINDS = {
    "wrong_amount": lazy_gettext("到账的数和应付的不一样"),
    "wrong_account": lazy_gettext("付到了别的收款账户的订单上"),
    "unknown_order": lazy_gettext("找不到这笔款的订单"),
    "second_transaction": lazy_gettext("同一个订单付了两次"),
    "changed_amount": lazy_gettext("同一笔款再来时数变了"),
    "foreign_currency": lazy_gettext("不是人民币，没有入账"),
    "surplus": lazy_gettext("多付了，余款记在本人名下"),
}


@money.get("")
@requires("core.payments")
def index() -> Any:
    """Show the merchant accounts and the open cases."""
    return render(
        "admin/payments.html",
        accounts=accounts.of_district(district().id),
        specs=merchant.specs(),
        cases=cases.open_cases(district_id=district().id),
        kinds=KINDS,
    )


@money.get("/new/<provider>")
@requires("core.payments")
def blank(provider: str) -> Any:
    """Show the form of a new account."""
    return _form(_spec(provider), None, merchant.Sheet(values={}))


@money.post("/new/<provider>")
@asks_again
@requires("core.payments")
@once
def enter(provider: str) -> Any:
    """Write a new account down; somebody else switches it on."""
    spec = _spec(provider)
    sheet = merchant.read(spec, request.form)
    if sheet.errors:
        return _form(spec, None, sheet, status=422)
    merchant.enter(spec, sheet, actor=g.actor)
    say(_("已记下。请另一位同志核对后打开。"))
    return go(url_for("money.index"))


@money.get("/account/<uid>")
@requires("core.payments")
def account(uid: str) -> Any:
    """Show one account; secrets are never shown again."""
    found = _account(uid)
    values = {name: getattr(found, name) for name in merchant.COLUMNS}
    values |= {f"f_{name}": value for name, value in found.settings.items()}
    spec = merchant.specs().get(found.provider)
    return _form(spec, found, merchant.Sheet(values=values))


@money.post("/account/<uid>")
@asks_again
@requires("core.payments")
@once
def change(uid: str) -> Any:
    """Change an account; it takes no payments until somebody else has looked."""
    found, spec = _account(uid), _spec(_account(uid).provider)
    version = required_version()
    sheet = merchant.read(spec, request.form, account=found)
    if sheet.errors:
        return _form(spec, found, sheet, status=422)
    merchant.change(found, sheet, version=version, actor=g.actor)
    say(_("已改。请另一位同志核对后重新打开。"))
    return go(url_for("money.index"))


@money.post("/account/<uid>/switch")
@asks_again
@requires("core.payments")
@once
def switch(uid: str) -> Any:
    """Switch an account on or off."""
    found = _account(uid)
    active = request.form.get("to") == "on"
    try:
        merchant.switch(found, version=required_version(), active=active, actor=g.actor)
    except merchant.SamePerson:
        abort(403)
    say(_("已打开，可以收款了。") if active else _("已关闭，不再收新的款。已付的款照常入账。"))
    return go(url_for("money.account", uid=uid))


@money.get("/case/<uid>")
@requires("core.payments")
def case(uid: str) -> Any:
    """Show one case."""
    return _case_page(_case(uid))


@money.post("/case/<uid>")
@asks_again
@requires("core.payments")
@once
def resolve(uid: str) -> Any:
    """Close a case with what was found out (rule K10)."""
    found, version = _case(uid), required_version()
    reason = request.form.get("reason", "").strip()
    if not 4 <= len(reason) <= 300:
        return _case_page(found, error=_("请写明怎么核对、怎么处理的（4到300个字）。"), status=422)
    cases.resolve(found, version=version, resolution=reason, actor=g.actor.account_id)
    say(_("已办结。"))
    return go(url_for("money.index"))


def _spec(provider: str) -> Any:
    return merchant.specs().get(provider) or abort(404)


def _account(uid: str) -> MerchantAccount:
    return accounts.by_uid(uid) or abort(404)


def _case(uid: str) -> PaymentCase:
    return cases.by_uid(uid) or abort(404)


def _form(spec: Any, found: MerchantAccount | None, sheet: merchant.Sheet, *, status: int = 200) -> Any:
    return render(
        "admin/merchant.html",
        status=status,
        spec=spec,
        account=found,
        sheet=sheet,
        purposes=merchant.purposes(),
        own=found is not None and found.entered_by == g.actor.account_id,
    )


def _case_page(found: PaymentCase, *, error: str = "", status: int = 200) -> Any:
    attempt = session.get(PaymentAttempt, found.attempt_id) if found.attempt_id else None
    return render(
        "admin/case.html",
        status=status,
        case=found,
        kind=KINDS[found.kind],
        attempt=attempt,
        account=session.get_one(MerchantAccount, found.account_id),
        error=error,
    )
