"""Reductions and waivers (少交、免交): the meeting's decision written down, then approved by stages."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, g, request, url_for

from portal.api import (
    asks_again,
    audit,
    clock,
    district,
    go,
    month,
    once,
    render,
    required_version,
    requires,
    say,
    sheet_values,
    signed_in,
)
from portal.api import gettext as _

from ..amounts import parse_yuan
from ..models import DuesRelief
from ..months import shifted
from ..queries import reliefs as queries
from ..queries.statement import member_of
from ..rate_files import rate_tables
from ..service import relief_ends
from ..service import reliefs as service
from . import dues
from .branch import own_branch
from .cash_form import tidy

PAGE = 50


@dues.get("/reliefs")
@signed_in
def reliefs() -> Any:
    """Show the reliefs of the own branches, or those the committee decides."""
    reach = queries.reach_of(g.actor)
    if not reach:
        abort(404)
    state = "open" if request.args.get("state") == "open" else ""
    found = queries.reliefs(reach, state=state, before=request.args.get("after", type=int), limit=PAGE + 1)
    return render(
        "dues/reliefs.html",
        reliefs=found[:PAGE],
        after=found[PAGE - 1].id if len(found) > PAGE else None,
        state=state,
        states=states(),
        may_propose=g.actor.can("dues.propose"),
        staff_back=g.actor.can("dues.collect"),
    )


@dues.get("/reliefs/new")
@requires("dues.propose")
def relief_new() -> Any:
    """Ask for the branch meeting's decision."""
    return _form()


