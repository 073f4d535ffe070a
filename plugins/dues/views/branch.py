"""The branch's month: due, paid, reduced or waived, unpaid. For its collectors, below their own path."""

from __future__ import annotations

import re
from typing import Any

from flask import abort, current_app, g, request, url_for

from portal.api import clock, month, render, requires, searching
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from .. import helping
from .. import page_words as words
from ..months import shifted
from ..queries import branch as queries
from . import dues

#: Where the month's page leads, as far as this person may go there.
DOORS = (
    (_l("登记现金"), "dues.cash", "dues.collect"),
    (_l("提醒没交的人"), "dues.remind", "dues.collect"),
    (_l("以前月份没登记的"), "dues.arrears", "dues.collect"),
    (_l("基数表"), "dues.bases", "dues.assess"),
    (_l("少交、免交"), "dues.reliefs", "dues.propose"),
    (_l("收缴台账"), "dues.ledger", "dues.collect"),
)
_MONTH = re.compile(r"^(20\d{2})-(0[1-9]|1[0-2])$")


def asked_month() -> str:
    """Return the month in the address; this one when there is none; 404 for one that is none."""
    text = request.values.get("month", "")
    if not text:
        return clock.month()
    if not _MONTH.match(text):
        abort(404)
    return text


def own_branch(permission: str = "dues.collect") -> tuple[queries.BranchPlace, list[queries.BranchPlace]]:
    """Return the chosen branch and all this person answers for; 404 for one out of reach."""
    found = queries.places(g.actor.reach(permission))
    wanted = request.values.get("branch", type=int)
    if not found:
        abort(404)
    chosen = found[0] if wanted is None else next((one for one in found if one.id == wanted), None)
    if chosen is None:
        abort(404)
    return chosen, found


searching.by_post(dues, "/branch", "branch", "dues.collect", keep=("branch", "month", "unpaid"))


@dues.get("/branch")
@requires("dues.collect")
def branch() -> Any:
    """Show the branch's month: who owes, who paid and how, what is open."""
    chosen, found = own_branch()
    at = asked_month()
    text, q = searching.typed().strip()[:20], request.args.get("q") or None
    unpaid = request.args.get("unpaid") == "1"
    shown, more = queries.lines(chosen.id, at, text=text, unpaid=unpaid, after=request.args.get("after", ""))
    keep: dict[str, Any] = {"branch": chosen.id, "month": at}
    chips = []
    if unpaid:
        chips.append((_("没交的"), url_for("dues.branch", q=q, **keep)))
    if text:
        chips.append((text, url_for("dues.branch", unpaid="1" if unpaid else None, **keep)))
    return render(
        "dues/branch.html",
        branch=chosen,
        branches=[(str(one.id), one.name) for one in found],
        month_shown=at,
        months=[(one, month(one)) for one in _months_around()],
        totals=queries.totals(chosen.id, at),
        lines=shown,
        helped=helping.paid_by([one.source_key for line in shown for one in line.paid]),
        after=shown[-1].cursor if more else None,
        chips=chips,
        keep=keep,
        text=text,
        unpaid=unpaid,
        doors=[
            (label, endpoint)
            for label, endpoint, permission in DOORS
            if endpoint in current_app.view_functions and g.actor.can(permission)
        ],
        words=words,
    )


def _months_around() -> list[str]:
    """Return the months to choose from: three ahead, two years back."""
    now = clock.month()
    return [shifted(now, back) for back in range(3, -24, -1)]


@dues.get("/branch/print")
@requires("dues.collect")
def branch_print() -> Any:
    """Show the month as a sheet for the dues day: tick boxes and blank lines, names of this branch only."""
    chosen, _found = own_branch()
    at = asked_month()
    shown, _more = queries.lines(chosen.id, at, limit=500)
    return render("dues/branch_print.html", branch=chosen, month_shown=at, lines=shown, words=words)
