"""The merges of the last days, and the way back from one: what would happen, then the undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, g, request, url_for

from portal import clock
from portal.members import merging, queries, unmerge_plan, unmerging
from portal.members.journal import Entry
from portal.organizations.service import NotAllowed
from portal.web.access import requires
from portal.web.asked import number
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext, ngettext

merges = Blueprint("merges", __name__)

#: As for the merge itself.
PERMISSION = "core.members.edit"
PAGE = 30


@merges.get("/d/<district_code>/desk/merges")
@requires(PERMISSION)
def index() -> Any:
    """List what was merged lately, the newest first, undone ones among them."""
    found = queries.merges(
        g.actor,
        PERMISSION,
        since=clock.now() - merging.UNDO,
        before=request.args.get("after", type=int),
        limit=PAGE + 1,
    )
    return render(
        "members/merges.html",
        rows=found[:PAGE],
        more=found[PAGE - 1].MemberMerge.id if len(found) > PAGE else None,
        days=merging.UNDO.days,
        until=merging.undoable_until,
    )


@merges.get("/d/<district_code>/desk/merges/<int:merge_id>")
@requires(PERMISSION)
def show(merge_id: int) -> Any:
    """Show a merge and what undoing it would bring back and leave."""
    return _page(_found(merge_id))


@merges.post("/d/<district_code>/desk/merges/<int:merge_id>")
@requires(PERMISSION)
@once
def undo(merge_id: int) -> Any:
    """Undo it; a reason is asked for (rule K10)."""
    found = _found(merge_id)
    try:
        versions = (required_version(), _version("kept_version"), _version("absorbed_version"))
        unmerging.undo(
            found.MemberMerge, versions=versions, reason=request.form.get("reason", ""), actor=g.actor
        )
    except NotAllowed as refused:
        return _page(found, error=str(refused), status=422)
    say(gettext("合并已撤销，“%(name)s”的登记恢复了。", name=found.Absorbed.name))
    return go(url_for("desk.member", member_id=found.Absorbed.id))


def _found(merge_id: int) -> Any:
    found = queries.merge_at(merge_id, g.actor, PERMISSION)
    if found is None:
        abort(404)
    return found


def _version(field: str) -> int:
    try:
        return number(request.form[field])
    except (KeyError, ValueError):
        abort(400)


def _page(found: Any, *, error: str = "", status: int = 200) -> Any:
    merged = found.MemberMerge
    why, plan, said = unmerging.hindrance(merged, found.Kept, found.Absorbed), unmerge_plan.Plan(), []
    if not why:
        try:
            plan = unmerge_plan.planned(merged)
            said = unmerging.objections(merged, found.Kept, found.Absorbed)
        except NotAllowed as refused:
            why = str(refused)
    return render(
        "members/merge.html",
        block="content" if error else None,
        status=status,
        found=found,
        merged=merged,
        until=merging.undoable_until(merged),
        why=why,
        may=not why and not any(one.blocks for one in said),
        objections=said,
        back=_listed(plan.back),
        altered=_listed(plan.altered),
        stays=_listed(plan.stays),
        gone=_listed(plan.gone),
        error=error,
        typed=request.form,
    )


def _listed(entries: Sequence[Entry]) -> str:
    return gettext("、").join(
        ngettext("%(what)s%(num)s条", "%(what)s%(num)s条", count, what=what)
        for what, count in unmerge_plan.summary(entries)
    )
