"""What somebody types who changes what a booking says: the same for its owner and for the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.api import gettext as _
from portal.api import sentences

from . import ask_form, judging, typed
from .models import BookingsBooking
from .queries import venues
from .queries.places import Room
from .service.altering import Said
from .verdicts import NotFree, Refusal, texts

#: Which field of the form a refusal belongs to.
FIELD_OF = {"headcount": "people"}
_TEXTS = ("title", "people", "note", "contact_name", "phone", "over_reason")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of equipment the form asks for; ``pieces`` is how many of it work now."""

    id: int
    name: str
    pieces: int


def kinds(booking: BookingsBooking, room: Room) -> list[Kind]:
    """Return what the venue lends, and what the booking has of things that are not lent any more."""
    lent = [Kind(id=one.id, name=one.name, pieces=one.pieces) for one in venues.lent(room.venue_id)]
    gone = {int(kind) for kind in booking.needs} - {one.id for one in lent}
    return lent + [Kind(id=kind, name=name, pieces=0) for kind, name in sorted(judging.names(gone).items())]


def begun(booking: BookingsBooking) -> dict[str, str]:
    """Return what the fields show first; the number itself is not shown, only that it may be replaced."""
    return {
        "title": booking.title,
        "people": str(booking.headcount),
        "note": booking.note,
        "contact_name": booking.contact_name,
        "phone": "",
        "over_reason": booking.over_reason,
        **{f"need-{kind}": str(number) for kind, number in booking.needs.items()},
    }


def kept(booking: BookingsBooking, fields: Mapping[str, Any]) -> dict[str, str]:
    """Return what was typed; fields that were not sent show what the booking says."""
    found = begun(booking)
    sent = {name: str(fields[name]) for name in fields if name in _TEXTS or name.startswith("need-")}
    return found | sent


def read(
    fields: Mapping[str, Any], booking: BookingsBooking, offered: Sequence[Kind]
) -> tuple[Said, dict[str, str]]:
    """Return what is meant, and words beside the fields that cannot be read."""
    shown = kept(booking, fields)
    needs, errors = ask_form.pieces(shown, [one.id for one in offered])
    phone = typed.phone(shown["phone"])
    if phone is None:
        errors["phone"] = _("电话没看懂，请写11位手机号，或者带区号的座机。")
    said = Said(
        title=shown["title"],
        headcount=typed.whole(shown["people"]) or 0,
        note=shown["note"],
        contact_name=shown["contact_name"],
        phone=phone or None,
        needs=needs,
        over_reason=shown["over_reason"],
    )
    return said, errors


def errors_of(refusals: Sequence[Refusal]) -> dict[str, str]:
    """Return refusals as words beside fields; the first one of a field is said."""
    found: dict[str, str] = {}
    for one in refusals:
        found.setdefault(FIELD_OF.get(one.field, one.field), one.text)
    return found


def too_few(clash: NotFree) -> dict[str, str]:
    """Return what to say where pieces are taken; of several times the first that lack them are named."""
    if len(clash.verdicts) == 1:
        return {"needs": clash.verdicts[0].refusals[0].text}
    return {"needs": str(sentences(*texts(clash.verdicts)[:3]))}
