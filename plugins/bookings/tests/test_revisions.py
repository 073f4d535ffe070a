"""A town that has booked already is brought to the newest schema with every row it had."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect, text

from plugins.bookings.tests.conftest import Center, span
from portal.api import session
from portal.testing import at_revision

TABLE, INDEX = "bookings_occurrence", "ix_bookings_occurrence_time"


def rows() -> list[Any]:
    return [tuple(row) for row in session.execute(text(f"SELECT * FROM {TABLE} ORDER BY id"))]  # noqa: S608  a constant


def indexes() -> set[str | None]:
    return {one["name"] for one in inspect(session.get_bind()).get_indexes(TABLE)}


def test_0002_an_index_by_time_over_the_bookings_there_are(center: Center):
    with center.inside():
        booked = center.book(span(3, 9, 10), span(10, 9, 10))
        center.book(span(4, 9, 10), room="大厅")
        booked_id = booked.id
        session.commit()
        before = rows()
        session.rollback()
    with at_revision("bookings", "0001"):
        assert INDEX not in indexes()
        with center.inside():
            assert rows() == before and len(before) == 3
            session.rollback()
    assert INDEX in indexes()
    with center.inside():
        assert rows() == before
        center.owns_its_slots()
        assert [one.booking_id for one in center.times()].count(booked_id) == 2
