"""The frame's own pages: start, me, elder mode, language, health."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, request, url_for
from flask_babel import gettext
from sqlalchemy import Select, bindparam, select, update

from portal.current import district, registry
from portal.database import session, transaction
from portal.districts.models import District
from portal.identity.models import Account
from portal.members import queries as members
from portal.organizations.models import Organization
from portal.plugin import Todo
from portal.web import doors
from portal.web.access import public, requires, signed_in
from portal.web.htmx import go, render
from portal.web.links import local_path

pages = Blueprint("web", __name__)


@pages.get("/")
@public
def landing() -> Response:
    """Show the districts and the two ways in: find my organization, log in."""
    found = session.execute(select(District.code, District.name, District.kind).order_by(District.path)).all()
    return render("web/landing.html", districts=found, ways=_ways())


@pages.get("/d/<district_code>/")
@public
def home() -> Response:
    """Show the start page: what I owe, what waits for me, the services of this center."""
    here, actor = district(), g.actor
    cards = registry().collect("home_cards", district=here, actor=actor)
    todos = [*_own_todos(), *registry().collect("todo_items", district=here, actor=actor)]
    return render("web/home.html", cards=cards, todos=todos, ways=_ways(), organization=_my_organization())


def _ways() -> list[doors.Link]:
    found = doors.open_doors(doors.VISITOR)
    return found[:1] if g.actor.is_authenticated else found


@pages.get("/d/<district_code>/desk/")
@signed_in
def desk() -> Response:
    """Show the desk's places: what this person may do for others."""
    links = doors.desk_links()
    if not links and not g.actor.is_staff:
        abort(404)
    return render("web/desk.html", links=links)


@pages.get("/d/<district_code>/me/")
@requires("core.me")
def me() -> Response:
    """Show my own places: record, requests, privacy, log out."""
    logout = "identity.logout" if "identity.logout" in current_app.view_functions else ""
    return render("web/me.html", places=doors.open_doors(doors.ME), logout_endpoint=logout)


def _own_todos() -> list[Todo]:
    """Return what waits for this person in the core itself."""
    if not g.actor.is_staff or not g.actor.can("core.requests.answer"):
        return []
    waiting = len(members.answerable(g.actor, limit=100))
    if not waiting:
        return []
    return [
        Todo(
            key="requests",
            label=gettext("有申请等您答复"),
            url=url_for("requests.queue"),
            count=waiting,
        )
    ]


def _my_organization() -> list[Any]:
    """Return the path of my branch from the top, my branch last; empty for everybody else."""
    if g.actor.organization_id is None:
        return []
    found = {"organization_id": g.actor.organization_id, "district_id": district().id}
    return list(session.execute(_path_of_branch(), found))


@cache
def _path_of_branch() -> Select[Any]:
    """Build the query once; it names its district itself."""
    table = Organization.__table__.alias("above")
    own = Organization.__table__.alias("own")
    return (
        select(table.c.name, table.c.office_address, table.c.office_phone, table.c.opening_hours)
        .join(own, own.c.path.startswith(table.c.path))
        .where(
            own.c.id == bindparam("organization_id"),
            own.c.district_id == bindparam("district_id"),
            table.c.district_id == bindparam("district_id"),
        )
        .order_by(table.c.path)
    )


@pages.post("/elder")
@public
def elder() -> Any:
    """Switch elder mode on or off, for the account and this browser."""
    on = request.form.get("on") == "1"
    if g.actor.is_authenticated:
        with transaction():
            session.execute(update(Account).where(Account.id == g.actor.account_id).values(elder=on))
    response = go(local_path(request.form.get("next")))
    response.set_cookie("portal_elder", "1" if on else "0", max_age=31536000, path="/", samesite="Lax")
    return response


@pages.post("/language")
@public
def language() -> Any:
    """Choose Chinese or English, for the account and this browser."""
    chosen = "en" if request.form.get("language") == "en" else "zh"
    if g.actor.is_authenticated:
        with transaction():
            session.execute(update(Account).where(Account.id == g.actor.account_id).values(language=chosen))
    response = go(local_path(request.form.get("next")))
    response.set_cookie("portal_language", chosen, max_age=31536000, path="/", samesite="Lax")
    return response


@pages.get("/favicon.ico")
@public
def favicon() -> Any:
    """Lead browsers that ask for the old name to the letter-mark."""
    from flask import redirect

    return redirect(url_for("static", filename="favicon.svg"), 302)
