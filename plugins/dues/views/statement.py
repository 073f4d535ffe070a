"""What I owe and why: the statement, and money that is already there."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, g, request, url_for

from portal.api import district, go, once, payments, render, requires, say
from portal.api import gettext as _

from .. import helping
from .. import page_words as words
from ..service import allocation, books
from . import dues
from .mine import my_statement


@dues.get("/")
@requires("dues.pay")
def statement() -> Response:
    """Show each month, what it costs and why, and let months be chosen."""
    return statement_page()


def statement_page(*, picked: list[str] | None = None, error: str = "", status: int = 200) -> Response:
    """Render the statement, also with a choice that could not be paid."""
    found = my_statement()
    line = found.timeline
    chosen = [each.month for each in line.owed] if picked is None else picked
    ways = (
        payments.ways(district(), purpose=books.PURPOSE, user_agent=request.headers.get("User-Agent", ""))
        if line.choices
        else []
    )
    return render(
        "dues/statement.html",
        status=status,
        block="content",
        found=found,
        picked=chosen,
        picked_later=any(each.month in chosen for each in line.later),
        payable={choice.through for choice in line.choices},
        error=error,
        words=words,
        underway=payments.underway(member_id=found.member_id, purpose=books.PURPOSE),
        payee=ways[0].account.payee_name if ways else "",
        can_pay=bool(ways),
        helped=helping.lately(found.member_id),
    )


@dues.post("/credit")
@requires("dues.pay")
@once
def credit() -> Any:
    """Pay the oldest open months out of what was paid too much before."""
    found = my_statement()
    if found.credit_fen <= 0 or not found.timeline.choices:
        abort(409)
    months = [line.month for line in found.timeline.owed] or [found.timeline.choices[0].through]
    voucher = allocation.use_credit(
        district_id=found.district_id,
        member_id=found.member_id,
        months=months,
        source_key=allocation.new_source_key(),
        actor=f"account:{g.actor.account_id}",
    )
    say(_("已用预存的钱交了党费，凭证在这里。"))
    return go(url_for("dues.voucher", token=voucher.token))
