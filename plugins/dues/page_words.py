"""The sentences of the dues pages: months, states, what is missing, what stands on a voucher."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from portal.api import civil, clock, month_word, sentences
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from .amounts import yuan
from .category_words import on_screen as on_screen
from .timeline import MonthLine
from .words import edges as edges
from .words import formula_words as formula_words
from .words import item_list as item_list
from .words import next_door as next_door

if TYPE_CHECKING:
    from .queries.vouchers import Voucher


_CLOSED = {
    "reduced": _l("少交"),
    "paid": _l("已交"),
    "waived": _l("免交"),
    "settled": _l("不用交"),
}
_WAYS = {
    "wechatpay": _l("微信支付"),
    "alipay": _l("支付宝"),
    "offline_payment": _l("现金或转账，支部登记"),
    "offline": _l("现金或转账，支部登记"),
    "credit": _l("用预存的钱"),
}


def month_list(months: Iterable[str]) -> str:
    """Return months as people list them: "6月、7月"; the year is said when it is not this one."""
    this_year = clock.month()[:4]
    return _("、").join(
        _("%(month)s月", month=month_word(int(month[5:])))
        if month[:4] == this_year
        else _("%(year)s年%(month)s月", year=month[:4], month=month_word(int(month[5:])))
        for month in months
    )


def dated(months: Iterable[str]) -> str:
    """Return months with their year, as on a paper that is kept: "2026年9月、10月，2027年1月"."""
    years: dict[str, list[str]] = {}
    for month in months:
        years.setdefault(month[:4], []).append(_("%(month)s月", month=month_word(int(month[5:]))))
    return _("，").join(
        _("%(year)s年%(months)s", year=year, months=_("、").join(found)) for year, found in years.items()
    )


def months_short(months: Sequence[tuple[str, int]]) -> str:
    """Return a voucher's months for a list: one, or the first and the last."""
    if not months:
        return _("预存")
    if len(months) == 1:
        return month_list([months[0][0]])
    return _(
        "%(first)s到%(last)s（%(count)s个月）",
        first=month_list([months[0][0]]),
        last=month_list([months[-1][0]]),
        count=len(months),
    )


def arrears(lines: Iterable[MonthLine]) -> str:
    """Return what to do about months gone by: no blame, and the branch may know better."""
    return _(
        "%(months)s的党费还没登记。交过的请找支部核对，没交的可以在这里补交。",
        months=month_list(line.month for line in lines),
    )


def ask_branch_first(phone: str) -> str:
    """Return the sentence for months older than may be paid without the branch."""
    return sentences(_("请先和支部一起核对，这里暂不收款。"), _call(phone))


def pay_at_branch(phone: str) -> str:
    """Return the sentence where no way to pay online is open."""
    return sentences(_("这里还不能网上付款，请交给支部。"), _call(phone))


def missing(codes: Iterable[str], phone: str) -> list[str]:
    """Return what has to be known before anything can be said, in words."""
    said = {
        "branch": _("您现在没有需要在这里交党费的党支部。有疑问请问服务台。"),
        "start_month": _("您的支部还没有开始在这里登记党费。"),
        "paid_through": _("还没有登记您的党费缴到哪个月，登记后才能看到应交多少。"),
        "assessment": _("还没有核定您每月交多少。"),
    }
    found = [said[code] for code in codes]
    if found and "branch" not in codes:
        found[-1] = sentences(found[-1], _("可以请支部补上。"), _call(phone))
    return found


def _call(phone: str) -> str:
    return _("电话%(phone)s。", phone=phone) if phone else ""


def state(line: MonthLine) -> str:
    """Return the state of a month in words."""
    if line.state == "partly_paid":
        return _("已交%(paid)s元，还差", paid=yuan(line.paid_fen))
    if line.state in ("open", "expected"):
        return _("还没到") if line.ahead > 0 else _("还没登记") if line.ahead < 0 else _("本月")
    return str(_CLOSED[line.state])


def state_kind(line: MonthLine) -> str:
    """Return the look of a month's state: ok, warn, info or quiet."""
    if line.open_fen <= 0:
        return "ok" if line.state == "paid" else "quiet"
    return "warn" if line.ahead < 0 else "info" if line.ahead == 0 else "quiet"


def way(code: str) -> str:
    """Return how money came, in words."""
    return str(_WAYS.get(code, code))


def voucher_rows(voucher: Voucher) -> list[tuple[str, str]]:
    """Return what stands on a voucher."""
    found = [
        (_("凭证号"), voucher.number),
        (_("姓名"), voucher.name),
        (_("党支部"), voucher.branch),
        (_("月份"), dated(month for month, _fen in voucher.months) or _("没有月份")),
        (_("金额"), _("%(yuan)s元", yuan=yuan(voucher.total_fen))),
        (_("交费日期"), civil(voucher.paid_on)),
        (_("方式"), way(voucher.way)),
    ]
    if voucher.credit_fen:
        found.insert(5, (_("其中预存"), _("%(yuan)s元", yuan=yuan(voucher.credit_fen))))
    return found


def voucher_foot() -> list[str]:
    """Return what a voucher is and is not."""
    return [_("党费缴费凭证。不是发票，也不代替《党费专用收据》。"), _("扫码可核对真假，不显示金额。")]
