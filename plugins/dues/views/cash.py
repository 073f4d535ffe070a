"""The dues day's cash: the collector's sheet, and the second person's count."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, g, request, url_for

from portal.api import (
    asks_again,
    civil,
    clock,
    district,
    fen,
    go,
    ngettext,
    once,
    render,
    required_version,
    requires,
    say,
    settings,
    sheet_values,
)
from portal.api import gettext as _

from ..models import DuesCashSheet
from ..queries import cash as queries
from ..service import cash as service
from ..service import cash_days, cash_deposit
from . import dues
from .branch import own_branch
from .cash_form import entries_of, form_page, money, tidy, wrong_day


@dues.get("/cash")
@requires("dues.collect")
def cash() -> Any:
    """Show the cash sheets: own drafts, those that wait for a second person, those that are done."""
    reach = g.actor.reach("dues.collect")
    before = request.args.get("before", type=int)
    found = queries.sheets(reach, before=before, limit=21)
    chosen, places = own_branch()
    here = district()
    holders = queries.held(days=settings.get(here, "dues.cash_days")) if reach.everywhere else []
    return render(
        "dues/cash.html",
        sheets=found[:20],
        more=found[19].id if len(found) > 20 else None,
        branch=chosen,
        branches=[(str(one.id), one.name) for one in places],
        holders=holders,
        states=_states(),
    )


@dues.post("/cash")
@requires("dues.collect")
@once
def cash_open() -> Any:
    """Begin a sheet, or go on with the own draft of this branch."""
    chosen, _places = own_branch()
    sheet = service.open_sheet(district=district(), organization_id=chosen.id, actor=g.actor)
    return go(url_for("dues.cash_sheet", sheet_id=sheet.id))


@dues.get("/cash/<int:sheet_id>")
@requires("dues.collect")
def cash_sheet(sheet_id: int) -> Any:
    """Show a sheet: to write for its collector, to count for the other person, to read afterwards."""
    sheet = _sheet(sheet_id)
    if sheet.state == "draft" and sheet.collected_by == g.actor.account_id:
        return form_page(sheet)
    return _read(sheet)


@dues.post("/cash/<int:sheet_id>")
@requires("dues.collect")
@once
def cash_write(sheet_id: int) -> Any:
    """Save the sheet as it stands; with 交给另一位同志 also hand it over."""
    sheet = _sheet(sheet_id)
    _own(sheet)
    entries, errors = entries_of(sheet)
    day = _day()
    if day is None:
        errors["day"] = _("日期看不懂，请写成2026-11-01这样。")
    else:
        try:
            cash_days.check(day, district_id=sheet.district_id, organization_id=sheet.organization_id)
        except cash_days.WrongDay as wrong:
            errors["day"] = wrong_day(wrong)
    if errors or day is None:
        return form_page(sheet, errors=errors, status=422)
    service.write(sheet, entries, version=required_version(), day=day, actor=g.actor)
    if request.form.get("act") != "hand_over":
        say(_("已保存，可以以后接着写。"))
        return go(url_for("dues.cash_sheet", sheet_id=sheet.id))
    try:
        count, total = service.hand_over(sheet, version=sheet.version, actor=g.actor)
    except service.NothingWritten:
        return form_page(sheet, errors={"": _("还没有记下一笔现金。")}, status=422)
    say(
        ngettext(
            "已记%(n)s笔现金，共%(sum)s，等另一位同志核对。",
            "已记%(n)s笔现金，共%(sum)s，等另一位同志核对。",
            count,
            n=count,
            sum=fen(total),
        )
    )
    return go(url_for("dues.cash"))


@dues.post("/cash/<int:sheet_id>/<any(confirm, back, cancel):act>")
@asks_again
@requires("dues.collect")
@once
def cash_decide(sheet_id: int, act: str) -> Any:
    """Count and confirm, send back with a reason, or throw away."""
    sheet = _sheet(sheet_id)
    version = required_version()
    reason = request.form.get("reason", "")
    if act != "confirm" and not reason.strip():
        return _read(sheet, errors={"reason": _("请写明原因，对方会看到。")}, status=422)
    try:
        if act == "confirm":
            return _confirm(sheet, version)
        if act == "back":
            service.send_back(sheet, version=version, reason=reason, actor=g.actor)
            say(_("已退回，等收款的同志改好再交来。"))
        else:
            service.cancel(sheet, version=version, reason=reason, actor=g.actor)
            say(_("这张现金单已作废。"))
    except service.FourEyes:
        abort(403)
    return go(url_for("dues.cash"))


def _confirm(sheet: DuesCashSheet, version: int) -> Any:
    try:
        counted = money(request.form.get("counted", ""))
        members = service.confirm(
            sheet, version=version, counted_fen=counted, district=district(), actor=g.actor
        )
    except service.CountDiffers:
        message = _("点出来的钱和单子上的合计不一样。请再点一遍；还不一样就退回。")
        return _read(sheet, errors={"counted": message}, status=422)
    except ValueError:
        return _read(sheet, errors={"counted": _("金额看不懂，请写成58.00这样。")}, status=422)
    say(
        ngettext(
            "已入账%(n)s笔，凭证已开出，本人能看到。",
            "已入账%(n)s笔，凭证已开出，本人能看到。",
            len(members),
            n=len(members),
        )
    )
    return go(url_for("dues.cash"))


@dues.get("/cash/deposit")
@requires("dues.approve")
def cash_deposits() -> Any:
    """Show who holds confirmed cash, and the form to record that it was brought to the bank."""
    return _deposit_page()


@dues.post("/cash/deposit")
@asks_again
@requires("dues.approve")
@once
def cash_deposited() -> Any:
    """Record that one collector's cash lies at the bank now."""
    day, reference = _day(), tidy(request.form.get("reference", ""))
    holder = request.form.get("holder", type=int)
    errors = {}
    if day is None:
        errors["day"] = _("日期看不懂，请写成2026-11-01这样。")
    elif day > clock.today():
        errors["day"] = _("不能写今天以后的日期。")
    if not 4 <= len(reference) <= 60:
        errors["reference"] = _("请写银行回单号，4到60个字。")
    if holder is None:
        errors["holder"] = _("请选是谁存的。")
    if errors or day is None or holder is None:
        return _deposit_page(errors=errors, status=422)
    try:
        done = cash_deposit.deposit(
            district=district(), holder=holder, reference=reference, on_day=day, actor=g.actor
        )
    except service.FourEyes:
        abort(403)
    except cash_deposit.UsedReference:
        return _deposit_page(errors={"reference": _("这个回单号已经登记过，请再核对。")}, status=422)
    except cash_deposit.BeforeCollected as early:
        return _deposit_page(
            errors={"day": _("这笔钱%(day)s才收齐，存银行不会更早。", day=civil(early.day))}, status=422
        )
    say(_("已记存入银行%(sum)s。", sum=fen(done.amount_fen)))
    return go(url_for("dues.cash_deposits"))


