"""A demo of its own, served on granian with one worker, with people who are logged in."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from portal import database
from portal.app import create_app
from portal.cli.db import upgrade_schema
from portal.config import ROOT
from portal.database import everything, session
from portal.demo import place
from portal.demo.installation import prepare
from portal.demo.load import load
from portal.identity.models import Account
from portal.testing import World


@dataclass
class House:
    """The loaded demo, its address, and the id of the process that does the work."""

    app: Flask
    url: str
    port: int
    worker: int
    cookies: dict[str, str]


@contextmanager
def built(folder: Path) -> Iterator[tuple[Flask, int]]:
    """Load a demo into ``folder``; yields the application, its context open, and the port to serve on."""
    port = free_port()
    os.environ["PORTAL_DATA"] = str(folder)
    os.environ["PORTAL_FINDS_A_MINUTE"] = "0"  # all of it comes from one address
    os.environ["PORTAL_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    here = place.place()
    prepare(here)
    place.use(here)
    app = create_app()
    with app.app_context():
        upgrade_schema()
        load(here)
        with everything(), database.transaction():
            session.connection().exec_driver_sql("CREATE TABLE bench_row (id INTEGER PRIMARY KEY, text TEXT)")
        session.remove()
        yield app, port
        session.remove()
        database.db.engine.dispose()


@contextmanager
def served(app: Flask, port: int) -> Iterator[House]:
    """Serve it with one worker and one thread, so that one process pays for everything measured."""
    with running(port, dict(os.environ)) as worker:
        session.remove()
        yield House(app, f"http://127.0.0.1:{port}", port, worker, logged_in(app, ("member", "secretary")))


@contextmanager
def running(port: int, environment: dict[str, str], *, workers: int = 1, threads: int = 1) -> Iterator[int]:
    """Let a server of its own answer on ``port``; yields the id of the process that does the (most) work."""
    argv = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    argv += [
        "--workers",
        str(workers),
        "--blocking-threads",
        str(threads),
        "--log-level",
        "warning",
        "bench.server:application",
    ]
    server = subprocess.Popen(argv, cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT)})
    try:
        _wait(f"http://127.0.0.1:{port}/__bare")
        yield _child_of(server.pid)
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def logged_in(app: Flask, keys: Iterable[str]) -> dict[str, str]:
    """Return the session cookie of some demo accounts by their key."""
    found = {}
    name: str = app.config["SESSION_COOKIE_NAME"]
    world = World(app)
    for key in keys:
        with everything():
            account = session.execute(select(Account).where(Account.username == key)).scalar_one()
        client: Any = world.browser(account)
        found[key] = f"{name}={client.get_cookie(name).value}"
    session.remove()
    return found


def _child_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    # Python's resource tracker is a child too; the worker is the one that has used the processor most.
    return max((int(child) for child in children), key=processor_time)


def processor_time(pid: int) -> float:
    """Return the processor time of a process, its threads included, in seconds."""
    # Linux gives every process a clock of its own (clock_getcpuclockid); /proc counts only in hundredths.
    return time.clock_gettime((~pid << 3) | 2)


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server does not answer")
