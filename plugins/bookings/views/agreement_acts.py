"""What is done with an agreement: sign, give back, suspend, resume, end; bookings beyond it are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import abort, g, request, url_for

from portal.api import Conflict, clock, go, once, render, required_version, requires, say
from portal.api import gettext as _

from .. import permissions, typed
from ..models import BookingsAgreement, BookingsOccurrence
from ..queries import places
from ..queries.titles import titles_of
from ..service import agreed_ends, agreeing, parties
from ..verdicts import Refused, Span, clock_words
from . import bookings
from .agreements import agreement_of, shown
from .desk import reached

ACTS = ("sign", "give_back", "suspend", "resume", "end")


@bookings.get("/agreements/<uid>/<any(sign,give_back,suspend,resume,end):act>")
@requires(permissions.MANAGE)
def agreement_act(uid: str, act: str) -> Any:
    """Show what the act would do, with every booking that would lie beyond."""
    return _page(agreement_of(uid, permissions.MANAGE), act)


@bookings.post("/agreements/<uid>/<any(sign,give_back,suspend,resume,end):act>")
@requires(permissions.MANAGE)
@once
def agreement_do(uid: str, act: str) -> Any:
    """Do it, as the page has shown it."""
    row = agreement_of(uid, permissions.MANAGE)
    version = required_version()
    choices = _choices()
    reason = request.form.get("reason", "")
    try:
        if act == "sign":
            state = agreeing.sign(
                row,
                version=version,
                by=g.actor,
                choices=choices,
                stands_in=request.form.get("stands_in") == "1",
            )
            say(_("签好了，协议生效了。") if state == "active" else _("甲方签好了，等乙方签。"))
        elif act == "give_back":
            agreeing.give_back(row, version=version, reason=reason, by=g.actor)
            say(_("退回去改了。"))
        elif act == "resume":
            agreed_ends.resume(row, version=version, by=g.actor)
            say(_("协议恢复了。让出来的预约，有空的先问他们要不要。"))
        elif act == "suspend":
            agreed_ends.suspend(row, version=version, reason=reason, choices=choices, by=g.actor)
            say(_("协议暂停了，受影响的人都通知到了。"))
        else:
            on = _on()
            if on is None:
                return _page(row, act, errors={"on": _("日期看不懂，请写成2026-11-01这样。")}, status=422)
            agreed_ends.end(row, version=version, on=on, reason=reason, choices=choices, by=g.actor)
            say(_("记下了，受影响的人都通知到了。"))
    except Refused as refused:
        return _page(row, act, errors={one.field: one.text for one in refused.refusals}, status=422)
    except PermissionError:
        abort(403)
    except Conflict as conflict:
        if not isinstance(conflict.current, list):
            raise
        # Bookings came or went, or the day lets others lie beyond: they are shown, nothing is done yet.
        text = _("这些预约会超出协议，请给每个选一个办法，再点一次。")
        return _page(row, act, errors={"choices": text}, status=409)
    return go(url_for("bookings.agreement", uid=uid))


def _page(
    row: BookingsAgreement, act: str, *, errors: dict[str, str] | None = None, status: int = 200
) -> Any:
    touched = _touched(row, act)
    return render(
        "bookings/agreement_act.html",
        status=status,
        block="content" if errors else None,
        act=act,
        touched=_lines(touched),
        errors=errors or {},
        typed=request.form,
        today=clock.today().isoformat(),
        words=_words(row)[act],
        stands_in=act == "sign"
        and row.state == "signed_a"
        and not parties.may_sign_b(g.actor, row)
        and parties.may_stand_in(g.actor, row),
        **shown(row),
    )


def _touched(row: BookingsAgreement, act: str) -> list[BookingsOccurrence]:
    if act == "suspend" and row.state == "active":
        return agreed_ends.after_ending(row, on=None)
    if act == "end" and row.state == "active":
        return agreed_ends.after_ending(row, on=_on() or clock.today() + timedelta(days=1))
    if act == "sign" and row.state == "signed_a":
        return agreeing.after_signing(row)
    return []


def _on() -> date | None:
    """Return the first day without the agreement: the day after the last one that was typed."""
    found = typed.day_of(request.form.get("on", "").strip())
    return found + timedelta(days=1) if found is not None else None


def _choices() -> dict[int, str]:
    found = {}
    for name, value in request.form.items():
        prefix, _dash, number = name.partition("-")
        if prefix == "choice" and number.isdecimal() and len(number) < 12:
            found[int(number)] = value
    return found


def _lines(touched: Sequence[BookingsOccurrence]) -> list[tuple[int, str, str]]:
    """Return each booking as (id, when and where, whose); party B sees only that it is there."""
    rooms = {room.id: room for room in places.rooms(ids={one.room_id for one in touched})} if touched else {}
    seen = {room.id for room in reached(permissions.SEE, list(rooms.values()))}
    titles = titles_of(one.booking_id for one in touched if one.room_id in seen)
    return [
        (
            one.id,
            f"{clock_words(Span(start=one.starts_at, end=one.ends_at))} {rooms[one.room_id].name}",
            titles.get(one.booking_id, "") if one.room_id in seen else _("已约"),
        )
        for one in touched
    ]


def _words(row: BookingsAgreement) -> dict[str, tuple[str, str, str]]:
    """Return title, what it does, and the button of each act."""
    side = _("甲方") if row.state == "draft" else _("乙方")
    return {
        "sign": (
            _("代表%(side)s签", side=side),
            _("签了以后，这份协议的内容就不能再改。两方都签了才生效。"),
            _("确认签"),
        ),
        "give_back": (_("退回去改"), _("甲方的签字作废，改好以后重新签。"), _("退回")),
        "suspend": (_("暂停协议"), _("暂停的时候，这个场地别人约不了。以后可以恢复。"), _("暂停协议")),
        "resume": (_("恢复协议"), _("恢复以后又可以约，让出来的预约先问他们要不要。"), _("恢复协议")),
        "end": (_("结束协议"), _("结束以后不能恢复，要再共享得重新签。"), _("结束协议")),
    }