def _deposit_page(*, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    here = district()
    return render(
        "dues/cash_deposit.html",
        block="content" if errors else None,
        status=status,
        holders=queries.held(days=settings.get(here, "dues.cash_days")),
        limit=settings.get(here, "dues.cash_limit_fen"),
        deposits=queries.deposits(),
        errors=errors or {},
        typed=request.form,
    )


def _sheet(sheet_id: int) -> DuesCashSheet:
    sheet = queries.sheet_at(sheet_id, g.actor.reach("dues.collect"))
    if sheet is None:
        abort(404)
    return sheet


def _own(sheet: DuesCashSheet) -> None:
    if sheet.collected_by != g.actor.account_id:
        abort(403)


def _read(sheet: DuesCashSheet, *, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    lines = queries.lines_of(sheet)
    apart = queries.told_apart([(line.member_id, line.name) for line in lines])
    return render(
        "dues/cash_sheet.html",
        block="content" if errors else None,
        status=status,
        sheet=sheet,
        lines=lines,
        total=sum(line.amount_fen for line in lines),
        apart=apart,
        mine=sheet.collected_by == g.actor.account_id,
        deposit=queries.deposit_of(sheet),
        states=_states(),
        errors=errors or {},
        typed=request.form,
    )


def _states() -> dict[str, tuple[str, str]]:
    return {
        "draft": (_("在写"), "quiet"),
        "handed_over": (_("等另一位同志核对"), "warn"),
        "confirmed": (_("已入账"), "ok"),
        "cancelled": (_("已作废"), "bad"),
    }


def _day() -> date | None:
    return sheet_values.dates.whole_day(request.form.get("day", ""))
