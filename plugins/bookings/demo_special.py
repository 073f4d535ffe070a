"""What the demo must have for certain: requests, a series, a closure, wishes, visits, and what is whose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import insert, select

from portal.api import claims, clock, crypto, session

from .demo_people import Booker, People
from .demo_rows import Rows
from .hours import Hours
from .models import (
    BookingsBooking,
    BookingsClosure,
    BookingsGuide,
    BookingsOccurrence,
    BookingsVisit,
    BookingsWish,
)
from .queries.places import Room
from .service.freeing import MORNING
from .service.places import OWNER
from .verdicts import Span
from .wants import CLOSURE, WISH, of_piece, of_room

GUIDES = ("岑小岚", "骆澄", "苗沐阳")
GROUPS = (
    "莲湖小学五年级",
    "邻县党建考察组",
    "社区老年大学",
    "开发区青年党员班",
    "职业学院学生会",
    "街道党务干部班",
)


#: What nobody had in the end, and why.
_NOTHING = (
    ("refused", "这个时间中心自己有活动"),
    ("lapsed", "到期没有答复"),
    ("cancelled", "临时有会，改天再约"),
)


def write(made: Rows, rooms: Sequence[Room], hours: Hours, people: People) -> None:
    """Write them all; the booking rows wait in ``made`` until the rest is known, and go in here."""
    big = max((room for room in rooms if len(room.units) == 1), key=lambda room: (room.capacity, -room.id))
    party = next((room for room in rooms if room.kind == "party" and room is not big), big)
    days = _open_days(big, hours)
    visits = _visits(made, big, days)
    _own(made, party, _open_days(party, hours), people)
    _came_to_nothing(made, party, _open_days(party, hours), people)
    _series(made, party, people)
    displaced = _displaced(made, big, days, people)
    waits = _for_wishes(made, big, days)
    made.flush()
    _visit_rows(made, visits)
    _closure(made, big, displaced)
    _wishes(made, big, waits, displaced, people)


def _open_days(room: Room, hours: Hours) -> list[tuple[date, int]]:
    """Return days from four weeks ago to four ahead on which a room is open for two hours, and from when."""
    today = clock.today()
    found = []
    for step in range(-20, 28):
        day = today + timedelta(days=step)
        first = next((opens for opens, closes in hours.windows(room, day) if closes - opens >= 120), None)
        if first is not None:
            found.append((day, first))
    return found


def _after(days: Sequence[tuple[date, int]], number: int) -> tuple[date, int]:
    """Return the n-th open day after today."""
    today = clock.today()
    return [one for one in days if one[0] > today][number]


def _before(days: Sequence[tuple[date, int]], number: int) -> tuple[date, int]:
    today = clock.today()
    return [one for one in reversed(days) if one[0] < today][number]


def _own(made: Rows, room: Room, days: Sequence[tuple[date, int]], people: People) -> None:
    """Give everybody who logs in something of their own: one to come, one that waits, one that was."""
    for number, booker in enumerate(people.bookers):
        for step, state, title in ((number, "approved", "支部学习"), (number + 4, "requested", "主题党日")):
            day, opens = _after(days, step % 9)
            start = clock.at(day, opens + (30 if step % 2 else 0) + 60 * (number % 2))
            made.add(room, start, start + timedelta(minutes=30), state=state, title=title, headcount=12,
                     booker=booker)  # fmt: skip
        day, opens = _before(days, number % 9)
        start = clock.at(day, opens + 30 * (number % 3))
        made.add(room, start, start + timedelta(minutes=30), state="completed" if number % 3 else "no_show",
                 title="支部学习", headcount=10, booker=booker)  # fmt: skip


def _came_to_nothing(made: Rows, room: Room, days: Sequence[tuple[date, int]], people: People) -> None:
    """Write one of each that nobody had in the end: dice alone may leave one out."""
    booker = people.bookers[0] if people.bookers else None
    for number, (state, reason) in enumerate(_NOTHING):
        day, opens = _before(days, number)
        start = clock.at(day, opens + 90)
        made.add(room, start, start + timedelta(minutes=30), state=state, title="健康讲座", headcount=8,
                 booker=booker, reason=reason)  # fmt: skip


def _series(made: Rows, room: Room, people: People) -> None:
    """Write eight weeks of one afternoon; in the fifth the room was somebody's already."""
    today = clock.today()
    first = today - timedelta(days=today.weekday() + 21 - 2)  # a Wednesday, three weeks ago
    booker = people.bookers[0] if people.bookers else None
    rule = "FREQ=WEEKLY;COUNT=8"
    booking = made.book(room, title="老年书画班", headcount=15, booker=booker, rule=rule)
    for number in range(8):
        day = first + timedelta(days=7 * number)
        start, end = clock.at(day, 15 * 60), clock.at(day, 16 * 60 + 30)
        if number == 4:
            made.add(room, start, end, state="approved" if start > made.now else "completed",
                     title="社区联席会", headcount=20, booker=None)  # fmt: skip
            made.time(booking, room, start, end, state="skipped", number=5, reason="这个时间已经有人约了。")
            continue
        state = "completed" if end <= made.now else "checked_in" if start <= made.now else "approved"
        if made.time(booking, room, start, end, state=state, number=number + 1) is None:
            made.time(booking, room, start, end, state="skipped", number=number + 1,
                      reason="这个时间已经有人约了。")  # fmt: skip


