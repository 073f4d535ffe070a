"""With a worker at work: whoever waits has the offer within a minute (criterion 12)."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsOccurrence, BookingsWish
from plugins.bookings.service import waiting
from plugins.bookings.tests.conftest import Center
from plugins.bookings.verdicts import Span
from portal.api import Model, clock, session
from portal.testing import World
from portal.testing.process import worker

MINUTE = timedelta(seconds=60)


@pytest.mark.hard
def test_from_the_end_of_a_request_to_the_offer(world: World, data_dir: Path):
    """Nothing is called by hand: the time a request is held runs out while the worker runs."""
    center = Center(world)
    day = clock.today() + timedelta(days=3)
    when = Span(start=clock.at(day, 9 * 60), end=clock.at(day, 10 * 60))
    first, second = world.account().id, world.account().id
    with center.inside():
        center.setting("approval", "ask")
        center.setting("waiting_list", True)
        center.book(when, asker=Asker(account_id=first), by=first)
        wish = waiting.join(center.wanted(when, asker=Asker(account_id=second)), by=second)
        number = wish.id
    with worker(data_dir):
        # Only now, so that the end falls somewhere between two looks of the worker and not on its first.
        end = clock.now() + timedelta(seconds=7)
        with center.inside():
            session.execute(update(BookingsOccurrence).values(answer_by=end))
            session.commit()
        while clock.now() < end + MINUTE and _state(center, number) == "waiting":
            time.sleep(0.5)
    with center.inside():
        found = session.get_one(BookingsWish, number)
        assert found.state == "offered" and found.offered_at is not None
        assert end <= found.offered_at <= end + MINUTE
        assert [row.state for row in center.times()] == ["lapsed"]
        notice = Model.metadata.tables["notice"].c
        sent = session.execute(
            select(notice.template, notice.account_id).where(
                notice.template.in_(["bookings.lapsed", "bookings.offered"])
            )
        )
        assert sorted(map(tuple, sent)) == [("bookings.lapsed", first), ("bookings.offered", second)]
        center.owns_its_slots()


def _state(center: Center, number: int) -> str:
    with center.inside():
        found = session.scalar(select(BookingsWish.state).where(BookingsWish.id == number))
        session.rollback()
    return str(found)
