"""The desk receives groups: who comes when, which guide, confirmed, and the day on a sheet for the door."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for

from portal.api import clock, district, go, once, render, required_version, requires, say, sentences
from portal.api import gettext as _

from .. import actors, permissions, typed, words
from ..models import BookingsBooking, BookingsGuide, BookingsOccurrence, BookingsVisit
from ..queries import places
from ..queries import visits as queries
from ..service import desk, guides
from ..verdicts import NotFree, Refused, texts
from . import bookings

#: In place of a guide's number: nobody can show them round.
WITHOUT = "none"


@bookings.get("/visits/desk")
@requires(permissions.DESK)
def visits_desk() -> Any:
    """List the visits to come; those that wait for an answer say so."""
    _everywhere(permissions.DESK)
    today = clock.at(clock.today())
    every = request.args.get("all") == "1"
    return render(
        "bookings/visits_desk.html",
        rows=queries.listed(since=today, live=not every),
        every=every,
        states=words.STATES,
        when=words.when_words,
        guide=words.guide_words,
        today=clock.today(),
    )


@bookings.get("/visits/print")
@requires(permissions.DESK)
def visits_print() -> Any:
    """Show the confirmed visits of a day on a sheet."""
    _everywhere(permissions.DESK)
    day = typed.day_of(request.args.get("day", "")) or clock.today()
    return render("bookings/visits_print.html", day=day, rows=queries.of_day(day), hours=words.hours_words)


@bookings.get("/visits/guides")
@requires(permissions.MANAGE)
def visit_guides() -> Any:
    """List those who show groups round."""
    return _guides()


@bookings.post("/visits/guides")
@requires(permissions.MANAGE)
@once
def visit_guide_add() -> Any:
    """Write one down."""
    _everywhere(permissions.MANAGE)
    phone = typed.phone(request.form.get("phone", ""))
    if phone is None:
        return _guides({"phone": _("号码看不懂，请写11位手机号；没有就空着。")})
    try:
        made = guides.add_guide(request.form.get("name", ""), phone=phone, by=g.actor)
    except Refused as refused:
        return _guides({one.field: one.text for one in refused.refusals})
    say(_("%(name)s加上了。", name=made.name))
    return go(url_for("bookings.visit_guides"))


@bookings.post("/visits/guides/<int:guide_id>")
@requires(permissions.MANAGE)
@once
def visit_guide_active(guide_id: int) -> Any:
    """Let a guide rest or come back."""
    _everywhere(permissions.MANAGE)
    found = queries.guide(guide_id)
    if found is None:
        abort(404)
    active = request.form.get("active") == "1"
    guides.set_active(found, version=required_version(), active=active, by=g.actor)
    say(
        _("%(name)s又可以接待了。", name=found.name) if active else _("%(name)s先不接待了。", name=found.name)
    )
    return go(url_for("bookings.visit_guides"))


@bookings.get("/visits/<string(length=26):uid>")
@requires(permissions.DESK)
def visit(uid: str) -> Any:
    """Show one visit to whoever receives it."""
    return _page(*_visit(uid))


@bookings.post("/visits/<string(length=26):uid>")
@requires(permissions.APPROVE)
@once
def visit_decide(uid: str) -> Any:
    """Confirm it with its guide, give it another guide, or refuse it with a reason."""
    found, booking, row = _visit(uid, permissions.APPROVE)
    act, version, by = request.form.get("act", ""), required_version(), g.actor
    without = request.form.get("guide") == WITHOUT
    chosen = None if without else _chosen()
    try:
        if act == "confirm":
            desk.confirm_visit(by, found, chosen, version=version, without=without)
            say(_("参观定下来了，已经通知对方。"))
        elif act == "guide":
            desk.assign_guide(by, found, chosen, version=version)
            say(_("讲解员换好了。") if chosen is not None else _("现在没有安排讲解员。"))
        elif act == "refuse":
            desk.refuse(by, booking, version=version, reason=request.form.get("reason", ""))
            say(_("没有接，原因已经告诉对方。"))
        else:
            abort(400)
    except PermissionError:
        abort(403)
    except Refused as refused:
        own = any(one.code == "own" for one in refused.refusals)
        errors = {one.field if one.field != "approve" else "guide": one.text for one in refused.refusals}
        return _page(found, booking, row, errors=errors, status=403 if own else 422)
    except NotFree as taken:
        return _page(found, booking, row, errors={"guide": sentences(*texts(taken.verdicts))}, status=409)
    return go(url_for("bookings.visit", uid=uid))


def _chosen() -> BookingsGuide | None:
    said = request.form.get("guide", "")
    if not said:
        return None
    found = queries.guide(int(said)) if said.isdecimal() and len(said) < 12 else None
    if found is None:
        abort(404)
    return found


def _visit(
    uid: str, permission: str = permissions.DESK
) -> tuple[BookingsVisit, BookingsBooking, BookingsOccurrence]:
    """Return a visit to whoever has a permission at its room: the same people who reach its record."""
    found = queries.one(uid)
    if found is None or not actors.reaches(g.actor, permission, places.room_of(found[2])):
        abort(404)
    return found


def _page(
    found: BookingsVisit,
    booking: BookingsBooking,
    row: BookingsOccurrence,
    *,
    errors: dict[str, str] | None = None,
    status: int = 422,
) -> Any:
    given = queries.guide(found.guide_id) if found.guide_id is not None else None
    room = places.room_of(row)
    decides = actors.reaches(g.actor, permissions.APPROVE, room) and row.state in ("requested", "approved")
    sends = g.actor.reach(permissions.APPROVE).everywhere
    return render(
        "bookings/visit.html",
        status=status if errors else 200,
        block="content" if errors else None,
        visit=found,
        booking=booking,
        row=row,
        room=room,
        state=words.STATES[row.state],
        when=words.when_words(row.starts_at, row.ends_at),
        given=given,
        guides=[
            *((one.id, one.name) for one in (queries.guides() if sends else ())),
            *([(WITHOUT, _("这次不讲解"))] if row.state == "requested" and found.with_guide else []),
        ],
        lists=g.actor.reach(permissions.DESK).everywhere,
        record=f"/d/{district().code}/bookings/desk/{booking.uid}",
        decides=decides and (sends or row.state == "requested"),
        said=words.guide_words(given.name if given else "", found.with_guide, row.state),
        errors=errors or {},
        typed=request.form,
    )


def _guides(errors: dict[str, str] | None = None) -> Any:
    _everywhere(permissions.MANAGE)
    return render(
        "bookings/visit_guides.html",
        status=422 if errors else 200,
        block="content" if errors else None,
        guides=queries.guides(every=True),
        errors=errors or {},
        typed=request.form,
    )


def _everywhere(permission: str) -> None:
    """Groups are received at the center, which is the whole district's: 404 for a venue's own people."""
    if not g.actor.reach(permission).everywhere:
        abort(404)