def _displaced(made: Rows, room: Room, days: Sequence[tuple[date, int]], people: People) -> tuple[Span, str]:
    """Write the booking that a closure took, and say where it was."""
    day, opens = _after(days, 5)
    span = Span(start=clock.at(day, opens), end=clock.at(day, opens + 120))
    booker: Booker | None = people.bookers[-1] if people.bookers else None
    uid = made.book(room, title="企业座谈会", headcount=25, booker=booker)
    made.time(uid, room, span.start, span.end, state="displaced", reason="投影设备检修，停用半天")
    # The closure has these slots: nobody else is put there.
    made.taken |= {(one.unit_id, slot) for one in of_room(room, span, before=0, after=0) for slot in one.span}
    return span, uid


def _closure(made: Rows, room: Room, displaced: tuple[Span, str]) -> None:
    span, _booking = displaced
    by = next(iter(made.people.desk), None)
    row = BookingsClosure(
        uid=crypto.new_uid(), district_id=made.district_id, venue_id=room.venue_id, room_id=room.id,
        starts_at=span.start, ends_at=span.end, reason="投影设备检修，停用半天", closed_by=by,
        closed_at=made.now - timedelta(hours=20),
    )  # fmt: skip
    session.add(row)
    session.flush()
    claims.reserve(
        claims.Holder(CLOSURE, row.id),
        of_room(room, span, before=0, after=0, kind="closed"),
        district_id=made.district_id,
    )


def _for_wishes(made: Rows, room: Room, days: Sequence[tuple[date, int]]) -> list[Span]:
    """Book a time that others wait for, and keep one free that is being offered."""
    day, opens = _after(days, 7)
    wanted = Span(start=clock.at(day, opens), end=clock.at(day, opens + 60))
    made.add(room, wanted.start, wanted.end, state="approved", title="健康讲座", headcount=40, booker=None)
    day, opens = _after(days, 8)
    offered = Span(start=clock.at(day, opens), end=clock.at(day, opens + 90))
    made.taken |= {
        (one.unit_id, slot) for one in of_room(room, offered, before=0, after=0) for slot in one.span
    }
    return [wanted, offered]


