"""What a request may hold before any view reads it: no NUL, and numbers that a column can hold.

PostgreSQL refuses a NUL in a text and a number beyond four bytes for an id, SQLite one beyond eight: each
of them would be an error of ours (500) where it is one of the sender's (security.md row 20).
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, abort, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import IntegerConverter

#: The largest id, and the largest version: four bytes.
LARGEST = 2**31 - 1


def number(text: str) -> int:
    """Return the whole number a field holds. Raises ValueError, also for one no column could hold."""
    found = int(text) if len(text) <= 20 else LARGEST + 1
    if abs(found) > LARGEST:
        raise ValueError("no number of ours")
    return found


class Fields(ImmutableMultiDict[str, str]):
    """Query and form; ``get(name, type=int)`` takes only numbers that a column can hold."""

    # The library's overloads say more than an override can repeat.
    def get(self, key: str, default: Any = None, type: Any = None) -> Any:  # type: ignore[override]
        return super().get(key, default, number if type is int else type)

    def getlist(self, key: str, type: Any = None) -> list[Any]:
        return super().getlist(key, number if type is int else type)


class IntegerId(IntegerConverter):
    """``<int:…>`` in an address: anything that could not be an id is no page (404)."""

    def __init__(self, url_map: Any, **options: Any) -> None:
        super().__init__(url_map, **{"max": LARGEST, **options})


def install(app: Flask) -> None:
    """Read every request this way; htmx-flask has put its own class in place before, routes come after."""
    app.request_class = type("Asked", (app.request_class,), {"parameter_storage_class": Fields})
    app.url_map.converters["int"] = IntegerId


#: What ``url_for`` takes for itself: pages that hand their query on to it would build no link of ours.
RESERVED = frozenset({"endpoint", "_anchor", "_method", "_scheme", "_external", "district_code"})


def refuse_odd_address(current: Request) -> None:
    """Refuse an address or query with a NUL or a reserved name; the gate calls it before any query."""
    if "\0" in current.path:
        abort(400)
    if current.query_string and (_holds_nul(current.args) or not RESERVED.isdisjoint(current.args)):
        abort(400)


def refuse_odd_form() -> None:
    """Refuse a form with a NUL, once the sender may send one at all."""
    # The calls of payment channels are raw bytes, read once and not as a form.
    if request.method == "POST" and request.blueprint != "hooks" and _holds_nul(request.form):
        abort(400)


def _holds_nul(fields: Any) -> bool:
    return any("\0" in key or "\0" in value for key, value in fields.items(multi=True))
