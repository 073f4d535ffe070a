"""Change venues and rooms, and take them out of use. What is booked stays booked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError

from portal.api import Actor, audit, claims, session, swap, transaction
from portal.api import gettext as _

from .. import actors, permissions
from ..models import BookingsEquipment, BookingsEquipmentUnit, BookingsRoom, BookingsVenue
from ..queries import agreements
from ..queries import keeping as reads_of_keepers
from ..queries import places as reads
from ..verdicts import Refusal, Refused
from . import places

Made = TypeVar("Made")


def named_once(verb: Callable[[], Made], field: str = "name") -> Made:
    """Do it; a name that is taken is said in words. Raises: Refused."""
    try:
        with transaction(), session.begin_nested():
            return verb()
    except IntegrityError:
        text = _("这个名称已经有了，请换一个。")
        raise Refused([Refusal(code="name", text=text, field=field)]) from None


def make_venue(*, by: Actor, **values: Any) -> BookingsVenue:
    """Make a venue: the district's own, or one of an organization. Raises: PermissionError, Refused."""
    _check_venue(values)
    # The center is the district's, whoever runs it.
    owner_id = values.get("owner_id") if values["kind"] == "shared" else None
    account_id = _keeper(by, BookingsVenue(kind=values["kind"], owner_id=owner_id))
    return named_once(lambda: places.make_venue(by=account_id, **values))


def change_venue(venue: BookingsVenue, *, version: int, by: Actor, **values: Any) -> None:
    """Change what is said of a venue, or take it out of use (``active``); whoever gives it away keeps both.

    Raises: PermissionError, Refused (an agreement of the owner's is not over), Conflict.
    """
    account_id = _keeper(by, venue)
    if values.get("owner_id", venue.owner_id) != venue.owner_id:
        _keeper(by, BookingsVenue(kind=venue.kind, owner_id=values["owner_id"]))
        if agreements.stands(venue.id):
            text = _("这里的共享协议还没结束，甲方是现在的组织。请先结束协议，再换组织。")
            raise Refused([Refusal(code="agreement", text=text, field="owner")])
    _check_venue({"kind": venue.kind, "name": venue.name, "owner_id": venue.owner_id, **values})
    _changed(venue, version, values, "bookings.venue_changed", by=account_id)


def make_room(
    venue: BookingsVenue, *, parts: Sequence[BookingsRoom] = (), by: Actor, **values: Any
) -> BookingsRoom:
    """Make a room, or a hall of ``parts``: rooms of this venue that lie apart.

    Raises: PermissionError, Refused.
    """
    account_id = _keeper(by, venue)
    if any(part.venue_id != venue.id for part in parts):
        raise PermissionError(permissions.MANAGE)
    refused = _of_room(values)
    if len(parts) == 1:
        text = _("大厅要由两间以上的房间组成。")
        refused.append(Refusal(code="parts", text=text, field="parts"))
    units = [unit for own in reads.units_of(part.id for part in parts).values() for unit in own]
    if len(units) != len(set(units)):
        text = _("选的房间里有互相包含的，请只选分开的房间。")
        refused.append(Refusal(code="parts", text=text, field="parts"))
    if len({part.grid_minutes for part in parts}) > 1:
        text = _("选的房间每格的分钟数不一样，合不成一个大厅。")
        refused.append(Refusal(code="parts", text=text, field="parts"))
    if refused:
        raise Refused(refused)
    return named_once(lambda: places.make_room(venue, parts=parts, by=account_id, **values))


def change_room(room: BookingsRoom, *, version: int, by: Actor, **values: Any) -> None:
    """Change what is said of a room, or take it out of use; its grid and its parts stay.

    Raises: PermissionError, Refused, Conflict.
    """
    account_id = _keeper(by, session.get_one(BookingsVenue, room.venue_id))
    there = {"name": room.name, "capacity": room.capacity, "fire_limit": room.fire_limit}
    refused = _of_room({**there, **values})
    if refused:
        raise Refused(refused)
    _changed(room, version, values, "bookings.room_changed", by=account_id)


