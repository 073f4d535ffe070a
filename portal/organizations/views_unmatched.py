"""Nothing found: leave a question and a phone number for the desk; the desk's queue of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, request, url_for

from portal import audit
from portal.current import district
from portal.districts import settings
from portal.organizations import pages, unmatched
from portal.web.access import public, requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext


def install(finding: Blueprint) -> None:
    """Add these pages to the blueprint of the search."""
    finding.get("/d/<district_code>/find/ask")(ask_form)
    finding.post("/d/<district_code>/find/ask", endpoint="ask")(ask)
    finding.get("/d/<district_code>/find/asked/<reference>")(asked)
    finding.get("/d/<district_code>/desk/unmatched")(unmatched_list)
    finding.get("/d/<district_code>/desk/unmatched/<int:question_id>")(unmatched_one)
    finding.post("/d/<district_code>/desk/unmatched/<int:question_id>")(unmatched_answer)


@public
def ask_form() -> Any:
    """Show the form, with what was searched already filled in."""
    return _form({"typed": request.args.get("q", "")[:200]}, {})


@public
@once
def ask() -> Any:
    """Leave the question at this district's desk."""
    typed = {name: request.form.get(name, "").strip() for name in ("typed", "question", "phone", "consent")}
    phone = unmatched.tidy_phone(typed["phone"])
    errors = {}
    if not typed["typed"] and not typed["question"]:
        errors["typed"] = gettext("请写单位名、楼名或社区名，写一样就行。")
    if phone is None:
        errors["phone"] = gettext("请填11位手机号，或带区号的固定电话。")
    if typed["consent"] != "1":
        errors["consent"] = gettext("要先同意，服务台才能打电话给您。")
    if errors or phone is None:
        return _form(typed, errors, status=422)
    try:
        row = unmatched.ask(
            district_id=district().id,
            typed=typed["typed"],
            question=typed["question"],
            phone=phone,
            address=request.remote_addr,
        )
    except unmatched.TooOften:
        errors["phone"] = gettext("今天已经留过几次了。着急的话，请直接打服务台的电话。")
        return _form(typed, errors, status=429)
    return go(url_for("find.asked", reference=row.uid))


def _form(typed: dict[str, str], errors: dict[str, str], *, status: int = 200) -> Any:
    return render(
        "find/ask.html",
        block="content",
        status=status,
        typed=typed,
        errors=errors,
        center=pages.center(),
        days=max(0, settings.get(district(), "core.answer_within_days")),
    )


@public
def asked(reference: str) -> Any:
    """Show that the question arrived; the address can be kept and opened again."""
    row = unmatched.by_uid(reference)
    if row is None:
        abort(404)
    days = settings.get(district(), "core.answer_within_days")
    return render("find/asked.html", row=row, center=pages.center(), days=max(0, days))


def _desk() -> None:
    # The queue belongs to the district's desk; a role of one branch does not reach it.
    if not g.actor.reach("core.members.edit").everywhere:
        abort(404)


@requires("core.members.edit")
def unmatched_list() -> Any:
    """Show the people who found nothing, oldest first."""
    _desk()
    state = "answered" if request.args.get("state") == "answered" else "open"
    found, more = unmatched.queue(state=state, after=request.args.get("after", type=int))
    return render("find/unmatched_list.html", rows=found, after=more, state=state)


@requires("core.members.edit")
def unmatched_one(question_id: int) -> Any:
    """Show one question with its phone number; that somebody looked is recorded."""
    _row, question = _found(question_id)
    audit.record_view(("unmatched", question.id), actor=g.actor, district=district())
    return render("find/unmatched_one.html", row=question)


@requires("core.members.edit")
@once
def unmatched_answer(question_id: int) -> Any:
    """Write down how it ended."""
    row, _question = _found(question_id)
    note = request.form.get("note", "").strip()
    unmatched.answer(row, version=required_version(), note=note, actor=g.actor)
    say(gettext("已记下，这一条办完了。"))
    return go(url_for("find.unmatched_list"))


def _found(question_id: int) -> Any:
    _desk()
    found = unmatched.one(question_id)
    if found is None:
        abort(404)
    return found
