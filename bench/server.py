"""The portal, a bare reply, a bare durable commit and the yardstick, in one process of one server."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from bench import yardstick
from portal.app import create_app

bare = Flask("bare")
_own = threading.local()


@bare.get("/__bare")
def reply() -> str:
    """Answer as little as Flask can."""
    return "ok"


@bare.post("/__commit")
def commit() -> str:
    """Commit one row durably, in the portal's own database file, as the portal does."""
    connection = getattr(_own, "connection", None)
    if connection is None:
        path = os.path.join(os.environ["PORTAL_DATA"], "portal.db")
        connection = _own.connection = sqlite3.connect(path, isolation_level=None, timeout=15)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO bench_row (text) VALUES ('one row')")
    connection.execute("COMMIT")
    return "ok"


portal = create_app()
measure = yardstick.application()
_BESIDE = {"/__bare": bare, "/__commit": bare, "/__login": measure, "/__page": measure, "/__row": measure}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Lead ``/__...`` to the bare application or the yardstick, everything else to the portal."""
    chosen = _BESIDE.get(environ["PATH_INFO"], portal)
    return chosen.wsgi_app(environ, start_response)
