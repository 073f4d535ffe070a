"""A year of bookings for measuring: each table by one statement, slots that cannot overlap by construction.

A room's bookings stand in ``per_day`` parts of each day, one hour in a part, so that no two meet.
"""

# ruff: noqa: S608  the statements are put together from this module's own words
from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta

from sqlalchemy import Date, bindparam, func, select, text

from portal.api import Organization, clock, crypto, district_or_none, is_postgresql, session

from .wants import OCCURRENCE

DAYS, PER_VENUE, GRID = 365, 10, 15
#: Rooms are open from 8 to 22: 56 slots of a quarter of an hour; a booking has four.
FIRST, OPEN, LONG = 32, 56, 4

_NUMBERS = """
WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < :most - 1)
"""
_UID = ":{letter} || CAST(1000000000000000 + {n} AS TEXT)"


def _uid(letter: str, n: str = "n") -> str:
    return _UID.format(letter=letter, n=n)


VENUES = f"""
INSERT INTO bookings_venue (district_id, uid, kind, name, address, contact_phone, key_how, about,
    active, version)
{_NUMBERS} SELECT :district, {_uid("v")}, 'center', '演示场馆' || (n + 1), '演示路' || (n + 1) || '号',
    '', '', '', {{yes}}, 1 FROM number ORDER BY n
"""
HOURS = """
INSERT INTO bookings_hours (district_id, venue_id, kind, opens, closes, valid_from)
SELECT :district, v.id, k.kind, 480, 1320, :since
FROM bookings_venue v CROSS JOIN (SELECT 'work' AS kind UNION ALL SELECT 'off') k
WHERE v.uid LIKE :v || '%' ORDER BY v.id
"""
ROOMS = f"""
INSERT INTO bookings_room (district_id, uid, venue_id, kind, name, floor, capacity, fire_limit, grid_minutes,
    features, step_free, about, position, active, version)
{_NUMBERS} SELECT :district, {_uid("r")}, v.id, 'training', '活动室' || (n % {PER_VENUE} + 1), '',
    10 + n % 8 * 10, 20 + n % 8 * 10, {GRID}, {{json}}, {{yes}}, '', n % {PER_VENUE}, {{yes}}, 1
FROM number JOIN bookings_venue v ON v.uid = {_uid("v", f"n / {PER_VENUE}")} ORDER BY n
"""
UNITS = f"""
INSERT INTO claim_unit (district_id, owner, label, grid_minutes)
SELECT :district, 'bookings', uid, {GRID} FROM bookings_room WHERE uid LIKE :r || '%' ORDER BY id
"""
PARTS = """
INSERT INTO bookings_room_unit (district_id, room_id, unit_id)
SELECT :district, r.id, u.id FROM bookings_room r JOIN claim_unit u ON u.label = r.uid
WHERE r.uid LIKE :r || '%' ORDER BY r.id
"""
#: Number n: room n % booked, and which of the room's parts of a day, spread over the year without a repeat.
_PLACED = f"""
{_NUMBERS}, placed AS (
    SELECT n, n % :booked AS room, (n / :booked) * :parts / :per_room AS part FROM number
), timed AS (
    SELECT n, room, :day_zero + part / :per_day * 96 + {FIRST} + part % :per_day * :window
        + (n * 7 + room) % (:window - {LONG} + 1) AS slot FROM placed
), stated AS (
    SELECT n, room, slot, CASE WHEN n % 20 = 7 THEN 'cancelled'
        WHEN slot + {LONG} > :now_slot THEN CASE WHEN n % 20 = 3 THEN 'requested' ELSE 'approved' END
        WHEN n % 20 = 5 THEN 'no_show' ELSE 'completed' END AS state FROM timed
)
"""
BOOKINGS = f"""
INSERT INTO bookings_booking (district_id, uid, room_id, title, headcount, contact_name, phone_tail, needs,
    note, rule, way, made_at, over_reason, version)
{_PLACED} SELECT :district, {_uid("b")}, r.id, '演示活动' || (n % 50 + 1), 3 + n % 7, '演示联系人', '',
    {{empty}}, '', '', 'desk', {{at:slot - 96 * 3}}, '', 1
FROM stated JOIN bookings_room r ON r.uid = {_uid("r", "room")} ORDER BY n
"""
TIMES = f"""
INSERT INTO bookings_occurrence (district_id, uid, booking_id, room_id, number, first_start, starts_at,
    ends_at, buffer_before, buffer_after, state, reason, answer_by, competes, arrived_at, left_at,
    sequence, version)
{_PLACED} SELECT :district, {_uid("o")}, b.id, b.room_id, 1, {{at:slot}}, {{at:slot}}, {{at:slot + {LONG}}},
    0, 0, state, CASE WHEN state = 'cancelled' THEN '改天' ELSE '' END,
    CASE WHEN state = 'requested' THEN {{at:slot}} END, {{no}},
    CASE WHEN state = 'completed' THEN {{at:slot}} END,
    CASE WHEN state = 'completed' THEN {{at:slot + {LONG}}} END, 0, 1
FROM stated JOIN bookings_booking b ON b.uid = {_uid("b")} ORDER BY n
"""
CLAIMS = f"""
INSERT INTO claim (district_id, unit_id, slot, holder_type, holder_id, kind)
{_PLACED} SELECT :district, u.unit_id, slot + k.k, '{OCCURRENCE}', o.id, 'use'
FROM stated JOIN bookings_occurrence o ON o.uid = {_uid("o")}
JOIN bookings_room_unit u ON u.room_id = o.room_id
CROSS JOIN (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) k
WHERE stated.state <> 'cancelled' ORDER BY n, k.k
"""
STEPS = """
INSERT INTO bookings_step (district_id, booking_id, occurrence_id, action, note, at)
SELECT :district, b.id, o.id, 'booked', '', b.made_at
FROM bookings_booking b JOIN bookings_occurrence o ON o.booking_id = b.id
WHERE b.uid LIKE :b || '%' ORDER BY b.id
"""


