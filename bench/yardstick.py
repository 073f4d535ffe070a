"""The page the aims were set by: somebody logged in, five queries, 9 KB of HTML, and nothing of a portal.

No district, no scope, no permissions, no settings, no languages, no security headers; statements built once
and Core rows throughout: the least such a page costs with these libraries on this machine. A page of the
portal is to be read against it, for an aim in bare replies moves with the processor. ``/__row`` is the same
for a write: one row, committed durably.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, render_template
from flask_login import LoginManager, UserMixin, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from jinja2 import Template
from sqlalchemy import Column, Insert, Integer, MetaData, Select, String, Table, bindparam, select
from sqlalchemy.event import listen

_tables = MetaData()
_people = Table(
    "person", _tables, Column("id", Integer, primary_key=True), Column("name", String(50), nullable=False)
)
_things = Table(
    "thing",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("kind", Integer, nullable=False, index=True),
    Column("name", String(50), nullable=False),
    Column("sum", Integer, nullable=False),
)

_PAGE = """<!doctype html><html lang="zh-CN"><head><title>{{ current_user.name }}</title></head><body>
<nav>{% for number in range(8) %}<a href="/{{ number }}">导航{{ number }}</a>{% endfor %}</nav>
{% for rows in tables %}<table>{% for row in rows -%}
<tr><td class="name">{{ row.name }}</td><td class="num">{{ row.sum }}</td>
<td><a href="/{{ row.id }}">看</a></td></tr>
{%- endfor %}</table>{% endfor %}</body></html>"""


class _Person(UserMixin):
    def __init__(self, id: int, name: str) -> None:
        self.id, self.name = id, name


@cache
def _person() -> Select[Any]:
    return select(_people).where(_people.c.id == bindparam("id"))


@cache
def _of_kind() -> Select[Any]:
    return (
        select(_things.c.id, _things.c.name, _things.c.sum)
        .where(_things.c.kind == bindparam("kind"))
        .order_by(_things.c.id)
    )


@cache
def _row() -> Insert:
    return _things.insert()


def application() -> Flask:
    """Return the application: ``/__login`` gives a session, ``/__page`` is the page, ``/__row`` a commit."""
    app = Flask("yardstick")
    app.secret_key = "nothing of it is kept"
    path = Path(os.environ["PORTAL_DATA"], "yardstick.db").absolute()
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{path}"
    database, logins = SQLAlchemy(app), LoginManager(app)
    page: Template = app.jinja_env.from_string(_PAGE)
    with app.app_context():
        listen(database.engine, "connect", _durable)
        _fill(database)

    @logins.user_loader  # type: ignore[untyped-decorator]  # Flask-Login has no types
    def _load(key: str) -> _Person | None:
        row = database.session.execute(_person(), {"id": int(key)}).first()
        return _Person(row.id, row.name) if row else None

    @app.get("/__login")
    def login() -> str:
        login_user(_Person(1, ""))
        return "ok"

    @app.get("/__page")
    @login_required  # type: ignore[untyped-decorator]  # the same
    def show() -> str:
        found = [database.session.execute(_of_kind(), {"kind": kind}).all() for kind in range(1, 5)]
        return render_template(page, tables=found)

    @app.post("/__row")
    def write() -> str:
        database.session.execute(_row(), {"kind": 0, "name": "一行", "sum": 1})
        database.session.commit()
        return "ok"

    return app


def _durable(connection: Any, _record: Any) -> None:
    """Keep what is committed as the portal does."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _fill(database: SQLAlchemy) -> None:
    _tables.drop_all(database.engine)
    _tables.create_all(database.engine)
    database.session.execute(_people.insert().values(id=1, name="张三"))
    rows = [{"kind": number % 50, "name": f"名称{number}", "sum": number} for number in range(1000)]
    database.session.execute(_things.insert(), rows)
    database.session.commit()
