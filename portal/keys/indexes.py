"""Blind indexes under a new index key: from the sealed value beside them, where there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Table, func, select, update

from portal import crypto
from portal.database import Model, everything, session, transaction
from portal.keys.sealed import Sealed, sealed_columns

#: Indexes of what is not kept anywhere: why, and what follows. A plugin's column says it: ``info["lost"]``.
ELSEWHERE = {
    "person.ric_index": "only where a district keeps whole identity numbers; the others are imported again",
    "payment_fact.payer_index": "whom a channel named; earlier receipts are no longer found by it",
    "delegation.asked_index": "what somebody typed; open requests are made again",
}


@dataclass(kw_only=True)
class Reindexed:
    """How many rows of each index were written anew, and which cannot be."""

    written: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)


def indexes() -> list[tuple[Table, Column[Any], Sealed | None]]:
    """Return every blind index with the sealed column of its table it is made of, or None."""
    by_name = {one.name: one for one in sealed_columns()}
    return [
        (table, column, by_name.get(f"{table.name}.{column.name.removesuffix('_index')}_sealed"))
        for table in Model.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_index") and getattr(column.type, "length", None) == 64
    ]


def elsewhere() -> dict[str, str]:
    """Return why each index that cannot be made again cannot, and what follows, by ``table.column``."""
    said = {
        f"{table.name}.{column.name}": str(column.info["lost"])
        for table, column, _source in indexes()
        if "lost" in column.info
    }
    return ELSEWHERE | said


def reindex() -> Reindexed:
    """Write every blind index anew under the present index key; with the portal stopped."""
    found = Reindexed()
    with everything():
        for table, column, source in indexes():
            name = f"{table.name}.{column.name}"
            purpose = column.name.removesuffix("_index")
            if source is not None:
                found.written[name] = _column(table, column, source, purpose)
            elif name == "person.ric_index":
                found.written[name] = _ric(table, column)
                missing = select(func.count()).select_from(table).where(column.is_not(None))
                found.lost[name] = int(session.scalar(missing) or 0) - found.written[name]
            else:
                filled = select(func.count()).select_from(table).where(column.is_not(None), column != "")
                found.lost[name] = int(session.scalar(filled) or 0)
        session.rollback()
    return found


def _column(table: Table, column: Column[Any], source: Sealed, purpose: str) -> int:
    count = 0
    for row, blob in list(source.rows()):
        try:
            text = crypto.decrypt(source.place, source.uid(row), blob)
        except crypto.CryptoError:
            continue
        with transaction() as current:
            values = {column.name: crypto.blind_index(purpose, text)}
            current.execute(update(table).where(table.c.id == row["id"]).values(values))
        count += 1
    return count


def _ric(person: Table, column: Column[Any]) -> int:
    count = 0
    source = next(one for one in sealed_columns() if one.name == "member.ric_sealed")
    done: set[int] = set()
    for row, blob in list(source.rows()):
        if row["person_id"] in done:
            continue
        try:
            text = crypto.decrypt(source.place, source.uid(row), blob)
        except crypto.CryptoError:
            continue
        with transaction() as current:
            values = {column.name: crypto.blind_index("ric", text)}
            current.execute(update(person).where(person.c.id == row["person_id"]).values(values))
        done.add(row["person_id"])
        count += 1
    return count
