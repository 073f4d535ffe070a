"""Carry a branch's bases over to the next year: what it would do first, then the act."""

from __future__ import annotations

from typing import Any

from flask import g, url_for

from portal.api import district, go, ngettext, once, render, requires, say
from portal.api import gettext as _

from ..service import assessments
from ..service import base_year as service
from . import dues
from .branch import own_branch


@dues.get("/bases/year")
@requires("dues.assess")
def base_year() -> Any:
    """Say how many people's bases would be proposed for the next year."""
    chosen, places = own_branch("dues.assess")
    year = service.coming_year()
    return render(
        "dues/base_year.html",
        branch=chosen,
        branches=[(str(one.id), one.name) for one in places],
        year=year,
        count=assessments.carried_count(district=district(), year=year, organization_id=chosen.id),
    )


@dues.post("/bases/year")
@requires("dues.assess")
@once
def base_year_write() -> Any:
    """Propose them; nothing is fixed before each member has confirmed and somebody else has approved."""
    chosen, _places = own_branch("dues.assess")
    count = service.carry(
        district=district(), organization_id=chosen.id, year=service.coming_year(), actor=g.actor
    )
    if count:
        said = ngettext(
            "已登记%(n)s人的基数，等本人确认后核定。",
            "已登记%(n)s人的基数，等本人确认后核定。",
            count,
            n=count,
        )
        say(said)
    else:
        say(_("没有要登记的：明年的基数都登记过了，或还没有今年的基数。"))
    return go(url_for("dues.bases", branch=chosen.id))
