"""The queue's promises within one process: rollback, back-off, dead letters, dedupe, slots, switches."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock, database, jobs
from portal.database import session, transaction
from portal.jobs import Postpone, Refuse, Worker, enqueue, run_due, service
from portal.jobs.models import JobRow
from portal.jobs.worker import plan
from portal.plugin import Job
from tests import house

NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)
done: list[Any] = []
where_on: dict[str, set[int]] = {}


def work(payload: Mapping[str, Any]) -> None:
    done.append((payload, database.read_scope(), database.write_scope()))


def fall(payload: Mapping[str, Any]) -> None:
    raise RuntimeError("no answer for 10012345678")


def refuse(payload: Mapping[str, Any]) -> None:
    raise Refuse("bad template")


def wait(payload: Mapping[str, Any]) -> None:
    if not done:
        done.append("asked")
        raise Postpone(clock.now() + timedelta(hours=9))


def half(payload: Mapping[str, Any]) -> None:
    session.add(JobRow(name="x", payload={}, not_before=clock.now(), created_at=clock.now()))
    session.flush()


def count_up(payload: Mapping[str, Any]) -> None:
    jobs.progress(3, 10)


JOBS = [
    Job(name="work.do", run=work),
    Job(name="work.fall", run=fall),
    Job(name="work.refuse", run=refuse),
    Job(name="work.wait", run=wait),
    Job(name="work.half", run=half),
    Job(name="work.count", run=count_up),
    Job(name="work.hourly", run=work, every=3600),
    Job(name="work.local", run=work, every=3600, per_district=True),
    Job(name="work.money", run=work, always=True),
]


def switched_on(district_id: int, plugin: str) -> bool:
    return district_id in where_on[plugin]


def districts_of(plugin: str | None) -> set[int]:
    return {1, 2} if plugin is None else where_on[plugin]


@pytest.fixture(autouse=True)
def app(tmp_path: Path) -> Iterator[Flask]:
    done.clear()
    where_on.update(work={1, 2})
    app = house.build(
        tmp_path,
        wiring={"plugin_jobs": {"work": JOBS}, "districts_of": districts_of, "switched_on": switched_on},
    )
    with app.app_context():
        house.furnish()
        yield app
        house.leave()


def put(name: str, payload: dict[str, Any] | None = None, **options: Any) -> int | None:
    with transaction():
        return enqueue(name, payload, **options)


def row(job_id: int | None) -> JobRow:
    session.rollback()
    found = session.execute(select(JobRow).where(JobRow.id == job_id)).scalar_one()
    session.refresh(found)
    session.rollback()
    return found


def test_enqueue_rolled_back_leaves_nothing() -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        enqueue("work.do", {"n": 1})
        _ = 1 // 0
    assert run_due() == 0
    assert session.execute(select(JobRow)).all() == []


def test_enqueue_outside_a_transaction_or_misspelt_is_refused() -> None:
    with pytest.raises(RuntimeError):
        enqueue("work.do")
    with pytest.raises(LookupError), transaction():
        enqueue("work.doo")


def test_enqueue_same_key_is_the_same_work_even_when_done() -> None:
    first = put("work.do", {"n": 1}, dedupe_key="a")
    assert first is not None
    assert put("work.do", {"n": 1}, dedupe_key="a") is None
    assert run_due() == 1
    assert put("work.do", {"n": 1}, dedupe_key="a") is None
    assert put("work.money", {"n": 1}, dedupe_key="a") is not None


def test_scope_is_the_jobs_district_and_nothing_without_one() -> None:
    put("work.do", {"n": 1}, district_id=2)
    put("work.do", {"n": 2})
    with database.in_scope([1], write=1):
        run_due()
    assert done == [({"n": 1}, frozenset({2}), 2), ({"n": 2}, None, None)]


def test_failing_job_backs_off_and_ends_as_a_dead_letter() -> None:
    with clock.frozen(NOON):
        job_id = put("work.fall")
    at = NOON
    for wait_seconds in (60, 300, 900, 3600, 21600):
        with clock.frozen(at):
            assert (run_due(), run_due()) == (1, 0)
            assert row(job_id).not_before == at + timedelta(seconds=wait_seconds)
        with clock.frozen(at + timedelta(seconds=wait_seconds - 1)):
            assert run_due() == 0
        at += timedelta(seconds=wait_seconds)
    with clock.frozen(at):
        assert run_due() == 1
        assert row(job_id).state == "dead"
        assert [letter.id for letter in jobs.dead()] == [job_id]
        # The error says what happened, without the number.
        assert row(job_id).last_error == "RuntimeError: no answer for #"
        assert jobs.overview() == jobs.Overview(ready=0, running=0, dead=1)
        assert jobs.retry(job_id or 0)
        assert not jobs.retry(job_id or 0)
        assert run_due() == 1
        assert row(job_id).attempts == 1


def test_backoff_can_be_configured(app: Flask) -> None:
    app.config["JOBS_BACKOFF"] = (1,)
    jobs.configure(app, plugin_jobs={"work": JOBS})
    with clock.frozen(NOON):
        job_id = put("work.fall")
        run_due()
    with clock.frozen(NOON + timedelta(seconds=1)):
        run_due()
        assert row(job_id).state == "dead"


def test_refused_job_is_dead_at_once_and_postponed_one_costs_no_try() -> None:
    with clock.frozen(NOON):
        refused, postponed = put("work.refuse"), put("work.wait")
        assert run_due() == 2
        assert row(refused).state == "dead"
        assert (row(postponed).state, row(postponed).attempts) == ("ready", 0)
        assert run_due() == 0
    with clock.frozen(NOON + timedelta(hours=9)):
        assert run_due() == 1
        assert row(postponed).state == "done"


def test_job_that_commits_nothing_leaves_nothing() -> None:
    put("work.half")
    run_due()
    assert session.execute(select(JobRow).where(JobRow.name == "x")).all() == []


def test_switched_off_job_waits_and_is_not_lost() -> None:
    where_on["work"] = {2}
    with clock.frozen(NOON):
        waiting = put("work.do", {"n": 1}, district_id=1)
        put("work.do", {"n": 2}, district_id=2)
        put("work.money", {"n": 3}, district_id=1)
        run_due()
        assert [entry[0]["n"] for entry in done] == [2, 3]
        assert (row(waiting).state, row(waiting).last_error) == ("ready", "switched off")
    where_on["work"] = {1, 2}
    with clock.frozen(NOON + timedelta(minutes=10)):
        run_due()
        assert [entry[0]["n"] for entry in done] == [2, 3, 1]


def test_job_of_a_missing_plugin_waits(app: Flask) -> None:
    job_id = put("work.do", {"n": 1})
    jobs.configure(app)
    run_due()
    assert (row(job_id).state, row(job_id).last_error, row(job_id).attempts) == ("ready", "not installed", 0)


def test_periodic_job_has_one_row_per_slot_whatever_the_workers() -> None:
    with clock.frozen(NOON):
        plan({}), plan({}), plan({})
        run_due()
        assert len([entry for entry in done if entry[1] is None]) == 1
        assert sorted(entry[2] for entry in done if entry[1] is not None) == [1, 2]
    with clock.frozen(NOON + timedelta(hours=1)):
        plan({})
        run_due()
        assert len(done) == 6


def test_job_that_knows_where_it_is_due_visits_no_other_district(app: Flask) -> None:
    due: list[Any] = [set(), {2, 3}, {1}, RuntimeError("what a question")]
    scopes: list[Any] = []

    def due_in() -> set[int]:
        scopes.append((database.read_scope(), database.write_scope()))
        answer = due.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, set)
        return answer

    one = Job(name="work.due", run=work, every=20, per_district=True, due_in=due_in)
    jobs.configure(app, plugin_jobs={"work": [one]}, districts_of=districts_of, switched_on=switched_on)
    visited = []
    for number in range(4):
        with clock.frozen(NOON + timedelta(seconds=20 * number)):
            known: dict[str, str] = {}
            plan(known)
            plan(known)  # asked once a period
            run_due()
        visited.append([home for _payload, _read, home in done if home is not None])
        done.clear()
    # Nowhere; where it is on only; where it is due; and everywhere when nobody can tell.
    assert visited == [[], [2], [1], [1, 2]]
    assert scopes == [(frozenset({1, 2}), None)] * 4
    written = select(JobRow.district_id).where(JobRow.name == "work.due")
    assert sorted(session.scalars(written)) == [1, 1, 2, 2]


def test_sweep_forgets_old_done_jobs_only() -> None:
    with clock.frozen(NOON):
        plan({})
        kept, dead = put("work.do", {"n": 1}, dedupe_key="a"), put("work.refuse")
        run_due()
    with clock.frozen(NOON + timedelta(days=3)):
        assert service.sweep() >= 3
        assert (row(kept).state, row(dead).state) == ("done", "dead")
    with clock.frozen(NOON + timedelta(days=401)):
        assert service.sweep() == 1


def test_urgent_job_overtakes() -> None:
    put("work.do", {"n": 1})
    put("work.do", {"n": 2}, priority=1)
    run_due()
    assert [entry[0]["n"] for entry in done] == [2, 1]


def test_job_whose_worker_always_dies_is_given_up() -> None:
    job_id, at = put("work.do"), clock.now()
    for _ in range(6):
        with clock.frozen(at):
            assert service.claim() is not None  # and then the worker is gone
        at += timedelta(minutes=2)
    with clock.frozen(at):
        run_due()
        assert done == []
        assert (row(job_id).state, row(job_id).last_error) == ("dead", "its worker died each time")


def test_lost_lease_changes_nothing() -> None:
    job_id = put("work.do")
    first = service.claim()
    with clock.moved(timedelta(minutes=2)):
        second = service.claim()
        assert first and second
        assert not service.finish(first)
        assert not service.renew(first)
        assert row(job_id).token == second.token
        assert service.finish(second)


def test_progress_and_queue_age_can_be_seen() -> None:
    with clock.frozen(NOON):
        job_id = put("work.count")
    with clock.frozen(NOON + timedelta(minutes=4)):
        assert jobs.queue_age() == timedelta(minutes=4)
        run_due()
        assert jobs.queue_age() == timedelta()
    assert (row(job_id).progress_done, row(job_id).progress_total) == (3, 10)


def test_hanging_job_is_left_alone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    release, ran = threading.Event(), threading.Event()
    hang = jobs.Declared(name="t.hang", function=lambda p: release.wait(30), timeout=timedelta(seconds=0.3))
    after = jobs.Declared(name="t.after", function=lambda p: ran.set())
    monkeypatch.setattr("portal.jobs.declare._core", {"t.hang": hang, "t.after": after})
    put("t.hang"), put("t.after")
    worker = Worker(app, threads=1)
    worker.start()
    try:
        assert ran.wait(10)
    finally:
        worker.stop()
        release.set()
        worker.wait()


def test_plugin_job_without_its_plugins_name_is_refused(app: Flask) -> None:
    with pytest.raises(ValueError, match=r"must be called work\.something"):
        jobs.configure(app, plugin_jobs={"work": [Job(name="other.do", run=work)]})
    for wrong in ({"every": 20}, {"per_district": True}):
        with pytest.raises(ValueError, match="must have per_district and every"):
            jobs.configure(
                app,
                plugin_jobs={"work": [Job(name="work.due", run=work, due_in=set, **wrong)]},
            )
