"""Which columns hold something about a person, and whether they say how sensitive that is."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import MetaData, Table

from portal.database import UtcDateTime

#: Whoever points at one of these tables tells something about a person.
PEOPLE = frozenset({"person", "member", "account"})
#: Names that give a column away wherever it stands.
TELLING = re.compile(r"phone|ric_|openid|password|birth|_sealed$|display_name|address_|token_hash")
#: How a record is kept, not what it says: numbering, state machines, versions.
STRUCTURE = frozenset({"id", "uid", "version", "state", "number", "kind", "reference", "active"})
CLASSES = frozenset(range(5))


def unclassified(metadata: MetaData) -> list[str]:
    """Return ``table.column`` of everything about a person without a data class 0 to 4."""
    found = []
    for table in metadata.sorted_tables:
        about_people = table.name in PEOPLE or _points_at_member(table)
        for column in table.columns:
            if not about_people and not TELLING.search(column.name):
                continue
            if _structural(column) and not TELLING.search(column.name):
                continue
            if column.info.get("class") not in CLASSES:
                found.append(f"{table.name}.{column.name}")
    return found


def _points_at_member(table: Table) -> bool:
    return any(key.column.table.name in {"person", "member"} for key in table.foreign_keys)


def _structural(column: Any) -> bool:
    return (
        column.primary_key
        or bool(column.foreign_keys)
        or column.name in STRUCTURE
        or isinstance(column.type, UtcDateTime)
    )
