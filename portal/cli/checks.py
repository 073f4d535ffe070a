"""Is an installation whole? Asked after an upgrade and by the doctor: schema, books, trail, pages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.audit import seals
from portal.current import registry
from portal.database import Model, everything, history, session
from portal.health import examine
from portal.ledger.models import Book
from portal.ledger.verify import verify as verify_book


def schema() -> list[str]:
    """Return revisions that wait, and where database and models disagree."""
    plugins = registry().folders()
    found = [
        f"schema of {owner}: {have or 'empty'}, wanted {want}"
        for owner, (have, want) in history.pending(plugins).items()
    ]
    return found or [_words(one) for one in history.differences(plugins) if not _of_a_stranger(one)]


def books_and_trail() -> list[str]:
    """Return what was touched in the books or the trail; slow where they are long."""
    found = []
    with everything():
        for book in session.scalars(select(Book).order_by(Book.id)):
            found += [f"book {book.uid}: {one.change} entry {one.seq}" for one in verify_book(book)]
        trail = seals.verify(kept_heads={})
        found += [f"trail: {one.kind} {one.uid}" for one in trail.problems]
    session.rollback()
    return found


def pages() -> list[str]:
    """Return why /readyz would say no."""
    return [f"{one.name}: {one.detail}" for one in examine().checks if one.needed and not one.ok]


def _of_a_stranger(difference: Any) -> bool:
    """Tell whether a difference is of a table no loaded code knows: a removed plugin's data is kept."""
    one = difference[0] if isinstance(difference, list) else difference
    for part in one[1:]:
        table = getattr(part, "table", part)
        name = getattr(table, "name", None)
        if name is not None and hasattr(table, "columns"):
            return name not in Model.metadata.tables
    return False


def _words(difference: Any) -> str:
    one = difference[0] if isinstance(difference, list) else difference
    named = [str(getattr(part, "name", part)) for part in one[1:] if part is not None]
    return f"schema differs: {one[0]} {' '.join(named)}"[:200]
