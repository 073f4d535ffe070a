"""The demo's center with its five rooms (field.md F21), and the venues others share (F28: 180 of them)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from portal.api import BRANCH_KINDS, DistrictRef, Organization, claims, crypto, rows, session

from .models import (
    BookingsHours,
    BookingsPolicy,
    BookingsRoom,
    BookingsRoomUnit,
    BookingsVenue,
)
from .service import places
from .service.places import OWNER

#: Shared venues of each demo district; together the published 180. Anywhere else a few.
SHARED = {"340722-kfq": 60, "230108": 120}
FEW = 6
#: About where each district lies; everything is put around it by invented steps.
MIDDLES = {"340722-kfq": (30.7010, 117.2230), "230108": (45.5980, 126.6350)}
ELSEWHERE = (30.0, 110.0)
SINCE = date(2020, 1, 1)
_ORGANIZATION: Any = Organization.__table__.c

#: kind, name, floor, seats, fire limit, step-free, features
FIVE = (
    ("consulting", "咨询服务室", "一楼", 8, 12, True, ("screen", "wifi")),
    ("training", "教育培训室", "二楼", 60, 80, True, ("projector", "sound", "whiteboard", "wifi")),
    ("reading", "图书阅览室", "一楼", 24, 36, True, ("wifi",)),
    ("culture", "文体活动室", "三楼", 40, 60, False, ("sound", "mirror")),
    ("party", "党群活动室", "二楼", 30, 45, True, ("screen", "sound", "wifi")),
)
HALLS = (
    ("consulting", "咨询服务室", "二楼", 10, 14, True, ("screen", "wifi")),
    ("party", "多功能厅东厅", "二楼", 40, 60, True, ("projector", "sound")),
    ("party", "多功能厅西厅", "二楼", 40, 60, True, ("screen", "sound")),
)
EQUIPMENT = (("投影仪", 2), ("移动电视", 1), ("无线话筒", 4), ("折叠椅（10把）", 5), ("活动室钥匙", 1))
WORK = ({"kind": "work", "opens": 510, "closes": 720}, {"kind": "work", "opens": 840, "closes": 1050})
SATURDAY = {"kind": "6", "opens": 540, "closes": 720}

#: What shared venues are called, of which kind they are, seats and features.
KINDS = (
    ("党员活动室", "party", 30, ("screen",)),
    ("多功能厅", "hall", 120, ("projector", "sound")),
    ("会议室", "training", 20, ("projector", "whiteboard")),
    ("职工之家", "culture", 40, ("sound",)),
    ("图书角", "reading", 16, ("wifi",)),
    ("培训教室", "training", 50, ("projector", "sound")),
    ("健身房", "culture", 24, ("mirror",)),
    ("路演厅", "hall", 80, ("projector", "sound")),
)
SHARED_HOURS = (
    ({"kind": "work", "opens": 1080, "closes": 1260}, {"kind": "off", "opens": 540, "closes": 1020}),
    ({"kind": "work", "opens": 540, "closes": 690}, {"kind": "work", "opens": 840, "closes": 1020}),
    ({"kind": "6", "opens": 540, "closes": 1020}, {"kind": "7", "opens": 540, "closes": 1020}),
    ({"kind": "work", "opens": 480, "closes": 1260}, {"kind": "off", "opens": 540, "closes": 1260}),
)
KEYS = (
    "门卫室有钥匙，报预约的名字就能取，用完还回去。",
    "提前半小时给场地联系人打电话，有人来开门。",
    "到前台登记取门禁卡，走时交还。",
)


def center(district: DistrictRef) -> list[BookingsRoom]:
    """Write the service center: five rooms, or where the second demo district needs one, a hall of two."""
    first = district.code != "230108"
    lat, lng = MIDDLES.get(district.code, ELSEWHERE)
    venue = places.make_venue(
        district_id=district.id,
        kind="center",
        name=f"{district.name}党群服务中心",
        address="管委会一楼" if first else "行政服务大厅二楼",
        lat=lat,
        lng=lng,
        contact_phone="0000-1000000" if first else "0000-2000000",
        key_how="到一楼服务台取钥匙，用完还到服务台。",
        about="周六上午也开门，中午休息。",
        hours=[*WORK, SATURDAY],
        by=None,
    )
    made: dict[str, BookingsRoom] = {}
    for position, (kind, name, floor, seats, limit, flat, features) in enumerate(FIVE if first else HALLS):
        made[name] = places.make_room(
            venue, kind=kind, name=name, floor=floor, capacity=seats, fire_limit=limit, step_free=flat,
            features=list(features), position=position, by=None,
        )  # fmt: skip
    if not first:
        parts = [made["多功能厅东厅"], made["多功能厅西厅"]]
        made["多功能厅"] = places.make_room(
            venue, kind="hall", name="多功能厅", floor="二楼", capacity=90, fire_limit=120, step_free=True,
            features=["projector", "sound"], position=9, parts=parts, by=None,
            about="东厅和西厅打通，活动隔断由工作人员开合。",
        )  # fmt: skip
    for name, pieces in EQUIPMENT:
        places.make_equipment(venue, name=name, pieces=pieces, by=None)
    for row in session.scalars(select(BookingsHours).where(BookingsHours.venue_id == venue.id)):
        row.valid_from = SINCE
    own: dict[int | None, dict[str, Any]] = {
        None: {"waiting_list": True, "release": True, "points": True, "max_ahead_days": 60},
        made["咨询服务室"].id: {"approval": "auto", "max_minutes": 120},
    }
    session.execute(
        insert(BookingsPolicy),
        [
            {"district_id": district.id, "venue_id": venue.id, "room_id": room_id, "values": values,
             "version": 1}
            for room_id, values in own.items()
        ],
    )  # fmt: skip
    session.flush()
    return list(made.values())


def shared(district: DistrictRef, dice: random.Random) -> Sequence[Any]:
    """Write the venues that organizations share, each with a room or two; return them with their owners."""
    owners = session.execute(
        rows(Organization, _ORGANIZATION.id, _ORGANIZATION.name, _ORGANIZATION.office_address,
             _ORGANIZATION.office_phone)
        .where(_ORGANIZATION.kind.in_(BRANCH_KINDS), _ORGANIZATION.dissolved_on.is_(None))
        .order_by(_ORGANIZATION.id)
    ).all()  # fmt: skip
    if not owners:
        return []
    wanted = SHARED.get(district.code, min(FEW, len(owners)))
    middle = MIDDLES.get(district.code, ELSEWHERE)
    corners = {owner.id: _near(middle, dice, 0.022) for owner in owners}
    planned = []
    for number in range(wanted):
        owner, round_ = owners[number % len(owners)], number // len(owners)
        word, kind, seats, features = KINDS[(number % 5 + round_ * 3) % len(KINDS)]
        base = owner.name.removesuffix("党支部").removesuffix("联合")
        lat, lng = _near(corners[owner.id], dice, 0.0012)
        planned.append(
            {
                "venue": {
                    "district_id": district.id, "uid": crypto.new_uid(), "kind": "shared",
                    "name": f"{base}{word}", "owner_id": owner.id,
                    "address": f"{owner.office_address}{dice.choice(('一楼', '二楼', '三楼'))}",
                    "lat": lat, "lng": lng, "contact_phone": owner.office_phone,
                    "key_how": dice.choice(KEYS), "about": "", "active": True, "version": 1,
                },
                "hours": SHARED_HOURS[number % len(SHARED_HOURS)],
                "rooms": [(kind, word, seats + dice.randrange(0, 12, 2), list(features), dice.random() < 0.4)]
                + ([("consulting", "谈心室", 6, [], dice.random() < 0.4)] if number % 6 == 0 else []),
            }
        )  # fmt: skip
    return _write(district.id, planned)


def _write(district_id: int, planned: Sequence[dict[str, Any]]) -> Sequence[Any]:
    session.execute(insert(BookingsVenue), [one["venue"] for one in planned])
    found = session.scalars(
        select(BookingsVenue).where(BookingsVenue.kind == "shared").order_by(BookingsVenue.id)
    ).all()
    by_uid = {venue.uid: venue for venue in found}
    hours, rooms, labels = [], [], []
    for one in planned:
        venue = by_uid[one["venue"]["uid"]]
        shared = {"district_id": district_id, "venue_id": venue.id}
        hours += [{**shared, **row, "valid_from": SINCE} for row in one["hours"]]
        for position, (kind, name, seats, features, flat) in enumerate(one["rooms"]):
            rooms.append(
                {
                    **shared, "uid": crypto.new_uid(), "kind": kind, "name": name, "floor": "",
                    "capacity": seats, "fire_limit": seats + seats // 3, "grid_minutes": 15,
                    "features": features, "step_free": flat, "about": "", "position": position,
                    "active": True, "version": 1,
                }
            )  # fmt: skip
            labels.append(f"{venue.name} {name}"[:120])
    session.execute(insert(BookingsHours), hours)
    session.execute(insert(BookingsRoom), rooms)
    ids = {uid: row_id for uid, row_id in session.execute(select(BookingsRoom.uid, BookingsRoom.id))}
    last = session.scalar(select(claims.ClaimUnit.id).order_by(claims.ClaimUnit.id.desc()).limit(1)) or 0
    session.execute(
        insert(claims.ClaimUnit),
        [
            {"district_id": district_id, "owner": OWNER, "label": label, "grid_minutes": 15}
            for label in labels
        ],
    )
    units = session.scalars(
        select(claims.ClaimUnit.id).where(claims.ClaimUnit.id > last).order_by(claims.ClaimUnit.id)
    ).all()
    session.execute(
        insert(BookingsRoomUnit),
        [
            {"district_id": district_id, "room_id": ids[room["uid"]], "unit_id": unit}
            for room, unit in zip(rooms, units, strict=True)
        ],
    )
    return found


def _near(middle: tuple[float, float], dice: random.Random, spread: float) -> tuple[float, float]:
    return (
        round(middle[0] + dice.uniform(-spread, spread), 6),
        round(middle[1] + dice.uniform(-spread, spread) * 1.2, 6),
    )
