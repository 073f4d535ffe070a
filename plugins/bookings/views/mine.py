"""One's own bookings: those to come, those that are over, and the places on waiting lists."""

from __future__ import annotations

from typing import Any

from flask import g, request

from portal.api import district, render, requires, settings

from .. import permissions, words
from ..queries import mine as reads
from . import bookings


@bookings.get("/mine")
@requires(permissions.BOOK)
def mine() -> Any:
    """Show what comes next first; what is over stands on a page of its own."""
    over = request.args.get("over") == "1"
    found = reads.page(g.actor.account_id, coming=not over, after=request.args.get("after", "")[:26])
    open_wishes = [] if over else reads.wishes(g.actor.account_id, states=("waiting", "offered"))
    return render(
        "bookings/mine.html",
        block="content",
        page=found,
        over=over,
        wishes=open_wishes,
        points=settings.get(district(), "bookings.points"),
        words=words,
    )
