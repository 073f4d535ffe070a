"""The base of one person, typed by hand: a new member, another wage; the same way as the sheet's rows."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for

from portal.api import audit, clock, district, go, once, render, requires, say, transaction
from portal.api import gettext as _

from .. import page_words as words
from ..base_columns import FORMULAS, ITEMS
from ..queries import bases as queries
from ..rate_files import rate_tables
from ..service import base_one as service
from ..sheets import NAMES
from . import dues
from .bases import start_months
from .branch import own_branch


@dues.get("/bases/one")
@requires("dues.assess")
def base_one() -> Any:
    """Ask for one person's category and base."""
    return _form()


def _form(*, errors: list[tuple[str, str]] | None = None, shown: Any = None, status: int = 200) -> Any:
    chosen, places = own_branch("dues.assess")
    from_month = request.values.get("from_month") or start_months()[0][0]
    table = rate_tables().on(clock.today())
    return render(
        "dues/base_one.html",
        block="content" if errors else None,
        status=status,
        branch=chosen,
        branches=[(str(one.id), one.name) for one in places],
        people=[(str(one.member_id), one.name) for one in queries.people(chosen.id, clock.month())],
        categories=[(names[0], words.on_screen(table.category(code).label)) for code, names in NAMES.items()],
        formulas=[
            (label, words.on_screen(label)) for label, code in FORMULAS.items() if code in table.formulas
        ],
        items=[(name, "/".join(words.on_screen(one) for one in called)) for name, called in ITEMS.items()],
        months=start_months(),
        from_month=from_month,
        typed=request.values,
        by_items=any(request.form.get(name, "").strip() for name in ("formula", *ITEMS)),
        shown=shown,
        errors=errors or [],
    )


@dues.post("/bases/one")
@requires("dues.assess")
@once
def base_one_write() -> Any:
    """Work it out and show why; with 登记 also propose it to the member."""
    chosen, _places = own_branch("dues.assess")
    from_month = request.form.get("from_month", "")
    if from_month not in dict(start_months()):
        abort(400)
    who = request.form.get("member", type=int)
    known = {one.member_id: one for one in queries.people(chosen.id, from_month)}.get(who or 0)
    if known is None:
        return _form(errors=[("member", _("请选是哪位同志。"))], status=422)
    typed = {name: request.form.get(name, "") for name in service.FIELDS}
    row = service.judge(known, typed, from_month=from_month, district=district())
    if row.reasons:
        return _form(errors=[("base", str(reason)) for reason in row.reasons], status=422)
    if request.form.get("act") != "save":
        # It shows what is fixed for this person, class 3: who looked is on record (rule K7).
        with transaction():
            audit.record("dues.bases.view", ("member", known.member_id), actor=g.actor, district=district())
        return _form(shown=row)
    try:
        service.propose(
            known,
            typed,
            from_month=from_month,
            organization_id=chosen.id,
            district=district(),
            actor=g.actor,
        )
    except service.Unchanged:
        return _form(errors=[("base", _("和已经登记的一样，不用再登记。"))], status=422)
    say(_("已登记%(name)s的基数，等本人确认后核定。", name=known.name))
    return go(url_for("dues.bases"))
