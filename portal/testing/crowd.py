"""Many real processes that do something at the same instant: for what two people can want at once.

``crowd(data_dir, "plugins.hall.tests.work:book", [{"room": 1}] * 50)`` runs ``book({"room": 1})`` in fifty
processes with an application and a database connection each, all let go by one barrier, and returns what each
returned (plain JSON), in the order of the arguments. An exception comes back as {"error": "Type: words"}.
The work begins with ``with inside(given["district"], given["token"]) as by:``; arguments are plain JSON too.

A function ``warm`` beside ``work`` is called once with all arguments before there are many: what it does it
takes back. Fifty processes that each build every statement anew while they hold SQLite's one lock would try
that, and not who wins.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import g
from sqlalchemy import text

from portal import database
from portal.app import create_app
from portal.database import session
from portal.districts import context
from portal.identity.actor import Actor
from portal.testing import acting
from portal.testing.installation import settings

TIMEOUT = 240
STARTED = "all of them have begun"


def crowd(data_dir: Path, work: str, given: Sequence[Any], *, timeout: int = TIMEOUT) -> list[Any]:
    """Run ``work`` ("module:function") once for each of ``given`` at the same instant; return the results."""
    running = _start(data_dir, work, given)
    try:
        said, wrong = running.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        raise
    if running.returncode:
        raise RuntimeError(wrong[-3000:])
    results: list[Any] = json.loads(said.splitlines()[-1])
    return results


def crash(data_dir: Path, work: str, given: Sequence[Any], *, after: float) -> None:
    """Do the same and kill all of them (``kill -9``) ``after`` seconds of their work."""
    running = _start(data_dir, work, given)
    assert running.stderr is not None
    while STARTED not in running.stderr.readline():
        if running.poll() is not None:
            raise RuntimeError(running.stderr.read()[-3000:])
    time.sleep(after)
    assert running.poll() is None, "they were done before they were killed"
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


@contextmanager
def inside(district_id: int, token: str = "") -> Iterator[Actor]:
    """Stand in a district as a request of it would, with ``district()`` and who acts; for one process's work.

    ``token`` is what ``World.token(account)`` gave the test; without it nobody is logged in.
    """
    g.district = context.ref(district_id)
    g.actor = acting.actor(token, g.district)
    with database.in_scope([district_id], write=district_id):
        yield g.actor


def _start(data_dir: Path, work: str, given: Sequence[Any]) -> subprocess.Popen[str]:
    session.remove()
    running = subprocess.Popen(
        [sys.executable, "-m", "portal.testing.crowd"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, to be killed as a whole
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert running.stdin is not None
    running.stdin.write(json.dumps({"data": str(data_dir), "work": work, "given": list(given)}))
    running.stdin.close()
    running.stdin = None
    return running


def _main() -> None:
    asked = json.load(sys.stdin)
    module, _, name = asked["work"].partition(":")
    # Once for all: what is forked afterwards shares the code, and nothing else.
    app = create_app(settings(Path(asked["data"])))
    work, warm = getattr(import_module(module), name), getattr(import_module(module), "warm", None)
    with app.app_context():
        if warm is not None:
            warm(asked["given"])
        session.remove()
        database.db.engine.dispose()
    gc.freeze()  # or each of the many copies all of it when it first looks for what may be thrown away
    ready, tell_ready = os.pipe()
    gate, open_gate = os.pipe()
    pipes = []
    for argument in asked["given"]:
        back, result = os.pipe()
        if os.fork() == 0:
            os.close(open_gate)
            _one(app, work, argument, tell_ready, gate, result)
        os.close(result)
        pipes.append(back)
    os.close(tell_ready)
    waited = 0
    while waited < len(pipes):
        heard = os.read(ready, 64)
        if not heard:
            break
        waited += len(heard)
    os.close(open_gate)
    print(STARTED, file=sys.stderr, flush=True)
    results = []
    for back in pipes:
        with os.fdopen(back) as found:
            said = found.read()
        results.append(json.loads(said) if said else {"error": "died"})
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    print(json.dumps(results))


def _one(app: Any, work: Callable[[Any], Any], argument: Any, ready: int, gate: int, result: int) -> None:
    try:
        with app.app_context():
            session.execute(text("SELECT 1"))
            session.remove()
            os.write(ready, b".")
            os.read(gate, 1)
            found = work(argument)
            session.remove()
    except BaseException as error:
        traceback.print_exc()
        found = {"error": f"{type(error).__name__}: {str(error)[:200]}"}
    with os.fdopen(result, "w") as out:
        json.dump(found, out)
    os._exit(0)


if __name__ == "__main__":
    _main()
