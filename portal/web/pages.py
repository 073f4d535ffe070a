"""The frame's own pages: start, me, elder mode, language, health."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, request, url_for
from sqlalchemy import Select, bindparam, select

from portal import notices
from portal.current import district, registry
from portal.database import everything, session
from portal.districts.models import District
from portal.identity import people
from portal.members import left_work, queries_delegations
from portal.members import queries as members
from portal.organizations import unmatched
from portal.organizations.models import Organization, ServiceCenter
from portal.plugin import Todo
from portal.web import display, doors, frame
from portal.web.access import public, requires, signed_in
from portal.web.htmx import go, render
from portal.web.links import local_path
from portal.words import gettext

pages = Blueprint("web", __name__)


@pages.get("/")
@public
def landing() -> Response:
    """Show the districts that have a center, and the two ways in: find my organization, log in."""
    desks = select(ServiceCenter.__table__.c.district_id)
    with everything():  # every district with a service center, whoever looks: public, names only
        found = session.execute(
            select(District.code, District.name).where(District.id.in_(desks)).order_by(District.path)
        ).all()
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
    sharing = people.beside(g.actor.account_id)
    return render("web/me.html", places=doors.open_doors(doors.ME), logout_endpoint=logout, sharing=sharing)


def _own_todos() -> list[Todo]:
    """Return what waits for this person in the core itself."""
    found: list[Todo] = []
    if g.actor.is_anonymous:
        return found
    unread = notices.unread_count(g.actor.account_id)
    if unread:
        found.append(
            Todo(key="notices", label=gettext("有新消息"), url=url_for("notices.mine"), count=unread)
        )
    if not g.actor.is_staff:
        return found
    if g.actor.can("core.members.read"):
        left = left_work.count(g.actor.reach("core.members.read"))
        if left:
            text, url = gettext("有同志的账号停用了，工作要另外安排"), url_for("stops.waiting")
            found.append(Todo(key="stops", label=text, url=url, count=left))
    if g.actor.can("core.requests.answer"):
        waiting = len(members.answerable(g.actor, limit=100))
        if waiting:
            text = gettext("有申请等您答复")
            found.append(Todo(key="requests", label=text, url=url_for("requests.queue"), count=waiting))
    if g.actor.can("core.delegations"):
        helpers = queries_delegations.waiting(g.actor)
        if helpers:
            text, url = gettext("有人想替党员代办，等支部答复"), url_for("delegations.index", state="waiting")
            found.append(Todo(key="delegations", label=text, url=url, count=helpers))
    if g.actor.can("core.members.edit"):
        asked = unmatched.waiting()
        if asked:
            text = gettext("有人没找到组织，等您联系")
            found.append(Todo(key="unmatched", label=text, url=url_for("find.unmatched_list"), count=asked))
    return found


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
        select(table.c.id, table.c.name, table.c.office_address, table.c.office_phone, table.c.opening_hours)
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
    response = go(local_path(request.form.get("next")))
    display.choose(response, g.actor.account_id, elder=request.form.get("on") == "1")
    return response


@pages.post("/language")
@public
def language() -> Any:
    """Choose Chinese or English, for the account and this browser."""
    response = go(local_path(request.form.get("next")))
    chosen = "en" if request.form.get("language") == "en" else "zh"
    display.choose(response, g.actor.account_id, language=chosen)
    return response


@pages.post("/keys")
@public
def keys() -> Any:
    """Switch the single keys of lists and calendars on or off, for this browser."""
    on = request.form.get("on") == "1"
    response = go(local_path(request.form.get("next")))
    display.choose_keys(response, on=on)
    frame.say(gettext("快捷键打开了。") if on else gettext("快捷键关掉了，以后在这个浏览器上也不起作用。"))
    return response


@pages.get("/favicon.ico")
@public
def favicon() -> Any:
    """Lead browsers that ask for the old name to the letter-mark."""
    from flask import redirect

    return redirect(url_for("static", filename="favicon.svg"), 302)
