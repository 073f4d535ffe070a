"""Keep the equipment of a venue: kinds, pieces, and what is broken."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import abort, g, request, url_for

from portal.api import gettext as _
from portal.api import go, once, render, required_version, requires, say, session

from .. import permissions
from ..models import BookingsEquipment, BookingsEquipmentUnit, BookingsVenue
from ..queries import keeping as keeping_reads
from ..queries import presence as reads
from ..service import handing, keeping
from ..verdicts import Refused
from . import bookings
from .keeping import venue_at
from .keeping_forms import number, refusals, text


@bookings.get("/keep/venues/<uid>/equipment")
@requires("bookings.manage")
def keep_equipment(uid: str) -> Any:
    """Show the equipment of a venue, piece by piece."""
    return _page(venue_at(uid))


@bookings.post("/keep/venues/<uid>/equipment")
@requires("bookings.manage")
@once
def keep_equipment_new(uid: str) -> Any:
    """Add a kind of equipment with its pieces."""
    venue = venue_at(uid)
    try:
        made = keeping.make_equipment(venue, name=text("name", 40), pieces=number("pieces") or 0, by=g.actor)
    except Refused as refused:
        return _page(venue, errors=refusals(refused))
    say(_("%(what)s添好了。", what=made.name))
    return go(url_for("bookings.keep_equipment", uid=uid))


@bookings.post("/keep/equipment/<int:kind_id>")
@requires("bookings.manage")
@once
def keep_equipment_change(kind_id: int) -> Any:
    """Rename a kind, add pieces, or lend it no longer."""
    kind, venue = _kind(kind_id, permissions.MANAGE)
    more = number("more") if request.form.get("more", "").strip() else 0
    try:
        keeping.change_equipment(
            kind,
            version=required_version(),
            name=text("name", 40),
            active=request.form.get("active") == "1",
            more=-1 if more is None else more,
            by=g.actor,
        )
    except Refused as refused:
        return _page(venue, errors={f"{name}-{kind_id}": said for name, said in refusals(refused).items()})
    say(_("改好了。"))
    return go(url_for("bookings.keep_equipment", uid=venue.uid))


@bookings.post("/keep/pieces/<int:piece_id>")
@requires("bookings.manage")
@once
def keep_piece(piece_id: int) -> Any:
    """Say that a piece is broken, or that it works again."""
    piece = session.get(BookingsEquipmentUnit, piece_id)
    if piece is None:
        abort(404)
    kind, venue = _kind(piece.equipment_id, permissions.MANAGE)
    works, fault = request.form.get("act") == "works", text("fault", 120)
    if not works and not fault:
        return _page(venue, errors={f"fault-{piece_id}": _("请写哪里坏了。")})
    handing.set_fault(piece, version=required_version(), fault="" if works else fault, by=g.actor)
    name = f"{kind.name} {piece.label}"
    say(_("%(what)s又可以借了。", what=name) if works else _("%(what)s先不外借。", what=name))
    return go(url_for("bookings.keep_equipment", uid=venue.uid))


def _kind(kind_id: int, permission: str) -> tuple[BookingsEquipment, BookingsVenue]:
    kind = session.get(BookingsEquipment, kind_id)
    if kind is None:
        abort(404)
    venue = session.get_one(BookingsVenue, kind.venue_id)
    return kind, venue_at(venue.uid, permission)


def _page(venue: BookingsVenue, *, errors: dict[str, str] | None = None) -> Any:
    there = reads.pieces(venue.id, every=True)
    of_kind = {
        number: list(some)
        for number, some in groupby(
            sorted(there, key=lambda one: (one.equipment_id, one.id)), key=lambda one: one.equipment_id
        )
    }
    return render(
        "bookings/keep_equipment.html",
        block="content" if errors else None,
        status=422 if errors else 200,
        venue=venue,
        kinds=keeping_reads.kinds(venue.id),
        pieces=of_kind,
        typed=request.form,
        errors=errors or {},
    )
