"""Draw a page after the transaction of ``once`` is over, so that nobody waits for its lock meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, make_response


def draws_afterwards(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view under ``once`` leave the drawing of a page that ends nothing until all is rolled back.

    Fifty people who want one hour wait for one another's claim, not for forty-nine pages with three other
    times each.
    """

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        answer = view(*args, **kwargs)
        draw = g.pop("bookings_draw", None)
        return answer if draw is None else draw()

    return wrapped


def afterwards(draw: Callable[[], Any]) -> Any:
    """Answer with a page that is drawn later; the transaction is rolled back before, and its key is free."""
    g.bookings_draw = draw
    return make_response("", 422)
