"""Opening an account as a resident: a name and a number, then a code; the answer never says who is known."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for

from portal.current import district
from portal.identity import accounts, codes, joining, limits, people, views_entering, views_wishes
from portal.identity.views import identity, phone_problem, too_often
from portal.web.access import public
from portal.web.htmx import go, render
from portal.web.links import local_path
from portal.words import gettext


@identity.get("/login/join")
@public
def join_where() -> Any:
    """Ask in which district, where there are several."""
    back = local_path(request.args.get("next"))
    if g.actor.is_authenticated:
        return go(views_entering.landing(g.actor.account_id, back))
    found = joining.places()
    if len(found) == 1:
        return go(url_for("identity.join", district_code=found[0].code, next=back))
    return render("identity/join_where.html", places=found, back=back)


@identity.get("/d/<district_code>/join")
@public
def join() -> Any:
    """Ask for a name and a number; what this browser typed a moment ago is there."""
    back = local_path(request.args.get("next"))
    if g.actor.is_authenticated:
        return go(views_entering.landing(g.actor.account_id, back))
    if not _offered():
        return _closed(back)
    asked = views_wishes.current()
    row = codes.unanswered(asked) if asked else None
    said = codes.joining_of(row) if row is not None else None
    typed = {"name": said.name, "phone": codes.phone_of(row)} if said and row else {"name": "", "phone": ""}
    return _page(typed, back=back)


def _offered() -> bool:
    return joining.offered(district(), g.actor.overrides)


def _closed(back: str, *, status: int = 200) -> Any:
    return render("identity/join_closed.html", status=status, back=back)


def _page(
    typed: dict[str, str], *, back: str, errors: list[tuple[str, str]] | None = None, status: int = 200
) -> Any:
    return render(
        "identity/join.html", block="form", status=status, typed=typed, back=back, errors=errors or []
    )


@identity.post("/d/<district_code>/join")
@public
def ask_to_join() -> Any:
    """Send a code to the number, known or not."""
    back = local_path(request.form.get("next"))
    if g.actor.is_authenticated:
        return go(views_entering.landing(g.actor.account_id, back))
    if not _offered():
        return _closed(back, status=409)
    typed = {"name": request.form.get("name", ""), "phone": request.form.get("phone", "")}
    name, phone = joining.tidy_name(typed["name"]), people.tidy_phone(typed["phone"])
    errors = _problems(name, phone)
    if errors:
        return _page(typed, back=back, errors=errors, status=422)
    said = codes.Joining(name, district().id)
    try:
        views_wishes.ask(phone, back=_wanted(back), joining=said)
    except limits.TooOften as error:
        return _page(typed, back=back, errors=[("phone", _too_often(error))], status=429)
    return go(url_for("identity.code"))


def _wanted(back: str) -> str:
    # Who came from nowhere begins at the start page of the district, not at the list of all.
    return back if back != "/" else url_for("web.home")


def _problems(name: str, phone: str) -> list[tuple[str, str]]:
    found = []
    if not name:
        found.append(("name", gettext("请填怎么称呼您。")))
    elif accounts.problem(name=name, phone="10000000000", username=None):
        found.append(("name", gettext("称呼要2到40个字，现在是%(count)s个字。", count=len(name))))
    wrong = phone_problem(phone)
    if wrong:
        found.append(("phone", wrong))
    return found


def _too_often(error: limits.TooOften) -> str:
    if error.kind == limits.JOIN_DISTRICT:
        return gettext("今天在网上开账号的人太多，验证码发完了。请明天再试，或到服务台办。")
    return too_often(error)
