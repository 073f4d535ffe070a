"""Real worker processes: killed in the middle of a job, two at once, and told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.database import session, transaction
from portal.jobs import enqueue
from portal.jobs.models import JobRow
from portal.testing.process import worker
from tests import house
from tests.jobs import worker_house

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setenv("HOUSE_DIR", str(tmp_path))
    app = worker_house.build()
    with app.app_context():
        house.furnish()
        yield app
        house.leave()


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def run(threads: int = 1) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.jobs.worker_house", str(threads)]
        running.append(subprocess.Popen(command, cwd=Path(__file__).parents[2], env=os.environ.copy()))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.wait()


def lines(tmp_path: Path) -> list[str]:
    path = tmp_path / "runs.log"
    return path.read_text().splitlines() if path.exists() else []


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)
        session.rollback()


def count(state: str) -> int:
    found = session.execute(
        select(func.count()).where(JobRow.state == state, JobRow.name == "work.note")
    ).scalar_one()
    session.rollback()
    return found


def test_worker_killed_in_a_job_another_one_runs_it_again(app: Flask, start: Start, tmp_path: Path) -> None:
    with transaction():
        enqueue("work.note", {"n": 1, "sleep": 60, "once": True})
    first = start()
    until(lambda: len(lines(tmp_path)) == 1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = start()
    until(lambda: count("done") == 1)
    assert [line.split()[0] for line in lines(tmp_path)] == ["start", "start", "end"]
    assert lines(tmp_path)[-1].endswith(str(second.pid))


def test_two_workers_share_the_work_and_run_nothing_twice(app: Flask, start: Start, tmp_path: Path) -> None:
    with transaction():
        for number in range(60):
            # Some last longer than the lease of one second: it must be renewed.
            enqueue("work.note", {"n": number, "sleep": 1.8 if number < 2 else 0})
    start(2), start(2)
    until(lambda: count("done") == 60, seconds=40)
    runs = Counter(line.split()[1] for line in lines(tmp_path) if line.startswith("start"))
    assert runs == {str(number): 1 for number in range(60)}
    assert len({line.split()[2] for line in lines(tmp_path)}) == 2


def test_worker_told_to_stop_ends_its_job_first(app: Flask, start: Start, tmp_path: Path) -> None:
    with transaction():
        enqueue("work.note", {"n": 1, "sleep": 1.5})
        enqueue("work.note", {"n": 2})
    worker = start()
    until(lambda: len(lines(tmp_path)) == 1)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert (count("done"), count("ready")) == (1, 1)


def test_a_worker_that_does_not_start_is_said_in_time(tmp_path: Path):
    """Neither one that ends by itself nor one that hangs at its start hangs the tests."""
    with pytest.raises(RuntimeError, match="the worker ended: .*\\S"), worker(tmp_path):
        pass
    with (
        pytest.raises(RuntimeError, match="not ready within 0 seconds"),
        worker(tmp_path, within=0),
    ):
        pass
