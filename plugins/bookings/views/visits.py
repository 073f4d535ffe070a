"""Asking for a visit: anybody reads how, whoever has an account asks; no membership is needed."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, request, url_for

from portal.api import district, go, once, public, render, requires, say, sentences, slow_down
from portal.api import gettext as _

from .. import actors, permissions, typed
from ..queries import places
from ..service import visiting
from ..service.asking import Contact
from ..service.visiting import Group
from ..verdicts import NotFree, Refused, texts
from . import bookings
from .ask import own_phone


@bookings.get("/visits/")
@public
def visits() -> Any:
    """Say what a visit is and how to ask for one."""
    centers = {room.venue: room for room in places.rooms() if room.venue_kind == "center"}
    return render(
        "bookings/visits.html",
        centers=[(name, room.address, room.venue_uid) for name, room in centers.items()],
        keeps=g.actor.is_authenticated and g.actor.reach(permissions.DESK).everywhere,
    )


@bookings.get("/visits/new")
@requires(permissions.BOOK)
def visit_new() -> Any:
    """Ask who comes, when, and what they want to see."""
    return _form()


@bookings.post("/visits/new")
@requires(permissions.BOOK)
@once
def visit_ask() -> Any:
    """Ask for the visit; the desk answers."""
    slow_down("bookings.ask", a_minute=current_app.config["FINDS_A_MINUTE"])
    form, errors = request.form, {}
    day = typed.day(form, "day")
    begins, stops = typed.minute(form.get("begins", "")), typed.minute(form.get("stops", ""))
    phone = typed.phone(form.get("phone", "")) if form.get("phone", "").strip() else own_phone()
    people = typed.whole(form.get("headcount", "")) or 0
    if not form.get("group_name", "").strip():
        errors["group_name"] = _("请写来的是哪个单位或团体。")
    if day is None:
        errors["day"] = _("日期没看懂，请写成2026年3月5日这样。")
    if begins is None:
        errors["start"] = _("请写几点到，比如9:30。")
    if stops is None:
        errors["end"] = _("请写几点走，比如11:00。")
    if not 1 <= people <= 5000:
        errors["headcount"] = _("请填来多少人。")
    if not form.get("contact_name", "").strip():
        errors["contact_name"] = _("请写联系人怎么称呼。")
    if not phone:
        errors["phone"] = _("请写联系电话，变了时间要打给您。")
    if errors or day is None or begins is None or stops is None or not phone:
        return _form(errors)
    try:
        made = visiting.ask(
            Group(
                name=form["group_name"],
                wants=form.get("wants", ""),
                with_guide=form.get("with_guide") != "0",
            ),
            span=typed.span_of(day, begins, stops),
            headcount=people,
            contact=Contact(name=form["contact_name"], phone=phone),
            asker=actors.asker(g.actor),
            by=g.actor.account_id,
        )
    except Refused as refused:
        return _form({one.field: one.text for one in refused.refusals})
    except NotFree as taken:
        return _form({"start": sentences(*texts(taken.verdicts))}, status=409)
    say(_("参观申请收到了，服务台安排好会通知您。"))
    return go(f"/d/{district().code}/bookings/{made.uid}")


def _form(errors: dict[str, str] | None = None, *, status: int = 422) -> Any:
    return render(
        "bookings/visit_form.html",
        status=status if errors else 200,
        block="content" if errors else None,
        errors=errors or {},
        typed=request.values,
        name=g.actor.display_name,
        parts=typed.day(request.values, "day") or typed.day_parts(request.values, "day"),
        tail=own_phone()[-4:],
        back=url_for("bookings.visits"),
    )
