"""Keys and equipment at the counter: hand out, take back, what is out and late."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for

from portal.api import claims, go, once, render, required_version, requires, say, session
from portal.api import gettext as _

from .. import permissions
from ..models import BookingsBooking, BookingsEquipmentUnit, BookingsHandover, BookingsOccurrence
from ..queries import handovers as handovers_reads
from ..queries import presence as reads
from ..queries.places import Room
from ..service import handing
from ..service.asking import holder
from ..verdicts import Refused
from ..words import when_words
from . import bookings
from .keeping_forms import number, refusals, text


@bookings.get("/keep/handover")
@requires("bookings.desk")
def handovers() -> Any:
    """Show what is out, what is late first; or what came back, or came back broken."""
    shown = request.args.get("show", "")
    if shown not in ("back", "damaged"):
        return _list()
    rooms = reads.rooms_of(g.actor, permissions.DESK)
    return render(
        "bookings/keep_handed.html",
        shown=shown,
        handed=handovers_reads.handed(rooms, back=True, damaged=shown == "damaged"),
        rooms=rooms,
        may_see=g.actor.can(permissions.SEE),
    )


@bookings.route("/keep/handover/<uid>", methods=["GET", "POST"])
@requires("bookings.desk")
@once
def hand_out(uid: str) -> Any:
    """Hand something out for one booking."""
    row, room = _time(uid)
    if request.method == "GET":
        return _form(row, room)
    chosen = number("piece")
    piece = session.get(BookingsEquipmentUnit, chosen) if chosen is not None else None
    if chosen is not None and piece is None:
        abort(404)
    try:
        made = handing.hand_out(
            row, what=text("what", 60), piece=piece, taken_by=text("taken_by", 40), by=g.actor
        )
    except Refused as refused:
        return _form(row, room, errors=refusals(refused))
    say(_("%(what)s交出去了。", what=made.what))
    return go(url_for("bookings.hand_out", uid=uid))


@bookings.post("/keep/handover/back/<int:handover_id>")
@requires("bookings.desk")
@once
def take_back(handover_id: int) -> Any:
    """Write down that something came back."""
    row = session.get(BookingsHandover, handover_id)
    rooms = reads.rooms_of(g.actor, permissions.DESK)
    if row is None or session.get_one(BookingsOccurrence, row.occurrence_id).room_id not in rooms:
        abort(404)
    try:
        handing.take_back(
            row,
            version=required_version(),
            damage=text("damage", 200),
            faulty=request.form.get("faulty") == "1",
            by=g.actor,
        )
    except Refused as refused:
        return _list(errors={f"damage-{handover_id}": refusals(refused)["damage"]})
    say(_("%(what)s还了。", what=row.what))
    return go(url_for("bookings.handovers"))


def _time(uid: str) -> tuple[BookingsOccurrence, Room]:
    row = reads.one(uid)
    rooms = reads.rooms_of(g.actor, permissions.DESK)
    if row is None or row.room_id not in rooms:
        abort(404)
    return row, rooms[row.room_id]


def _form(row: BookingsOccurrence, room: Room, *, errors: dict[str, str] | None = None) -> Any:
    reserved = {unit for unit, _slot, _kind in claims.held(holder(row))}
    there = reads.pieces(room.venue_id)
    pieces = [
        (one.id, _piece_words(one, one.unit_id in reserved))
        for one in sorted(there, key=lambda one: one.unit_id not in reserved)
        if not one.fault and not one.is_out
    ]
    return render(
        "bookings/keep_hand_out.html",
        block="content" if errors else None,
        status=422 if errors else 200,
        row=row,
        room=room,
        booking=session.get_one(BookingsBooking, row.booking_id),
        may_hand=row.state in handing.OPEN,
        pieces=pieces,
        out=reads.out({room.id: room}, occurrence_id=row.id),
        when=when_words(row.starts_at, row.ends_at),
        typed=request.form,
        errors=errors or {},
    )


def _piece_words(piece: reads.Piece, reserved: bool) -> str:
    name = f"{piece.name} {piece.label}"
    return _("%(piece)s（这次约的）", piece=name) if reserved else name


def _list(*, errors: dict[str, str] | None = None) -> Any:
    rooms = reads.rooms_of(g.actor, permissions.DESK)
    return render(
        "bookings/keep_handovers.html",
        block="content" if errors else None,
        status=422 if errors else 200,
        out=reads.out(rooms),
        rooms=rooms,
        typed=request.form,
        errors=errors or {},
    )
