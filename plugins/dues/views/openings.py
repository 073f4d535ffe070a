"""Where the books begin: the branch's first month and each member's 党费缴至, by hand."""

from __future__ import annotations

import re
from typing import Any

from flask import g, request, url_for

from portal.api import Conflict, district, go, ngettext, once, render, requires, say, transaction
from portal.api import gettext as _

from ..months import parse_month
from ..queries import openings as queries
from ..queries.statement import member_of
from ..service import openings as service
from ..service.places import organization_of
from ..words import too_far_ahead
from . import dues
from .branch import own_branch
from .cash_form import tidy

_LOOSE = re.compile(r"(20\d\d)[-./年]?(\d{1,2})月?", re.ASCII)


@dues.get("/openings")
@requires("dues.opening")
def openings() -> Any:
    """Show where a branch's books begin."""
    return _page()


def _page(*, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    chosen, places = own_branch("dues.opening")
    start, fixed = queries.start_of(chosen.id)
    return render(
        "dues/openings.html",
        block="content" if errors else None,
        status=status,
        branch=chosen,
        branches=[(str(one.id), one.name) for one in places],
        start=start,
        fixed=fixed,
        people=queries.members(chosen.id),
        errors=errors or {},
        typed=request.form,
    )


@dues.post("/openings")
@requires("dues.opening")
@once
def openings_write() -> Any:
    """Write down what changed; what is on the books already stays as it is."""
    chosen, _places = own_branch("dues.opening")
    start, fixed = queries.start_of(chosen.id)
    people = queries.members(chosen.id)
    errors: dict[str, str] = {}
    wanted = _month("start", "start-was", start, fixed, errors)
    changed = {}
    for one in people:
        key = f"through-{one.member_id}"
        found = _month(key, f"was-{one.member_id}", one.paid_through, one.fixed, errors)
        if found and one.member_id == g.actor.member_id:
            errors[key] = _("这是您本人，请另一位同志来写。")
        elif found:
            changed[one.member_id] = found
    if errors:
        return _page(errors=errors, status=422)
    here, by = district(), g.actor.account_id
    with transaction():
        organization = organization_of(chosen.id)
        if wanted:
            service.start_branch(district=here, organization=organization, start_month=wanted, by=by)
        for member_id, month in changed.items():
            row = member_of(member_id)
            assert row is not None  # it is on the page
            service.set_paid_through(district=here, member=row, month=month, source="desk", by=by)
    count = len(changed) + bool(wanted)
    say(ngettext("已记下%(n)s处。", "已记下%(n)s处。", count, n=count) if count else _("没有改动。"))
    return go(url_for("dues.openings", branch=chosen.id))


def _month(field: str, was: str, known: str, fixed: bool, errors: dict[str, str]) -> str:
    """Return the month typed into a field if it changes something; "" otherwise."""
    text = tidy(request.form.get(field, ""))
    # Without what the form was shown, or when it is no longer so, nobody overwrites it (rule K3).
    if text and request.form.get(was, known) != known:
        raise Conflict(_("有人刚改过，请再看一遍。"))
    loose = _LOOSE.fullmatch(text)
    month = f"{loose[1]}-{int(loose[2]):02d}" if loose else text
    if not month or month == known:
        return ""
    if fixed:
        errors[field] = _("已经有入账的月份，不能再改。")
        return ""
    try:
        service.not_too_far(parse_month(month))
    except service.TooFarAhead as far:
        errors[field] = too_far_ahead(far.latest, far.limit)
        return ""
    except ValueError:
        errors[field] = _("“%(text)s”看不懂，请写成2026-08这样。", text=text[:20])
        return ""
    return month
