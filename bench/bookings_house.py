"""What ``bench.bookings`` has done inside one installation, each time by a process of its own.

``fill ROOMS BOOKINGS`` seeds it; ``login`` makes sessions and names free times. The last line printed is what
came of it, as JSON.
"""

from __future__ import annotations

import json
import random
import sys
import time
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from bench.house import logged_in
from bench.million_house import say
from plugins.bookings import demo_large
from plugins.bookings.models import BookingsOccurrence, BookingsRoom
from plugins.bookings.queries import places
from portal import claims, clock
from portal.app import create_app
from portal.cli.db import upgrade_schema
from portal.database import everything, in_scope, session, transaction
from portal.database.engine import analyze
from portal.demo import large, place
from portal.demo.installation import prepare
from portal.districts.models import District

#: People around the bookings: enough to log in as.
PEOPLE = large.Size(members=1000, organizations=100)
CODE = "990001"
#: Free times to book while measuring, and days ahead in which they lie.
FREE, DAYS = 4000, 28
#: The first rooms, to which the bookings of a small house keep: as busy as they are in a large one.
BUSY, ONE_WEEK = 120, 1_000


def main() -> None:
    """Do what the command line says."""
    here = place.place()
    prepare(here)
    app = create_app()
    with app.app_context():
        if sys.argv[1] == "fill":
            upgrade_schema()
            said = _fill(here, rooms=int(sys.argv[2]), bookings=int(sys.argv[3]))
        else:
            said = {
                "cookies": logged_in(app, ("member", "desk")),
                "day": _monday().isoformat(),
                "free": _free(),
            }
    print(json.dumps(said))


def _fill(here: place.Place, *, rooms: int, bookings: int) -> dict[str, Any]:
    large.seed(PEOPLE, here, say=say)
    began = time.perf_counter()
    here_id = _district()
    with in_scope({here_id}, write=here_id), transaction():
        # A small house is busy in the week that is measured and in no other, or a full page would be
        # compared with an empty one: both show the same, and differ in what else there is.
        small: dict[str, Any] = (
            {"booked": BUSY, "begin": _monday(), "days": 7} if bookings <= ONE_WEEK else {}
        )
        demo_large.fill(rooms=rooms, bookings=bookings, district_id=here_id, **small)
    analyze()
    taken = time.perf_counter() - began
    with everything():
        counts = [
            session.scalar(select(func.count()).select_from(model)) or 0
            for model in (BookingsRoom, BookingsOccurrence)
        ]
        session.remove()
    if counts[0] < rooms or counts[1] < bookings:
        raise SystemExit(f"{counts[0]} rooms and {counts[1]} bookings are there")
    return {"said": f"{counts[1]:,} bookings seeded in {taken:.0f} s"}


def _monday() -> date:
    """Return the first day of a full week ahead, whatever day it is."""
    return clock.today() + timedelta(days=7 - clock.today().weekday())


def _district() -> int:
    with everything():
        found = session.scalars(select(District.id).where(District.code == CODE)).one()
        session.remove()
    return int(found)


def _free() -> list[tuple[str, str, int]]:
    """Return free hours of rooms, in an order of chance that is the same each time."""
    with in_scope({_district()}):
        rooms = [room for room in places.rooms() if len(room.units) == 1]
        first = clock.today() + timedelta(days=1)
        begin = clock.now().astimezone(clock.SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        found = []
        units = {room.units[0]: room for room in rooms}
        span = claims.slots(begin, begin + timedelta(days=DAYS + 2), rooms[0].grid)
        busy = claims.busy(units, span)
        for unit, room in units.items():
            taken = busy.get(unit, set())
            for number in range(DAYS):
                for hour in range(9, 21):
                    at = begin + timedelta(days=number + 1, hours=hour)
                    if not taken & set(claims.slots(at, at + timedelta(hours=1), room.grid)):
                        found.append((room.uid, (first + timedelta(days=number)).isoformat(), hour))
        session.remove()
    random.Random(1).shuffle(found)
    # One room of each hour: nobody has more than two at a time.
    return list({one[1:]: one for one in found}.values())[:FREE]


if __name__ == "__main__":
    main()
