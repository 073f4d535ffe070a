"""One's own bookings and those of one's offices: to come, over, and the places on waiting lists."""

from __future__ import annotations

from typing import Any

from flask import g, request

from portal.api import district, render, requires, settings

from .. import permissions, words
from ..actors import hands
from ..queries import mine as reads
from ..queries.holders import Hands
from . import bookings


@bookings.get("/mine")
@requires(permissions.BOOK)
def mine() -> Any:
    """Show what comes next first; what is over, and what one's organization booked, on pages of their own."""
    over, own = request.args.get("over") == "1", hands(g.actor)
    of_office = bool(own.offices) and request.args.get("of") == "office"
    whose = Hands(offices=own.offices) if of_office else Hands(account_id=own.account_id)
    found = reads.page(whose, coming=not over, after=request.args.get("after", "")[:26])
    open_wishes = [] if over or of_office else reads.wishes(own, states=("waiting", "offered"))
    return render(
        "bookings/mine.html",
        block="content",
        page=found,
        over=over,
        of_office=of_office,
        has_office=bool(own.offices),
        wishes=open_wishes,
        points=settings.get(district(), "bookings.points"),
        words=words,
    )
