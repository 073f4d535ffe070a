"""The house of the worker processes in test_processes.py: ``python -m tests.jobs.worker_house``."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from portal.jobs import Worker
from portal.plugin import Job
from tests import house


def note(payload: Mapping[str, Any]) -> None:
    """Leave one line per run, and wait for as long as the payload says."""
    path = Path(os.environ["HOUSE_DIR"]) / "runs.log"
    with path.open("a") as file:
        file.write(f"start {payload['n']} {os.getpid()}\n")
    time.sleep(payload.get("sleep", 0) if not payload.get("once") or _first(payload) else 0)
    with path.open("a") as file:
        file.write(f"end {payload['n']} {os.getpid()}\n")


def _first(payload: Mapping[str, Any]) -> bool:
    lines = (Path(os.environ["HOUSE_DIR"]) / "runs.log").read_text().splitlines()
    return sum(line.startswith(f"start {payload['n']} ") for line in lines) == 1


def build() -> Flask:
    """Return the application with the one job ``work.note`` and a lease of one second."""
    wiring = {"plugin_jobs": {"work": [Job(name="work.note", run=note)]}}
    return house.build(Path(os.environ["HOUSE_DIR"]), wiring=wiring, JOBS_LEASE=1.0, JOBS_POLL=0.05)


if __name__ == "__main__":
    worker = Worker(build(), threads=int(sys.argv[1]), grace=5)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.start()
    worker.wait()
