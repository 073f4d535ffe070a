"""Every sealed column, found from the models themselves, so that a plugin's new one cannot be forgotten.

A column named ``*_sealed`` is sealed under ``table.column`` and its row's ``uid``. One that is sealed
otherwise says so where it is declared: ``info={"sealed_as": "notice_delivery.phone"}``, or
``info={"sealed_by": function}`` with a function of the row's columns that returns what stands for the uid.
Secrets among the settings are the one kind that shares its column with plain values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table, func, select
from sqlalchemy.sql import Select

from portal import crypto
from portal.database import Model, everything, session
from portal.districts.models import SettingValue

BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """One column whose values are sealed."""

    table: Table
    column: Column[Any]
    place: str
    uid: Callable[[Any], str]
    #: From what the row holds to the sealed bytes (None: this value is not sealed), and back.
    opened: Callable[[Any], bytes | None]
    stored: Callable[[bytes], Any]

    @property
    def name(self) -> str:
        """Return table.column."""
        return f"{self.table.name}.{self.column.name}"

    def after(self, last: int) -> Select[Any]:
        """Select the next rows that hold something, in the order of their ids."""
        table = self.table
        found = select(table).where(table.c.id > last, self.column.is_not(None))
        return found.order_by(table.c.id).limit(BATCH)

    def rows(self) -> Iterator[tuple[Any, bytes]]:
        """Yield every row with its sealed value, a batch at a time."""
        last = 0
        while batch := session.execute(self.after(last)).mappings().all():
            last = batch[-1]["id"]
            for row in batch:
                blob = self.opened(row[self.column.name])
                if blob is not None:
                    yield row, blob


def sealed_columns() -> list[Sealed]:
    """Return every sealed column of the core and of each loaded plugin, by name."""
    found = [
        Sealed(
            table=table,
            column=column,
            place=column.info.get("sealed_as", f"{table.name}.{column.name}"),
            uid=column.info.get("sealed_by", _uid),
            opened=_itself,
            stored=_itself,
        )
        for table in Model.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_sealed")
    ]
    table = SettingValue.__table__
    found.append(
        Sealed(
            table=table,
            column=table.c.value,
            place="setting.value",
            uid=lambda row: f"{row['district_id']}:{row['key']}",
            opened=_secret,
            stored=bytes.hex,
        )
    )
    return sorted(found, key=lambda one: one.name)


def _uid(row: Any) -> str:
    return str(row["uid"])


def _itself(value: Any) -> Any:
    return value


def _secret(value: Any) -> bytes | None:
    """Return the sealed bytes of a secret setting; told by their form, its plugin may be gone."""
    try:
        blob = bytes.fromhex(value) if isinstance(value, str) else b""
        crypto.key_id(blob)
    except (ValueError, crypto.CryptoError):
        return None
    return blob


def count_by_key() -> dict[str, dict[str, int]]:
    """Return key id -> {table.column: rows sealed under it}."""
    found: dict[str, dict[str, int]] = {}
    with everything():
        for one in sealed_columns():
            for key, count in _counts(one).items():
                found.setdefault(key, {})[one.name] = count
    session.rollback()
    return found


def _counts(one: Sealed) -> dict[str, int]:
    found: dict[str, int] = {}
    if one.opened is not _itself:
        for _row, blob in one.rows():
            key = crypto.key_id(blob)
            found[key] = found.get(key, 0) + 1
        return found
    # Counted by the database: the length of the key's name, then the names of each length.
    length = func.substr(one.column, 1, 1)
    sizes = select(length).where(one.column.is_not(None)).group_by(length)
    for first in session.scalars(sizes).all():
        size = bytes(first)[0]
        name = func.substr(one.column, 2, size)
        rows = session.execute(
            select(name, func.count()).where(func.substr(one.column, 1, 1) == first).group_by(name)
        )
        for key, count in rows.all():
            found[bytes(key).decode("ascii", "replace")] = count
    return found


def unreadable(key: str) -> dict[str, int]:
    """Return table.column -> rows that nobody can read without ``key``. Counts, never contents."""
    return count_by_key().get(key, {})
