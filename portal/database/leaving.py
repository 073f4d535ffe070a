"""Take a plugin's tables away for good: found in the database itself, so that its code need not be there."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, Select, Table, func, inspect, select, table, text

VERSION = "alembic_version_"


def owners(connection: Connection) -> set[str]:
    """Return every slug that has, or once had, a schema history here."""
    names = inspect(connection).get_table_names()
    return {name.removeprefix(VERSION) for name in names if name.startswith(VERSION)}


def tables_of(connection: Connection, slug: str, *, core: Collection[str]) -> list[str]:
    """Return a plugin's tables as they can be dropped: whoever refers to another one first."""
    ordered = [name for name, _keys in inspect(connection).get_sorted_table_and_fkc_names() if name]
    own = [name for name in reversed(ordered) if name.startswith(f"{slug}_") and name not in core]
    # A full-text table brings tables of its own, which come and go with it.
    virtual = [name for name in own if name in _virtual(connection)]
    beside = tuple(f"{name}_" for name in virtual)
    return [*virtual, *(name for name in own if name not in virtual and not name.startswith(beside))]


def counts(connection: Connection, names: Collection[str]) -> dict[str, int]:
    """Return how many rows each table has, in every district."""
    found = {}
    for name in names:
        found[name] = int(connection.execute(select(func.count()).select_from(table(name))).scalar_one())
    return found


def referring(connection: Connection, names: Collection[str]) -> list[str]:
    """Return tables of somebody else that refer to one of ``names``."""
    looked = inspect(connection)
    found = set()
    for other in looked.get_table_names():
        if other not in names:
            found |= {other for key in looked.get_foreign_keys(other) if key["referred_table"] in names}
    return sorted(found)


def lines(connection: Connection, names: Collection[str]) -> Iterator[str]:
    """Yield every row as a line of JSON with its table; sealed values stay sealed."""
    for name in names:
        if name in _virtual(connection):
            continue
        held = Table(name, MetaData(), autoload_with=connection)
        yield from lines_of(connection, name, select(held))


def lines_of(connection: Connection, name: str, statement: Select[Any]) -> Iterator[str]:
    """Yield what ``statement`` finds in the table ``name``, as ``lines`` does."""
    for row in connection.execute(statement).mappings():
        yield json.dumps({"table": name, "row": dict(row)}, ensure_ascii=False, default=_plain)


def drop(connection: Connection, slug: str, names: Collection[str]) -> None:
    """Drop a plugin's tables, what their triggers were made of, and the memory of its revisions."""
    quote = connection.dialect.identifier_preparer.quote
    functions = _functions(connection, names)
    for name in [*names, f"{VERSION}{slug}"]:
        connection.execute(text(f"DROP TABLE IF EXISTS {quote(name)}"))
    for name in functions:
        connection.execute(text(f"DROP FUNCTION IF EXISTS {quote(name)}"))


def _virtual(connection: Connection) -> set[str]:
    if connection.dialect.name != "sqlite":
        return set()
    found = connection.execute(text("select name from sqlite_master where sql like 'CREATE VIRTUAL TABLE%'"))
    return set(found.scalars())


def _functions(connection: Connection, names: Collection[str]) -> list[str]:
    """Return the functions that triggers of these tables call and those of no other do."""
    if connection.dialect.name != "postgresql":
        return []
    found = connection.execute(
        text(
            "select p.proname from pg_trigger t join pg_class c on c.oid = t.tgrelid "
            "join pg_proc p on p.oid = t.tgfoid where not t.tgisinternal "
            "group by p.proname having bool_and(c.relname = any(:names))"
        ),
        {"names": list(names)},
    )
    return list(found.scalars())


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes | memoryview) else str(value)
