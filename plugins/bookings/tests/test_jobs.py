"""What time does: answers run out, offers pass on, who did not come, reminders; each of it once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import current_app, g
from sqlalchemy import func, select

from plugins.bookings import jobs
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsOccurrence, BookingsPoint, BookingsWish
from plugins.bookings.queries import due, due_in
from plugins.bookings.service import arriving, changing, deciding, elapsing, places, waiting
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import Span
from portal.api import District, Model, clock, everything, in_scope, session
from portal.testing import World, queries
from portal.testing.crowd import crowd

BOTH = (jobs.tick, jobs.remind)


def run(at_instant: datetime, *, times: int = 2) -> None:
    """Let both jobs run at an instant, as often as a queue that delivers at least once."""
    with clock.frozen(at_instant):
        for _again in range(times):
            for one in BOTH:
                one({})
    session.expire_all()


def notices(template: str) -> list[int]:
    """Return whom a notice went to, in their order."""
    table = Model.metadata.tables["notice"]
    found = select(table.c.account_id).where(table.c.template == f"bookings.{template}")
    return list(session.scalars(found.order_by(table.c.id)))


def states(inside: Center) -> list[str]:
    return [row.state for row in inside.times()]


def asked(inside: Center, *spans: Span, **values: Any) -> Any:
    """Book for an account of its own; return (booking, account id)."""
    account = inside.world.account().id
    asker = Asker(account_id=account)
    return inside.book(*spans, asker=asker, by=account, **values), account


def test_a_request_lapses_when_its_answer_was_due_and_the_next_in_line_has_the_offer(inside: Center):
    inside.setting("approval", "ask")
    inside.setting("waiting_list", True)
    _made, account = asked(inside, span(9, 9, 10))
    other = inside.world.account().id
    waiting.join(inside.wanted(span(9, 9, 10), asker=Asker(account_id=other)), by=other)
    run(at(5, 0) - timedelta(seconds=1))
    assert states(inside) == ["requested"] and notices("lapsed") == []
    run(at(5, 0))
    assert states(inside) == ["lapsed"]
    (wish,) = session.scalars(select(BookingsWish))
    assert wish.state == "offered"
    assert notices("lapsed") == [account] and notices("offered") == [other]
    inside.owns_its_slots()


def test_the_jobs_come_often_enough_for_an_offer_within_a_minute():
    assert {one.name: one.every for one in jobs.JOBS} == {"bookings.tick": 20, "bookings.remind": 300}
    assert all(one.per_district and not one.always and one.due_in for one in jobs.JOBS)


def test_only_districts_in_which_something_is_due_are_visited(center: Center):
    idle, here = Center(center.world), center
    both = {idle.district.id, here.district.id}

    def visited(which: Callable[[], set[int]], instant: datetime) -> set[int]:
        # As the planner asks: of all districts where the plugin is on, and nothing may be written.
        with clock.frozen(instant), in_scope(both):
            found = which()
            session.rollback()
        return found

    def until(instant: datetime, which: Callable[[], set[int]] = due_in.to_do) -> None:
        """Due from an instant on, not a second before, here and not there; done it is due no more."""
        assert visited(which, instant - timedelta(seconds=1)) == set()
        assert visited(which, instant) == {here.district.id}
        with here.inside():
            run(instant)
        assert visited(which, instant) == set()

    with idle.inside():
        # Whoever is there, or comes tomorrow night, is no reason to visit.
        asked(idle, span(30, 9, 12))
        asked(idle, span(31, 20, 21))
    with here.inside():
        here.setting("waiting_list", True)
        made, account = asked(here, span(4, 9, 10))
        other = here.world.account().id
        waiting.join(here.wanted(span(4, 9, 10), asker=Asker(account_id=other)), by=other)
        asked(here, span(31, 9, 12))
    until(at(3, 9), due_in.to_remind)
    with here.inside(), clock.frozen(at(3, 10)):
        (row,) = here.times(made)
        changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=account, staff=False)
    until(at(3, 12))  # the offer
    with here.inside(), clock.frozen(at(3, 12)):
        here.setting("approval", "ask")
        asked(here, span(20, 9, 10))
    until(at(6, 0) - due.BEFORE_DEADLINE, due_in.to_remind)
    until(at(6, 0))  # the answer
    with here.inside(), clock.frozen(at(6, 8)):
        here.setting("approval", "auto")
        asked(here, span(7, 9, 10))
        asked(here, span(8, 9, 10))
    until(at(7, 10))  # over
    with here.inside():
        here.setting("release", True)
    # While somebody is awaited who may lose the room: only their policy says how long.
    assert visited(due_in.to_do, at(8, 9) - timedelta(seconds=1)) == set()
    assert visited(due_in.to_do, at(8, 9)) == {here.district.id}
    with here.inside():
        run(at(8, 9, 15))
        here.owns_its_slots()
    assert visited(due_in.to_do, at(8, 9, 15)) == set()
    # A venue's own word is enough where its district has said nothing.
    assert visited(due_in.to_do, at(30, 9)) == set()
    with idle.inside():
        places.set_policy(idle.venue, None, by=None, release=True)
    assert visited(due_in.to_do, at(30, 9)) == {idle.district.id}


def test_what_is_over_is_completed_where_nobody_is_asked_to_check_in(inside: Center):
    asked(inside, span(3, 9, 10))
    run(at(3, 10) - timedelta(seconds=1))
    assert states(inside) == ["approved"]
    run(at(3, 10))
    assert states(inside) == ["completed"]
    assert session.scalar(select(func.count()).select_from(BookingsPoint)) == 0
    inside.owns_its_slots()


@pytest.mark.parametrize(
    ("release", "points", "at_grace", "at_end", "given"),
    [
        (False, False, "approved", "completed", 0),
        (True, False, "no_show", "no_show", 0),
        (False, True, "approved", "no_show", 1),
        (True, True, "no_show", "no_show", 1),
    ],
)
def test_who_does_not_come_is_a_no_show_as_the_policy_says(
    inside: Center, release: bool, points: bool, at_grace: str, at_end: str, given: int
):
    inside.setting("release", release)
    inside.setting("points", points)
    asked(inside, span(3, 9, 11))
    run(at(3, 9, 15) - timedelta(seconds=1))
    assert states(inside) == ["approved"]
    run(at(3, 9, 15))
    assert states(inside) == [at_grace]
    run(at(3, 11))
    assert states(inside) == [at_end]
    assert [row.halves for row in session.scalars(select(BookingsPoint))] == [2] * given
    inside.owns_its_slots()


def test_the_rest_of_a_no_show_is_free_and_offered(inside: Center):
    inside.setting("release", True)
    inside.setting("waiting_list", True)
    asked(inside, span(3, 9, 12))
    other = inside.world.account().id
    waiting.join(inside.wanted(span(3, 10, 12), asker=Asker(account_id=other)), by=other)
    run(at(3, 9, 15))
    (wish,) = session.scalars(select(BookingsWish))
    assert wish.state == "offered" and notices("missed") != []
    with clock.frozen(at(3, 9, 15)):
        inside.book(Span(start=at(3, 9, 15), end=at(3, 10)))
    inside.owns_its_slots()


def test_one_record_that_cannot_be_done_holds_up_no_other(inside: Center, monkeypatch: pytest.MonkeyPatch):
    for hour in (9, 10, 11):
        asked(inside, span(3, hour, hour + 1))
    spoilt, finish = inside.times()[0].id, elapsing.finish

    def sometimes(row: BookingsOccurrence) -> None:
        if row.id == spoilt:
            raise RuntimeError("spoilt")
        finish(row)

    monkeypatch.setattr(elapsing, "finish", sometimes)
    with pytest.raises(RuntimeError, match="spoilt"):
        run(at(3, 12))
    session.expire_all()
    assert states(inside) == ["approved", "completed", "completed"]


def test_who_checked_in_is_completed_after_the_end(inside: Center):
    inside.setting("release", True)
    inside.setting("points", True)
    made, account = asked(inside, span(3, 9, 10))
    (row,) = inside.times(made)
    with clock.frozen(at(3, 9, 5)):
        arriving.check_in(row, version=row.version, by=account)
    run(at(3, 9, 30))
    assert states(inside) == ["checked_in"]
    run(at(3, 10))
    assert states(inside) == ["completed"]
    assert session.scalar(select(func.count()).select_from(BookingsPoint)) == 0


def test_an_offer_nobody_answers_goes_to_the_next_and_a_wish_ends_with_its_time(inside: Center):
    inside.setting("waiting_list", True)
    made, account = asked(inside, span(3, 9, 10))
    for _number in range(2):
        other = inside.world.account().id
        waiting.join(inside.wanted(span(3, 9, 10), asker=Asker(account_id=other)), by=other)
    (row,) = inside.times(made)
    changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=account, staff=False)

    def wishes() -> list[str]:
        session.expire_all()
        return list(session.scalars(select(BookingsWish.state).order_by(BookingsWish.id)))

    run(at(2, 12) - timedelta(seconds=1))
    assert wishes() == ["offered", "waiting"]
    run(at(2, 12))
    assert wishes() == ["timed_out", "offered"]
    run(at(3, 9))
    assert wishes() == ["timed_out", "past"]
    inside.owns_its_slots()


def test_a_clock_that_jumps_ahead_and_back_does_nothing_twice(inside: Center):
    inside.setting("release", True)
    inside.setting("points", True)
    inside.setting("waiting_list", True)
    inside.setting("approval", "ask")
    made, account = asked(inside, span(3, 9, 10))
    deciding.approve(made, version=made.version, by=inside.world.account().id)
    asked(inside, span(6, 9, 10))
    later = at(2, 10) + timedelta(days=40)
    for instant in (later, at(2, 10), later, at(3, 9, 20), later + timedelta(days=40)):
        run(instant)
    assert states(inside) == ["no_show", "lapsed"]
    # The portal slept through it: perhaps nobody could check in, so nothing is counted.
    assert session.scalar(select(func.count()).select_from(BookingsPoint)) == 0
    assert len(notices("missed")) == 1 and len(notices("lapsed")) == 1
    assert notices("reminder") == [] and notices("counted") == []
    inside.owns_its_slots()


def test_nothing_due_takes_no_lock_and_few_queries(inside: Center):
    asked(inside, span(9, 9, 10))
    jobs.tick({})
    with queries() as seen:
        jobs.tick({})
    assert len(seen) <= 4 and not [one for one in seen if "UPDATE" in str(one) or "FOR" in str(one)]


def at_once(district_id: int) -> str:
    """Run both jobs in a process of its own (for ``crowd``)."""
    world = World(current_app)
    with within(world, district_id), clock.frozen(at(3, 9, 16)):
        for one in BOTH:
            one({})
    return "done"


@contextmanager
def within(world: World, district_id: int) -> Iterator[None]:
    """Work in a district, in a process of its own."""
    with everything():
        district = session.get_one(District, district_id)
        g.district = world.ref(district)
    with world.writing(district):
        yield


def test_many_workers_at_once_do_it_once(inside: Center, data_dir: Path):
    inside.setting("release", True)
    inside.setting("points", True)
    inside.setting("waiting_list", True)
    _made, account = asked(inside, span(3, 9, 12))
    _next, later = asked(inside, span(4, 9, 10))
    other = inside.world.account().id
    waiting.join(inside.wanted(span(3, 10, 12), asker=Asker(account_id=other)), by=other)
    session.commit()
    results = crowd(data_dir, "plugins.bookings.tests.test_jobs:at_once", [inside.district.id] * 6)
    session.expire_all()
    assert results == ["done"] * 6
    assert states(inside) == ["no_show", "approved"]
    assert [row.account_id for row in session.scalars(select(BookingsPoint))] == [account]
    assert notices("counted") == [account] and notices("offered") == [other]
    assert notices("reminder") == [later]
    assert session.scalar(select(func.count()).select_from(BookingsOccurrence)) == 2
    inside.owns_its_slots()
