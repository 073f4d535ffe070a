"""What leans on records that are about to be taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Table, func, select

from portal.database import Model, session

_PIECE = 500


def leaning(table: Table, ids: Sequence[int]) -> dict[str, int]:
    """Count rows of other tables that refer to ``table``'s rows ``ids``, by table name.

    The ids are of the district in scope, and nothing but counts is read, so no scope is added. The caller
    has removed the rows that go with the record (its affiliation, its place in the tree) before.
    """
    found: dict[str, int] = {}
    for other in Model.metadata.sorted_tables:
        for foreign in other.foreign_keys:
            if foreign.column.table is not table:
                continue
            for piece in pieces(ids):
                count = select(func.count()).select_from(other).where(foreign.parent.in_(piece))
                number = session.scalar(count) or 0
                if number:
                    found[other.name] = found.get(other.name, 0) + number
    return found


def pieces(ids: Sequence[int], size: int = _PIECE) -> Iterator[list[int]]:
    """Cut a long list so that no statement gets more values than a database takes."""
    for start in range(0, len(ids), size):
        yield list(ids[start : start + size])
