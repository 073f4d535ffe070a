"""A small site with every fault the scanners look for, to see that they find them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, request
from werkzeug.serving import make_server


def site() -> Flask:
    """Return it: a reflected text, a statement of strings, no header, a cookie that scripts read."""
    app = Flask(__name__)
    rows = sqlite3.connect(":memory:", check_same_thread=False)
    rows.executescript("create table t (id integer, name text); insert into t values (1, 'a'), (2, 'b')")
    lock = threading.Lock()

    @app.get("/")
    def start() -> Any:
        answer = app.make_response(
            '<a href="/said?q=a">1</a><a href="/asked?id=1">2</a><a href="/go?to=/">3</a>'
        )
        answer.set_cookie("planted", "x")
        return answer

    @app.get("/said")
    def said() -> str:
        return f"<html><body><p>{request.args.get('q', '')}</p></body></html>"

    @app.get("/asked")
    def asked() -> str:
        statement = f"select name from t where id = {request.args.get('id', '')}"  # noqa: S608  the fault
        with lock:
            found = rows.execute(statement).fetchall()
        return f"<html><body>{len(found)} found: {found}</body></html>"

    @app.get("/go")
    def go() -> Any:
        return "", 302, {"Location": request.args.get("to", "/")}

    return app


@contextmanager
def served() -> Iterator[str]:
    """Serve it on a free port of this machine until the block ends."""
    server = make_server("127.0.0.1", 0, site(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
