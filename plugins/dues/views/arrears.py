"""Months gone by without dues: what the branch does next, what it tried, and its consent to pay late.

Nothing here changes anybody's standing: the rules name who should look, the branch meeting decides.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, g, request, url_for
from werkzeug.exceptions import Forbidden

from portal.api import clock, district, go, once, render, requires, say, sheet_values
from portal.api import gettext as _

from .. import page_words as words
from ..queries import arrears as queries
from ..queries.statement import member_of
from ..service import consents
from . import dues
from .branch import own_branch


@dues.get("/arrears")
@requires("dues.collect")
def arrears() -> Any:
    """Show who has past months open, how many in a row, and who was reminded when."""
    chosen, places = own_branch()
    people = [one for one in queries.owing(chosen.id) if one.months[0] < clock.month()]
    return render(
        "dues/arrears.html",
        branch=chosen,
        branches=[(str(one.id), one.name) for one in places],
        people=people,
        next_step=next_step,
        words=words,
    )


@dues.get("/arrears/<int:member_id>")
@requires("dues.collect")
def arrears_of(member_id: int) -> Any:
    """Show one member's open months, every reminder, and the form of the branch's consent."""
    return _page(member_id)


@dues.post("/arrears/<int:member_id>")
@requires("dues.collect")
@once
def arrears_consent(member_id: int) -> Any:
    """Write down that the branch agrees to take months older than usual."""
    person, _branch = _owing(member_id)
    errors = {}
    note = request.form.get("note", "").strip()[:200]
    until = _day(request.form.get("until", ""))
    if not note:
        errors["note"] = _("请写支部是怎么商量的。")
    if until is None or until < clock.today():
        errors["until"] = _("请写今天或以后的日期，写成2026-12-31这样。")
    if errors or until is None:
        return _page(member_id, errors=errors, status=422)
    row = member_of(member_id)
    if row is None:
        abort(404)
    try:
        consents.give(
            district=district(),
            member=row,
            from_month=person.months[0],
            valid_to=until,
            note=note,
            by=g.actor,
        )
    except Forbidden:
        abort(403)
    say(_("已记下支部同意补交，本人现在可以在网上交。"))
    return go(url_for("dues.arrears_of", member_id=member_id))


def _page(member_id: int, *, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    person, branch = _owing(member_id)
    return render(
        "dues/arrears_one.html",
        block="content" if errors else None,
        status=status,
        person=person,
        branch=branch,
        next_step=next_step,
        words=words,
        errors=errors or {},
        typed=request.form,
    )


def _owing(member_id: int) -> tuple[queries.Owing, Any]:
    """Return the member's open months in one of this person's own branches; 404 otherwise."""
    row = member_of(member_id)
    _chosen, places = own_branch()
    branch = next((one for one in places if row is not None and one.id == row.organization_id), None)
    if branch is None:
        abort(404)
    found = queries.owing(branch.id, member_id=member_id)
    if not found:
        abort(404)
    return found[0], branch


def next_step(person: queries.Owing) -> tuple[str, str]:
    """Return what the branch does next, and the tag's kind (dues.md d.14)."""
    if person.review.self_withdrawal_review:
        return _("请提交支部大会研究，并告诉上一级"), "bad"
    if person.in_a_row >= 5:
        return _("请支部再谈一次，写下做过什么"), "warn"
    if person.in_a_row >= 3:
        return _("请支部当面了解情况"), "warn"
    return _("先提醒本人"), "info"


def _day(text: str) -> date | None:
    return sheet_values.dates.whole_day(text)
