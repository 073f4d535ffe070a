"""Fixtures of the bookings: a district with a center, rooms, a hall made of two, and people who want them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import g
from sqlalchemy import select

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsOccurrence, BookingsRoom
from plugins.bookings.queries import places as reads
from plugins.bookings.service import asking, places
from plugins.bookings.service.asking import Contact, Wanted
from plugins.bookings.tests import slots
from plugins.bookings.verdicts import Span
from portal.api import Actor, clock, session, settings
from portal.testing import World

#: A Monday; the year's calendar is known.
TODAY = date(2026, 3, 2)
ALL_DAY = {"opens": 8 * 60, "closes": 22 * 60}


@pytest.fixture
def march() -> Iterator[None]:
    """Hold the clock on Monday, 2 March 2026, at ten."""
    with clock.frozen(TODAY):
        yield


def at(day: int, hour: int, minute: int = 0, *, month: int = 3) -> datetime:
    """Return an instant of March 2026 by the clock of Shanghai."""
    return datetime(2026, month, day, hour, minute, tzinfo=clock.SHANGHAI)


def span(day: int, start: int, end: int, *, month: int = 3) -> Span:
    """Return a time of whole hours on a day of March 2026."""
    return Span(start=at(day, start, month=month), end=at(day, 0, month=month) + timedelta(hours=end))


@dataclass
class Center:
    """A center that is open every day from 8 to 22, with a room and a hall made of two others."""

    world: World
    district: Any = None
    venue: Any = None
    _rooms: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.district = self.district or self.world.district()
        self.ref = self.world.ref(self.district)
        with self.inside():
            self.venue = places.make_venue(
                kind="center",
                name="测试党群服务中心",
                address="测试路1号",
                hours=[{"kind": "work", **ALL_DAY}, {"kind": "off", **ALL_DAY}],
                by=None,
            )
            for row in session.scalars(select(places.BookingsHours)):
                row.valid_from = date(2020, 1, 1)
            session.commit()
            self.add("培训室", "training", 30, 40)
            a, b = self.add("东厅", "party", 40, 50), self.add("西厅", "party", 40, 50)
            self.add("大厅", "hall", 80, 100, parts=[a, b])
            settings.put(self.district.id, "bookings.approval", "auto", by=None)

    def add(
        self, name: str, kind: str, seats: int, limit: int, *, parts: list[BookingsRoom] | None = None
    ) -> Any:
        """Add a room."""
        made = places.make_room(
            self.venue, kind=kind, name=name, capacity=seats, fire_limit=limit, parts=parts or (), by=None
        )
        self._rooms[name] = made.id
        return made

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Work in the district, as a request would."""
        before = g.get("district")
        g.district = self.ref
        try:
            with self.world.writing(self.district):
                yield
        finally:
            g.district = before

    def room(self, name: str = "培训室") -> reads.Room:
        """Return a room as verbs see it."""
        found = reads.room(id=self._rooms[name])
        assert found is not None
        return found

    def room_id(self, name: str) -> int:
        """Return the id of a room, wherever one stands."""
        return self._rooms[name]

    def setting(self, name: str, value: Any) -> None:
        """Let the district decide something."""
        settings.put(self.district.id, f"bookings.{name}", value, by=None)

    def wanted(self, *spans: Span, room: str = "培训室", **values: Any) -> Wanted:
        """Return what somebody wants; asked for by nobody's account unless ``asker`` says so."""
        values.setdefault("asker", Asker(staff=True))
        return Wanted(
            room=self.room(room),
            spans=spans,
            title=values.pop("title", "支部学习"),
            headcount=values.pop("headcount", 10),
            contact=values.pop("contact", Contact(name="王测")),
            **values,
        )

    def book(self, *spans: Span, skip: bool = False, by: int | None = None, **values: Any) -> Any:
        """Book it; return the booking."""
        return asking.ask(self.wanted(*spans, **values), skip=skip, by=by)

    def times(self, booking: Any = None) -> list[BookingsOccurrence]:
        """Return the occurrences, of one booking or all, in their order."""
        found = select(BookingsOccurrence).order_by(BookingsOccurrence.id)
        if booking is not None:
            found = found.where(BookingsOccurrence.booking_id == booking.id)
        return list(session.scalars(found.execution_options(populate_existing=True)))

    def room_name(self, room_id: int) -> str:
        """Return what a room is called."""
        return next(name for name, known in self._rooms.items() if known == room_id)

    def equipment(self, name: str, pieces: int) -> int:
        """Add a kind of equipment; return its id."""
        return int(places.make_equipment(self.venue, name=name, pieces=pieces, by=None).id)

    def pieces_are_had_once(self) -> None:
        """Every living booking has as many pieces as it wanted, for its time and no other."""
        assert slots.pieces_wrong() == []

    def staff(self, role: str = "desk") -> Actor:
        """Return somebody of the district's staff, as its verbs see who acts."""
        return self.world.actor(self.world.account(role=role, district=self.district), self.district)

    def owns_its_slots(self) -> None:
        """Every living occurrence has exactly its slots, and nothing else has any."""
        assert slots.wrong() == []


@pytest.fixture
def center(world: World, march: None) -> Center:
    """Return a center in March 2026."""
    return Center(world)


@pytest.fixture
def inside(center: Center) -> Iterator[Center]:
    """Return a center, and work in its district."""
    with center.inside():
        yield center
