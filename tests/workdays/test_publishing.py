"""A changed calendar is a new version; what was in force before stays on record and is never changed."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from portal import workdays
from portal.audit.models import AuditRow
from portal.database import Conflict, everything, session, transaction
from portal.workdays import Entry, add_workdays, publish, read
from portal.workdays.files import shipped
from portal.workdays.models import WorkdayCalendar
from portal.workdays.service import ACTION, ship

SOURCE = '[source]\ntitle = "通知"\nnumber = "国办发明电〔2026〕1号"\nissued = 2026-11-05\n'
NEXT = f"year = 2027\n{SOURCE}" + '[[holiday]]\nname = "元旦"\nfirst = 2027-01-01\nlast = 2027-01-03\n'
#: 2026 as an installation corrected it: the Saturday before Spring Festival is off after all.
OWN_2026 = f"year = 2026\n{SOURCE}" + '[[holiday]]\nname = "元旦"\nfirst = 2026-01-01\nlast = 2026-01-03\n'


def day(said: str, where: str = "id IS NOT NULL") -> str:
    """Return what writes a day by hand, past the portal."""
    values = f"SELECT {said} FROM workday_calendar WHERE {where}"  # noqa: S608  the words of this file
    return f"INSERT INTO workday_day (calendar_id, day, kind, name) {values}"


@pytest.fixture(autouse=True)
def _here(app: Flask) -> None:
    """Write into a database with the shipped years."""


def trail() -> list[dict[str, Any]]:
    with everything():
        found = session.scalars(
            select(AuditRow.detail).where(AuditRow.action == ACTION).order_by(AuditRow.id)
        )
        return list(found)


def test_the_same_calendar_twice_changes_nothing() -> None:
    first = publish(read(NEXT), by=None)
    assert (first.new, first.changed, first.version, len(first.days)) == (True, True, 1, 3)
    again = publish(read(NEXT), by=None)
    assert (again.new, again.changed, again.version, again.days) == (False, False, 1, {})
    assert trail() == [{"year": 2027, "version": 1, "origin": "own", "days": 3}]


def test_a_changed_calendar_is_a_version_that_says_what_changed() -> None:
    publish(read(NEXT), by=None)
    deadline = add_workdays(date(2026, 12, 31), 1)
    changed = NEXT.replace("last = 2027-01-03", "last = 2027-01-04\nwork = [2027-01-09]").replace(
        "1号", "2号"
    )
    dry = workdays.compare(read(changed))
    done = publish(read(changed), by=None)
    assert dry == done
    assert (done.version, done.new, done.source_changed) == (2, False, True)
    assert done.days == {
        date(2027, 1, 4): (None, Entry(kind="off", name="元旦")),
        date(2027, 1, 9): (None, Entry(kind="work", name="元旦")),
    }
    assert (deadline, add_workdays(date(2026, 12, 31), 1)) == (date(2027, 1, 4), date(2027, 1, 5))
    before, after = workdays.published(2027, 1), workdays.published(2027)
    assert before and after and (before.version, after.version) == (1, 2)
    assert (before.source.number, after.source.number) == ("国办发明电〔2026〕1号", "国办发明电〔2026〕2号")
    assert (len(before.days), len(after.days)) == (3, 5)
    # Back to what stood first is a third version, not the first one again.
    assert publish(read(NEXT), by=None).version == 3
    assert [one["version"] for one in trail()] == [1, 2, 3]


def test_shipping_again_changes_nothing_and_never_overwrites_an_own_year() -> None:
    assert ship() == []
    assert publish(read(OWN_2026), by=None).version == 2
    assert ship() == []
    found = workdays.published(2026)
    assert found and (found.version, found.origin, len(found.days)) == (2, "own", 3)


def test_a_year_that_comes_along_later_leaves_the_own_one_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    publish(read(NEXT), by=None)
    other = read(NEXT.replace("last = 2027-01-03", "last = 2027-01-04"))
    monkeypatch.setattr("portal.workdays.files.shipped", lambda: [other])
    assert ship() == []
    found = workdays.published(2027)
    assert found and (found.version, found.origin, len(found.days)) == (1, "own", 3)


def test_a_correction_that_comes_along_replaces_only_what_came_along(monkeypatch: pytest.MonkeyPatch) -> None:
    corrected = read(OWN_2026)
    monkeypatch.setattr("portal.workdays.files.shipped", lambda: [corrected])
    assert trail() == []
    assert [(one.year, one.version) for one in ship()] == [(2026, 2)]
    assert [(one["version"], one["origin"]) for one in trail()] == [(2, "shipped")]
    assert ship() == []
    # An older copy of the portal that upgrades once more does not bring its own back.
    monkeypatch.setattr("portal.workdays.files.shipped", shipped)
    assert ship() == []
    found = workdays.published(2026)
    assert found and (found.version, found.origin) == (2, "shipped")


def test_a_year_is_written_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.audit.record", lambda *_a, **_k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish(read(NEXT), by=None)
    assert not workdays.known(2027)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE workday_calendar SET number = 'x'",
        "DELETE FROM workday_calendar",
        "UPDATE workday_day SET kind = 'work'",
        "DELETE FROM workday_day",
        # A version twice.
        "INSERT INTO workday_calendar (year, version, title, number, issued_on, url, from_memory, origin,"
        " published_at) SELECT year, version, title, number, issued_on, url, from_memory, origin,"
        " published_at FROM workday_calendar",
        # A day twice, a day of another year, a make-up day in the week, a kind there is not.
        "INSERT INTO workday_day (calendar_id, day, kind, name)"
        " SELECT calendar_id, day, kind, name FROM workday_day",
        day("id, '2024-03-03', 'off', 'x'"),
        day("id, '2026-03-04', 'work', 'x'", "year = 2026"),
        day("id, '2026-03-04', 'half', 'x'", "year = 2026"),
    ],
)
def test_the_database_refuses(statement: str) -> None:
    with pytest.raises(DatabaseError), transaction():
        session.execute(text(statement))


def test_the_database_takes_a_made_up_weekend() -> None:
    with transaction():
        session.execute(text(day("id, '2026-03-07', 'work', 'x'", "year = 2026")))


def test_eight_who_publish_a_year_at_once_make_a_row_of_versions(app: Flask) -> None:
    """Each either makes the next version or is told; no version twice, none left out."""
    gate, told, made = threading.Barrier(8), [], []
    session.rollback()

    def press(number: int) -> None:
        calendar = read(NEXT.replace("1号", f"{number + 1}号"))
        with app.app_context():
            gate.wait()
            try:
                made.append(publish(calendar, by=None).version)
            except Conflict:
                told.append(number)
            session.remove()

    pressing = [threading.Thread(target=press, args=(number,)) for number in range(8)]
    for thread in pressing:
        thread.start()
    for thread in pressing:
        thread.join()
    assert len(made) + len(told) == 8 and made
    assert sorted(made) == list(range(1, len(made) + 1))
    count = select(func.count()).where(WorkdayCalendar.year == 2027)
    assert session.scalar(count) == len(made) == len(trail())


def test_machines_that_ship_at_once_ship_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.workdays.files.shipped", lambda: [read(NEXT)])
    gate, made = threading.Barrier(6), []
    session.rollback()

    def upgrade() -> None:
        with app.app_context():
            gate.wait()
            made.extend(ship())
            session.remove()

    upgrading = [threading.Thread(target=upgrade) for _ in range(6)]
    for thread in upgrading:
        thread.start()
    for thread in upgrading:
        thread.join()
    assert [one.version for one in made] == [1]
    assert workdays.span(date(2027, 1, 1), date(2027, 1, 1) + timedelta(days=3))[date(2027, 1, 4)].is_workday