def _wishes(
    made: Rows,
    room: Room,
    waits: Sequence[Span],
    displaced: tuple[Span, str],
    people: People,
) -> None:
    wanted, offered = waits
    bookers = people.bookers
    names: list[tuple[int | None, int | None, str]] = [
        (one.account_id, one.organization_id, one.name) for one in bookers
    ] or [(None, None, "王师傅")]
    until = datetime.combine(clock.today() + timedelta(days=1), MORNING, clock.SHANGHAI)
    shared = {"district_id": made.district_id, "room_id": room.id, "headcount": 20, "version": 1}
    plan = [(wanted, who, "waiting") for who in names[1:3] or names[:1]]
    plan.append((offered, names[0], "offered"))
    planned = []
    for number, (span, (account, place, name), state) in enumerate(plan):
        planned.append(
            {
                **shared, "uid": crypto.new_uid(), "starts_at": span.start, "ends_at": span.end,
                "account_id": account, "organization_id": place, "title": "读书会", "contact_name": name,
                "ahead": False, "state": state, "joined_at": made.now - timedelta(hours=30 - number),
                "offered_at": made.now - timedelta(minutes=30) if state == "offered" else None,
                "hold_until": min(until, span.start) if state == "offered" else None, "occurrence_id": None,
            }
        )  # fmt: skip
    span, uid = displaced
    lost = session.scalars(
        select(BookingsOccurrence)
        .join(BookingsBooking, BookingsBooking.id == BookingsOccurrence.booking_id)
        .where(BookingsBooking.uid == uid)
    ).one()
    account, place, name = names[-1]
    planned.append(
        {
            **shared, "uid": crypto.new_uid(), "starts_at": span.start, "ends_at": span.end,
            "account_id": account, "organization_id": place, "title": "企业座谈会", "contact_name": name,
            "ahead": True, "state": "waiting", "joined_at": made.now - timedelta(hours=20),
            "offered_at": None, "hold_until": None, "occurrence_id": lost.id,
        }
    )  # fmt: skip
    session.execute(insert(BookingsWish), planned)
    offer = session.scalars(
        select(BookingsWish).where(
            BookingsWish.state == "offered", BookingsWish.district_id == made.district_id
        )
    ).one()
    own = of_room(room, offered, before=0, after=0, kind="held")
    claims.reserve(claims.Holder(WISH, offer.id), own, district_id=made.district_id)


def _visits(
    made: Rows, room: Room, days: Sequence[tuple[date, int]]
) -> list[tuple[str, str, str, int | None]]:
    """Write the bookings of visits; return (booking, group, what they want, guide) of each."""
    guides = _guides(made)
    plan = [
        (_before(days, 6), "completed", 0), (_before(days, 2), "completed", 1),
        (_after(days, 2), "approved", 0), (_after(days, 4), "approved", 1),
        (_after(days, 6), "requested", None), (_after(days, 9), "requested", None),
    ]  # fmt: skip
    found = []
    for number, ((day, opens), state, guide) in enumerate(plan):
        group = GROUPS[number]
        start, end = clock.at(day, opens), clock.at(day, opens + 90)
        extra = []
        if guide is not None:
            extra = [of_piece(guides[guide].unit_id, 15, Span(start=start, end=end))]
        booking = made.book(
            room, title=f"参观接待：{group}", headcount=25, way="visit",
            booker=made.people.bookers[number % len(made.people.bookers)] if made.people.bookers else None,
        )  # fmt: skip
        made.time(booking, room, start, end, state=state, extra=extra)
        wants = ("党建展厅和图书阅览室", "想了解非公党建的做法", "孩子多，请讲得有趣些")[number % 3]
        found.append((booking, group, wants, None if guide is None else guides[guide].id))
    return found


def _guides(made: Rows) -> list[BookingsGuide]:
    found = []
    for name in GUIDES:
        unit = claims.make_unit(district_id=made.district_id, owner=OWNER, label="guide")
        guide = BookingsGuide(district_id=made.district_id, unit_id=unit.id, name=name)
        session.add(guide)
        found.append(guide)
    session.flush()
    return found


def _visit_rows(made: Rows, visits: Sequence[tuple[str, str, str, int | None]]) -> None:
    ids = {uid: row_id for uid, row_id in session.execute(select(BookingsBooking.uid, BookingsBooking.id))}
    session.execute(
        insert(BookingsVisit),
        [
            {"district_id": made.district_id, "booking_id": ids[uid], "group_name": group, "wants": wants,
             "with_guide": number != 5, "guide_id": guide}
            for number, (uid, group, wants, guide) in enumerate(visits)
        ],
    )  # fmt: skip
