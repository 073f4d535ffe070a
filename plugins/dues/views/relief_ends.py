"""A reduction or waiver taken back, put in force again, or a proposal withdrawn: each with a reason."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for

from portal.api import asks_again, go, month, once, required_version, say, signed_in
from portal.api import gettext as _

from ..service import relief_ends
from . import dues
from .reliefs import one_page, relief_of


@dues.post("/reliefs/<int:relief_id>/<any(end, resume, withdraw):act>")
@asks_again
@signed_in
@once
def relief_end(relief_id: int, act: str) -> Any:
    """Take it back from a month on, put it in force again, or withdraw the proposal; each with a reason."""
    found = relief_of(relief_id)
    version, reason = required_version(), request.form.get("reason", "")[:200]
    if not reason.strip():
        return one_page(found, errors={"reason": _("请写原因，本人能看到。")}, status=422)
    if act == "withdraw":
        relief_ends.withdraw(found, version=version, reason=reason, by=g.actor)
        say(_("已撤回，照原来的数交。"))
    elif act == "resume":
        relief_ends.resume(found, version=version, reason=reason, by=g.actor)
        say(_("已恢复，没交的月份照决定少交、免交。"))
    else:
        from_month = request.form.get("from_month", "")
        if from_month not in relief_ends.months_to_end(found):
            abort(400)
        relief_ends.end(found, from_month=from_month, version=version, reason=reason, by=g.actor)
        say(_("从%(month)s起不再少交、免交，已经交过的月份不变。", month=month(from_month)))
    return go(url_for("dues.relief", relief_id=relief_id))
