"""Choose months, check, and hand over to the core's payments."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for

from portal.api import crypto, district, go, hand_over, payments, render, requires
from portal.api import gettext as _

from .. import page_words as words
from ..months import parse_month
from ..service import books
from ..timeline import Choice, Timeline
from . import dues
from .mine import my_statement
from .statement import statement_page


@dues.get("/pay")
@requires("dues.pay")
def choose() -> Any:
    """Show what is about to be paid, to whom, in full, before any money moves."""
    found = my_statement()
    picked = request.args.getlist("month")
    choice = choice_of(found.timeline, picked)
    if choice is None:
        return statement_page(picked=picked, error=why_not(found.timeline, picked), status=422)
    found_ways = ways()
    if not found_ways:
        return statement_page(picked=picked, error=_("这里还不能网上付款，请交给支部。"), status=422)
    return render(
        "dues/check.html",
        block="content",
        found=found,
        choice=choice,
        words=words,
        ways=found_ways,
    )


@dues.post("/pay")
@requires("dues.pay")
def pay() -> Any:
    """Begin one payment for one form; the same form again is the same payment."""
    found = my_statement()
    picked = request.form.getlist("month")
    key = request.form.get("_once", "")
    if not 8 <= len(key) <= 64:
        abort(400)
    way = chosen_way(request.form.get("way"))
    if way is None:
        return statement_page(picked=picked, error=_("这里还不能网上付款，请交给支部。"), status=422)
    try:
        attempt = payments.start_attempt(
            account=way.account,
            member_id=found.member_id,
            lines=lines_of(found.timeline, picked),
            flow=way.flow,
            form_token=crypto.token_hash(f"{g.actor.account_id}:dues:{key}"),
            payer_account_id=g.actor.account_id,
            client_ip=request.remote_addr or "",
        )
    except payments.PurposeRefused as refused:
        return statement_page(picked=picked, error=str(refused), status=422)
    except (payments.AlreadyPaid, payments.StillOpen) as earlier:
        # Nobody pays twice because an answer is late: the older order is shown until its end is known.
        return go(url_for("pay.show", uid=earlier.attempt.uid))
    return hand_over(attempt)


def ways() -> list[payments.Way]:
    """Return the ways to pay dues from this browser."""
    return payments.ways(district(), purpose=books.PURPOSE, user_agent=request.headers.get("User-Agent", ""))


def chosen_way(wanted: str | None) -> payments.Way | None:
    """Return the way of this account, the first one when none was named, or None."""
    return next((each for each in ways() if wanted in (None, "", each.account.slug)), None)


def choice_of(line: Timeline, picked: list[str]) -> Choice | None:
    """Return the choice that is exactly ``picked``: from the oldest on, nothing in between left out."""
    choice = line.choice(max(picked)) if picked else None
    return choice if choice is not None and sorted(choice.months) == sorted(set(picked)) else None


def lines_of(line: Timeline, picked: list[str]) -> list[payments.PayLine]:
    """Return what is open of the picked months. Raises: PurposeRefused when nothing is."""
    open_fen = {each.month: each.open_fen for each in line.lines}
    try:
        months = sorted({parse_month(month) for month in picked})
    except ValueError:
        abort(400)
    lines = [
        payments.PayLine(reference=month, amount_fen=open_fen[month])
        for month in months
        if open_fen.get(month, 0) > 0
    ]
    if not lines:
        raise payments.PurposeRefused(_("这几个月已经交过了。"))
    return lines


def why_not(line: Timeline, picked: list[str]) -> str:
    """Say why a choice of months cannot be paid."""
    if line.ask_branch_first:
        return _("请先和支部一起核对，这里暂不收款。")
    if not picked:
        return _("请先选要交的月份。")
    if line.choices and line.choice(max(picked)) is not None:
        return _("请从最早没交的月份选起，中间不要空。")
    return _("这几个月现在不能交，请重新选择。")
