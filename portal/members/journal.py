"""What a merge moves, written down as it moves it, so that undoing the merge can move exactly that back.

A plugin writes nothing by itself when two records become one: it hands its changes to the ``Journal``, which
keeps of every row what stood there before. The way back needs no code of the plugin then, and works for one
that is switched off meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, update

from portal import crypto
from portal.database import DistrictScoped, Model, Versioned, rows, session

#: No part of what a row says: it counts the changes, the way there and back among them.
UNCOUNTED = frozenset({"version"})


@dataclass(kw_only=True)
class Entry:
    """One row a merge touched: what the changed columns held ``before`` and ``after``.

    A removed row is ``before`` as a whole and has no ``after``. ``mark`` stands for the row as the merge left
    it, so that a later change is noticed.
    """

    table: str
    id: int
    before: dict[str, Any]
    after: dict[str, Any] = field(default_factory=dict)
    mark: str = ""
    removed: bool = False


class Journal:
    """Carries out a merge's changes and remembers them."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, int], Entry] = {}

    def change(self, model: type[DistrictScoped], *where: Any, **values: Any) -> int:
        """Set ``values`` on the rows of ``model`` for which ``where`` holds; return how many."""
        table: Any = model_of(table_of(model)).__table__
        found = rows(model, table.c.id, *(table.c[name] for name in values)).where(*where)
        session.flush()
        held = session.execute(found.with_for_update()).all()
        if not held:
            return 0
        for row in held:
            entry = self._entry(model, row.id)
            for name in values:
                entry.before.setdefault(name, getattr(row, name))
        counted = {"version": table.c.version + 1} if issubclass(model, Versioned) else {}
        session.execute(
            update(model).where(table.c.id.in_([row.id for row in held])).values(values | counted)
        )
        return len(held)

    def remove(self, model: type[DistrictScoped], *where: Any) -> int:
        """Delete the rows of ``model`` for which ``where`` holds, keeping what they said; return how many."""
        table: Any = model_of(table_of(model)).__table__
        session.flush()
        held = session.execute(rows(model).where(*where).with_for_update()).all()
        for row in held:
            entry = self._entry(model, row.id)
            entry.before, entry.removed = {**row._asdict(), **entry.before}, True
        session.execute(delete(model).where(table.c.id.in_([row.id for row in held])))
        return len(held)

    def _entry(self, model: type[DistrictScoped], row_id: int) -> Entry:
        name = table_of(model)
        return self._entries.setdefault((name, row_id), Entry(table=name, id=row_id, before={}))

    def seal(self, uid: str) -> bytes:
        """Return all of it, encrypted for the merge ``uid``: it holds what the rows said of a person."""
        session.flush()
        entries = list(self._entries.values())
        now = current(entries)
        for entry in entries:
            if not entry.removed:
                row = now[entry.table, entry.id]
                entry.after = {name: row[name] for name in entry.before}
                entry.mark = mark(row)
        text = json.dumps([_packed(entry) for entry in entries], ensure_ascii=False)
        return crypto.encrypt("member_merge.journal_sealed", uid, text)


def unseal(blob: bytes, uid: str) -> list[Entry]:
    """Return the entries a merge kept."""
    found = json.loads(crypto.decrypt("member_merge.journal_sealed", uid, blob))
    return [
        Entry(**{**one, "before": _opened(one["before"]), "after": _opened(one["after"])}) for one in found
    ]


def table_of(model: type[DistrictScoped]) -> str:
    """Return the name of a model's table."""
    return str(model.__table__.name)  # type: ignore[attr-defined]


def model_of(table: str) -> Any:
    """Return the model of a table.

    Raises:
        LookupError: nothing that is installed keeps such rows by ``id`` within a district.
    """
    for mapper in Model.registry.mappers:
        if getattr(mapper.local_table, "name", "") == table and issubclass(mapper.class_, DistrictScoped):
            return mapper.class_
    raise LookupError(table)


def current(entries: Iterable[Entry], *, lock: bool = False) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the rows of ``entries`` as they stand now, by table and id; those that are gone are left out.

    ``lock`` holds them until the transaction ends; a preview does not.
    """
    wanted: dict[str, list[int]] = {}
    for entry in entries:
        if not entry.removed:
            wanted.setdefault(entry.table, []).append(entry.id)
    return {(table, row["id"]): row for table, ids in wanted.items() for row in _read(table, ids, lock)}


def _read(table: str, ids: Sequence[int], lock: bool) -> list[dict[str, Any]]:
    model = model_of(table)
    found = rows(model).where(model.__table__.c.id.in_(ids))
    return [dict(row._mapping) for row in session.execute(found.with_for_update() if lock else found)]


def mark(row: dict[str, Any]) -> str:
    """Return what stands for a row's content."""
    said = {name: _pack(value) for name, value in row.items() if name not in UNCOUNTED}
    return crypto.mac("member.merge", json.dumps(said, sort_keys=True).encode())


def _packed(entry: Entry) -> dict[str, Any]:
    before, after = ({k: _pack(v) for k, v in held.items()} for held in (entry.before, entry.after))
    return {**vars(entry), "before": before, "after": after}


def _opened(held: dict[str, Any]) -> dict[str, Any]:
    return {name: _open(*value) for name, value in held.items()}


def _pack(value: Any) -> tuple[str, Any]:
    # A datetime is a date too: it is asked for first.
    if isinstance(value, datetime):
        return "instant", value.isoformat()
    if isinstance(value, date):
        return "day", value.isoformat()
    if isinstance(value, bytes):
        return "bytes", value.hex()
    return "", value


def _open(kind: str, value: Any) -> Any:
    readers: dict[str, Any] = {
        "instant": datetime.fromisoformat, "day": date.fromisoformat, "bytes": bytes.fromhex,
    }  # fmt: skip
    return readers[kind](value) if kind else value