def _form(*, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    chosen, places = own_branch("dues.propose")
    now = clock.month()
    return render(
        "dues/relief_new.html",
        block="content" if errors else None,
        status=status,
        branch=chosen,
        branches=[(str(one.id), one.name) for one in places],
        people=queries.people(chosen.id),
        months=[(one, month(one)) for one in (shifted(now, step) for step in range(-6, 13))],
        now=now,
        rule=rate_tables().on(clock.today()).relief.rule.source,
        errors=errors or {},
        typed=request.form,
    )


@dues.post("/reliefs/new")
@requires("dues.propose")
@once
def relief_propose() -> Any:
    """Write it down; nothing changes before the last stage has approved."""
    chosen, _places = own_branch("dues.propose")
    form = request.form
    errors: dict[str, str] = {}
    who = form.get("member", type=int)
    row = member_of(who) if who is not None else None
    if row is None or row.organization_id != chosen.id:
        errors["member"] = _("请选是哪位同志。")
    monthly = _monthly(errors)
    met = _day(form.get("meeting_on", ""))
    if met is None:
        errors["meeting_on"] = _("日期看不懂，请写成2026-11-01这样。")
    if not form.get("reason", "").strip():
        errors["reason"] = _("请写原因。")
    if not form.get("document", "").strip():
        errors["document"] = _("请写会议记录或文件的名称。")
    known = {one for one, _words in _known_months()}
    if form.get("from_month") not in known or form.get("to_month") not in known:
        abort(400)
    if errors or row is None or monthly is None or met is None:
        return _form(errors=errors, status=422)
    try:
        made = service.propose(
            district=district(),
            member=row,
            from_month=form["from_month"],
            to_month=form["to_month"],
            monthly_fen=monthly,
            reason=form["reason"].strip()[:200],
            meeting_on=met,
            document=form["document"].strip()[:120],
            by=g.actor,
        )
    except service.ReliefRefused as refused:
        return _form(errors=dict([_refused(refused.reason)]), status=422)
    say(_("已记下支部的决定，等批准。批准以前照原来的数交。"))
    return go(url_for("dues.relief", relief_id=made.id))


def _known_months() -> list[tuple[str, str]]:
    return [(shifted(clock.month(), step), "") for step in range(-6, 13)]


def _monthly(errors: dict[str, str]) -> int | None:
    kind = request.form.get("kind")
    if kind == "waive":
        return 0
    if kind != "reduce":
        errors["kind"] = _("请选少交还是免交。")
        return None
    try:
        found = parse_yuan(tidy(request.form.get("monthly", "")).removesuffix("元"))
    except ValueError:
        found = 0
    if not found:
        errors["monthly"] = _("少交后每月交多少，请写成10.00这样。")
        return None
    return found


def _refused(code: str) -> tuple[str, str]:
    return {
        "branch": ("member", _("这位同志现在没有党支部。")),
        "reason": ("reason", _("请写原因。")),
        "months": ("to_month", _("从哪月到哪月不对：最长12个月，后一个月不能早于前一个月。")),
        "meeting": ("meeting_on", _("支部会议的日期不能晚于今天。")),
        "assessment": ("member", _("这位同志还没有核定每月交多少，请先核定。")),
        "amount": ("monthly", _("要比现在每月交的少。")),
    }[code]


@dues.get("/reliefs/<int:relief_id>")
@signed_in
def relief(relief_id: int) -> Any:
    """Show one: the decision, who has done what, and the form for whose turn it is."""
    found = relief_of(relief_id)
    # The reason is class 3: who read it is on record (rule K7).
    audit.record_view(found, actor=g.actor, district=district(), action="dues.relief.view")
    return one_page(found)


def one_page(found: DuesRelief, *, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    """Render the page of one relief."""
    place, steps = queries.place_of(found), queries.steps_of(found)
    return render(
        "dues/relief.html",
        block="content" if errors else None,
        status=status,
        relief=found,
        place=place,
        timeline=_timeline(found, steps),
        ends=relief_ends.possible(found, g.actor),
        end_months=[(one, month(one)) for one in relief_ends.months_to_end(found)],
        my_turn=queries.may_decide(found, steps, path=place.path, actor=g.actor),
        states=states(),
        errors=errors or {},
        typed=request.form,
    )


@dues.post("/reliefs/<int:relief_id>")
@asks_again
@signed_in
@once
def relief_decide(relief_id: int) -> Any:
    """Approve or refuse the stage that waits; a refusal says why."""
    found = relief_of(relief_id)
    act, note = request.form.get("act", ""), request.form.get("note", "")[:200]
    if act not in ("accept", "refuse"):
        abort(400)
    version = required_version()
    if act == "refuse" and not note.strip():
        return one_page(found, errors={"note": _("请写明不批准的原因，提出的同志会看到。")}, status=422)
    service.decide(found, version=version, accept=act == "accept", note=note, by=g.actor)
    say(states()[found.state][0])
    return go(url_for("dues.relief", relief_id=relief_id))


def relief_of(relief_id: int) -> DuesRelief:
    """Return a relief this person has a part in; 404 otherwise."""
    found = queries.relief_at(relief_id, queries.reach_of(g.actor))
    if found is None:
        abort(404)
    return found


def _timeline(found: DuesRelief, steps: list[queries.Step]) -> list[dict[str, Any]]:
    labels = {"propose": _("提出"), "branch": _("支部研究同意"), "committee": _("上一级党委批准")}
    done = {step.stage: step for step in steps}
    waits = service.waiting_stage(found)
    shown = []
    for stage in ("propose", *found.chain):
        step = done.get(stage)
        state = "now" if stage == waits else "next"
        if step is not None:
            state = "done" if step.accepted else "stopped"
        shown.append(
            {
                "label": labels[stage],
                "state": state,
                "who": step.who if step else "",
                "at": f"{clock.civil(step.at):%Y-%m-%d}" if step else "",
                "note": step.note if step else "",
            }
        )
    return shown


def states() -> dict[str, tuple[str, str]]:
    """Return each state in words, with the tag's kind."""
    return {
        "proposed": (_("等支部研究"), "warn"),
        "branch_approved": (_("等上一级批准"), "warn"),
        "approved": (_("已批准"), "ok"),
        "refused": (_("没有批准"), "bad"),
        "withdrawn": (_("已撤回"), "quiet"),
    }


def _day(text: str) -> date | None:
    return sheet_values.dates.whole_day(text)
