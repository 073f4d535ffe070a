"""Long lists: keyset paging that costs the same at any depth, search by name and pinyin."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import abort, request
from sqlalchemy import ColumnElement, Select, func, or_, tuple_

from portal.database import session
from portal.sheets.values.text import squeeze
from portal.web.asked import LARGEST

SIZE = 50


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list; ``before`` and ``after`` are cursors, None where there is nothing more."""

    rows: list[Any]
    before: str | None
    after: str | None
    sort: str


def page(found: Select[Any], *, sorts: dict[str, Any], ident: Any, size: int = SIZE) -> Page:
    """Read the page that the address asks for (``sort``, ``after``, ``before``).

    ``sorts`` names the columns a list may be sorted by, the first is the usual one; "-name" turns it round.
    A cursor nobody handed out is a 400.
    """
    wanted = request.args.get("sort", "")
    name = wanted.removeprefix("-")
    if name not in sorts:
        wanted = name = next(iter(sorts))
    descending = wanted.startswith("-")
    column = sorts[name]
    cursor = request.args.get("before") or request.args.get("after")
    backwards = bool(request.args.get("before"))
    key = tuple_(column, ident)
    down = descending != backwards
    if cursor:
        value, last = _open(cursor, column)
        found = found.where(key < tuple_(value, last) if down else key > tuple_(value, last))
    order = (column.desc(), ident.desc()) if down else (column.asc(), ident.asc())
    rows = list(
        session.execute(
            found.add_columns(column.label("sort_value"), ident.label("sort_id"))
            .order_by(*order)
            .limit(size + 1)
        )
    )
    beyond = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    first, last_row = (rows[0], rows[-1]) if rows else (None, None)
    return Page(
        rows=rows,
        before=_seal(first) if first is not None and (beyond if backwards else cursor) else None,
        after=_seal(last_row) if last_row is not None and (backwards or beyond) else None,
        sort=wanted,
    )


def _seal(row: Any) -> str:
    value = row.sort_value if isinstance(row.sort_value, int | str) else str(row.sort_value)
    return base64.urlsafe_b64encode(json.dumps([value, row.sort_id]).encode()).decode().rstrip("=")


def _open(cursor: str, column: Any) -> tuple[Any, int]:
    wanted = column.type.python_type
    try:
        value, last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if wanted is date:
            value = date.fromisoformat(value)
        if type(value) is not wanted or type(last) is not int or abs(last) > LARGEST:
            raise ValueError
        if wanted is int and abs(value) > LARGEST or wanted is str and "\0" in value:
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        abort(400)
    return value, last


def named(text: str, name: Any, sort_key: Any, *more: ColumnElement[bool]) -> ColumnElement[bool] | None:
    """Return the clause that finds a typed name: characters anywhere, pinyin from the start; None: all."""
    typed = squeeze(text)[:60]
    if not typed:
        return None
    joined = typed.replace(" ", "").lower()
    return or_(
        name.contains(typed.replace(" ", "") if not typed.isascii() else typed, autoescape=True),
        func.replace(sort_key, " ", "").startswith(joined, autoescape=True),
        *more,
    )