def make_equipment(venue: BookingsVenue, *, name: str, pieces: int, by: Actor) -> BookingsEquipment:
    """Make a kind of equipment with its pieces. Raises: PermissionError, Refused."""
    account_id = _keeper(by, venue)
    refused = []
    if not name.strip():
        refused.append(Refusal(code="name", text=_("请写设备名称，比如：投影仪。"), field="name"))
    if not 1 <= pieces <= 200:
        refused.append(Refusal(code="pieces", text=_("件数请填1到200。"), field="pieces"))
    if refused:
        raise Refused(refused)
    return named_once(lambda: places.make_equipment(venue, name=name[:40], pieces=pieces, by=account_id))


def change_equipment(
    kind: BookingsEquipment, *, version: int, name: str, active: bool, more: int, by: Actor
) -> None:
    """Rename a kind, add ``more`` pieces to it, or lend it no longer.

    Raises: PermissionError, Refused, Conflict.
    """
    account_id = _keeper(by, session.get_one(BookingsVenue, kind.venue_id))
    refused = []
    if not name.strip():
        refused.append(Refusal(code="name", text=_("请写设备名称，比如：投影仪。"), field="name"))
    if not 0 <= more <= 200:
        refused.append(Refusal(code="pieces", text=_("件数请填0到200。"), field="more"))
    if refused:
        raise Refused(refused)
    with transaction():
        values = {"name": name.strip()[:40], "active": active}
        _changed(kind, version, values, "bookings.equipment_changed", by=account_id)
        there = session.query(BookingsEquipmentUnit).filter_by(equipment_id=kind.id).count()
        for number in range(there + 1, there + more + 1):
            label = f"{kind.name} {number}"
            unit = claims.make_unit(
                district_id=kind.district_id, owner=places.OWNER, label=label, grid_minutes=15
            )
            session.add(
                BookingsEquipmentUnit(
                    district_id=kind.district_id, equipment_id=kind.id, unit_id=unit.id, label=str(number)
                )
            )
        session.flush()


def _keeper(by: Actor, venue: BookingsVenue) -> int:
    """Return the account of whoever keeps a venue. Raises: PermissionError."""
    return actors.require(by, permissions.MANAGE, reads_of_keepers.owner_path(venue))


def _changed(row: Any, version: int, values: Mapping[str, Any], action: str, *, by: int) -> None:
    names = sorted(name for name, value in values.items() if getattr(row, name) != value)

    def change() -> None:
        swap(row, version=version, **values)
        audit.record(action, row, actor=by, district=row.district_id, detail={"names": names})

    named_once(change)


def _check_venue(values: Mapping[str, Any]) -> None:
    refused = []
    if not str(values.get("name", "")).strip():
        refused.append(Refusal(code="name", text=_("请写场馆名称。"), field="name"))
    if values.get("kind") == "shared" and values.get("owner_id") is None:
        text = _("共享场地请选是哪个组织的。")
        refused.append(Refusal(code="owner", text=text, field="owner"))
    if refused:
        raise Refused(refused)


def _of_room(values: Mapping[str, Any]) -> list[Refusal]:
    refused = []
    if not str(values["name"]).strip():
        refused.append(Refusal(code="name", text=_("请写房间名称。"), field="name"))
    if values["capacity"] < 1:
        refused.append(Refusal(code="capacity", text=_("座位数请填1以上。"), field="capacity"))
    if values["fire_limit"] < values["capacity"]:
        text = _("消防限员%(limit)s人，比座位数%(seats)s还少。请按消防要求填，座位不能比它多。")
        words = text % {"limit": values["fire_limit"], "seats": values["capacity"]}
        refused.append(Refusal(code="fire", text=words, field="fire_limit"))
    return refused