def register(seed: int) -> None:
    """Fill one district where the environment says how many: ``BOOKINGS=100000 portal demo seed``."""
    size = os.environ.get("BOOKINGS", "")
    if size.isdecimal() and int(size) > 0:
        fill(bookings=int(size))


def fill(
    rooms: int = 200,
    bookings: int = 100_000,
    *,
    booked: int | None = None,
    begin: date | None = None,
    days: int = DAYS,
    district_id: int | None = None,
) -> None:
    """Write rooms and a year of bookings around today, in the caller's transaction and scope.

    Args:
        rooms: how many, ten to a venue.
        bookings: how many, of one hour each, spread evenly over rooms and days; a twentieth are called off.
        booked: how many of the rooms, the first ones, have bookings; without it all.
        begin: the first civil day with bookings; without it half of ``days`` ago.
        days: how many days have bookings.
        district_id: where; without it the district at hand, else the first that has an organization.

    Raises:
        ValueError: more than fourteen bookings a day would fall to a room.
    """
    here = district_or_none()
    where = district_id or (here.id if here is not None else None)
    where = where or session.scalar(select(func.min(Organization.district_id)))
    assert where is not None  # a district is there before anything is filled into it
    booked = booked or rooms
    per_room = -(-bookings // booked)
    per_day = -(-per_room // days)
    if per_day > OPEN // LONG:
        raise ValueError(f"{bookings} bookings do not fit into {booked} rooms")
    today = datetime.combine(clock.today(), time(), clock.SHANGHAI)
    half = today - timedelta(days=days // 2)
    first = half if begin is None else datetime.combine(begin, time(), clock.SHANGHAI)
    stem = crypto.new_uid()[:9]
    given = {
        "district": where,
        "since": (min(first, today) - timedelta(days=DAYS)).date(),
        "booked": booked,
        "per_room": per_room,
        "per_day": per_day,
        "parts": days * per_day,
        "window": OPEN // per_day,
        "day_zero": int(first.timestamp()) // (GRID * 60),
        "now_slot": int(clock.now().timestamp()) // (GRID * 60),
        **{letter: f"{stem}{letter}" for letter in "vrbo"},
    }
    numbers = {VENUES: -(-rooms // PER_VENUE), ROOMS: rooms}
    for statement in (VENUES, HOURS, ROOMS, UNITS, PARTS, BOOKINGS, TIMES, CLAIMS, STEPS):
        _run(statement, {**given, "most": numbers.get(statement, bookings)})


def _run(statement: str, given: dict[str, object]) -> None:
    made = text(_in_dialect(statement))
    named = {name: given[name] for name in made._bindparams}
    if "since" in named:
        made = made.bindparams(bindparam("since", type_=Date))
    session.connection().execute(made, named)


def _in_dialect(statement: str) -> str:
    """Put in what the databases write differently; ``{at:slot}`` is the instant at which a slot begins."""
    words = {"yes": "true", "no": "false", "json": "CAST('[]' AS JSONB)", "empty": "CAST('{}' AS JSONB)"}
    at = "to_timestamp(({slot}) * 900)"
    if not is_postgresql():
        words = {"yes": "1", "no": "0", "json": "'[]'", "empty": "'{}'"}
        at = "strftime('%Y-%m-%d %H:%M:%S.000000', ({slot}) * 900, 'unixepoch')"
    for name, word in words.items():
        statement = statement.replace("{" + name + "}", word)
    while "{at:" in statement:
        before, _, rest = statement.partition("{at:")
        slot, _, after = rest.partition("}")
        statement = before + at.replace("{slot}", slot) + after
    return statement.replace("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H\\:%M\\:%S")
