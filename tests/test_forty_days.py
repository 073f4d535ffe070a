"""A whole installation whose clock is forty days ahead, and then right again (promise 14).

Two districts with every plugin's records, people logged in, and the worker's periodic jobs; nothing is
called by hand that the worker would not call. With real processes: tests/machines/test_clock.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from plugins.dues.models import DuesObligation
from portal import clock, health, jobs
from portal.audit import seals
from portal.crypto import new_uid
from portal.database import everything, session, transaction
from portal.health import backups
from portal.identity.models import Grant
from portal.jobs.models import JobRow as Job
from portal.jobs.worker import plan
from portal.ledger.models import Book
from portal.ledger.verify import verify as verify_book
from portal.members.models_delegation import Delegation
from portal.testing import World
from tests.guards import walk
from tests.guards.town import Side, Town
from tests.identity.conftest import Visitor, codes_sent

AHEAD = timedelta(days=40)
PHONE = "10000000041"


class House:
    """A town at work, with what ends within forty days."""

    def __init__(self, world: World, app: Flask) -> None:
        self.town = Town(world, app)
        self.side: Side = self.town.left
        self.slots: dict[str, str] = {}
        member = self.side.members[3]
        self.account = world.account(world.member(self.side.branch, phone=PHONE), phone=PHONE)
        self.helper = world.account()
        soon = clock.today() + timedelta(days=20)
        self.grown = world.account()
        here, branch, number = self.side.district.id, self.side.branch.id, member.id
        with world.writing(self.side.district), transaction():
            session.execute(
                insert(Grant).values(
                    district_id=here,
                    account_id=self.grown.id,
                    role="desk",
                    valid_from=date(2020, 1, 1),
                    valid_to=soon,
                    granted_at=clock.now(),
                )
            )
            now = clock.now()
            helped = Delegation(
                uid=new_uid(),
                district_id=here,
                member_id=number,
                account_id=self.helper.id,
                organization_id=branch,
                label="王**",
                asked_index="x",
                relation="child",
                purposes=["dues.pay"],
                state="active",
                asked_by=self.helper.id,
                asked_at=now,
                agreed_at=now,
                consented_at=now,
                valid_from=clock.today(),
                valid_to=soon,
            )
            session.add(helped)
            backups.note(now)
        session.remove()

    def work(self) -> None:
        """Let the worker do what is due, twice: the second time there must be nothing more."""
        for _again in range(2):
            plan(self.slots)
            jobs.run_due()
            session.remove()

    def path(self, rest: str) -> str:
        return f"/d/{self.side.district.code}{rest}"


@pytest.fixture
def house(world: World, app: Flask) -> Iterator[House]:
    # At noon, whatever the hour of the run: a daily job is not due before its time of the day.
    with clock.moved(clock.at(clock.today(), 12 * 60) - clock.now()):
        yield House(world, app)


def months() -> Counter[tuple[int, str]]:
    with everything():
        table: Any = DuesObligation.__table__.c
        found = Counter(map(tuple, session.execute(select(table.member_id, table.month)).all()))
        session.rollback()
    return found


def books_hold() -> None:
    with everything():
        for book in session.scalars(select(Book)):
            assert verify_book(book) == []
        session.rollback()
    report = seals.verify()
    session.rollback()
    assert report.problems == [] and report.sealed > 0


def dead() -> list[tuple[str, str]]:
    with everything():
        found = select(Job.name, Job.last_error).where(Job.state == "dead")
        rows = [tuple(row) for row in session.execute(found)]
        session.rollback()
    return rows


def ended(why: str) -> int:
    with everything():
        found = session.scalar(select(func.count()).select_from(Delegation).where(Delegation.end_why == why))
        session.rollback()
    return int(found or 0)


def test_forty_days_ahead_and_back(house: House, world: World, app: Flask) -> None:
    town, side = house.town, house.side
    house.work()
    now, before = clock.month(), months()
    member, desk = world.browser(house.account), world.browser(house.grown)
    assert member.get(house.path("/me/")).status_code == 200
    assert desk.get(house.path("/desk/members")).status_code == 200
    visitor = Visitor(app, world.browser())
    visitor.ask(PHONE)
    (early,) = codes_sent(PHONE)
    assert ended("date") == 0 and before

    with clock.moved(AHEAD):
        assert clock.month() != now
        # Nobody is still let in: sessions, codes and roles past their day.
        assert member.get(house.path("/me/")).status_code == 303
        assert visitor.type_code(early).status_code in (303, 422)
        assert visitor.get(house.path("/me/")).status_code == 303
        assert world.browser(house.grown).get(house.path("/desk/members")).status_code == 404
        house.work()
        caught = months()
        assert set(caught.values()) == {1}, "a month stands there once"
        assert {month for _member, month in caught} == {month for _m, month in before} | _since(now)
        assert ended("date") == 1
        told = {check.name: check for check in health.examine().checks}
        assert not told["backup"].ok, "the last backup is forty days old"
        assert dead() == []
        # Every page of somebody with every role opens.
        browser = town.browser(side, "all")
        for rule in town.rules("GET", inside=True):
            answer = walk.ask(browser, town.path(rule, side))
            assert answer is not None and answer.status_code < 500, rule.rule
        books_hold()
        late = Visitor(app, world.browser())
        assert late.log_in(PHONE).status_code == 303
        assert late.get(house.path("/me/")).status_code == 200
        waiting = Visitor(app, world.browser(), "198.51.100.9")
        waiting.ask(PHONE)
        unused = codes_sent(PHONE)[0]
        answers = [Visitor(app, world.browser(), f"203.0.113.{n}").ask(PHONE) for n in range(30, 50)]
        assert answers[-1].status_code == 429, "as many as there may be"

    # Right again: nothing is lost, nothing is there twice, and nothing of the time ahead lets anybody in.
    house.work()
    assert months() == caught and ended("date") == 1 and dead() == []
    assert late.get(house.path("/me/")).status_code == 303, "a session of the time ahead"
    assert waiting.type_code(unused).status_code in (303, 422)
    assert waiting.get(house.path("/me/")).status_code == 303, "a code of the time ahead"
    again = Visitor(app, world.browser(), "203.0.113.5")
    assert again.log_in(PHONE).status_code == 303
    assert again.get(house.path("/me/")).status_code == 200
    browser = town.browser(side, "all")
    for rule in town.rules("GET", inside=True):
        answer = walk.ask(browser, town.path(rule, side))
        assert answer is not None and answer.status_code < 500, rule.rule
    books_hold()


def _since(first: str) -> set[str]:
    """Return the months from ``first`` to the present one."""
    found, day = {clock.month()}, clock.today().replace(day=1)
    while f"{day:%Y-%m}" > first:
        day = (day - timedelta(days=1)).replace(day=1)
        found.add(f"{day:%Y-%m}")
    return found
