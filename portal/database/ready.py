"""Run a Core statement whose text and order of parameters were worked out once.

``Connection.execute`` looks a statement's text up by its whole structure, asks each parameter for its type
and builds a result that can be read in twenty ways; for a small statement that is more than the database
needs for it. Here text, parameters and columns are kept with the statement, and the driver's cursor takes
them (SQLAlchemy, "Working with the DBAPI cursor directly"): in the library's connection and transaction,
with its errors and for its listeners of ``before_cursor_execute``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Dialect, Insert, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler

from portal.database.core import connection
from portal.database.trouble import as_library

Statement = Insert | Update | Select[Any]
_Step = Callable[[Any], Any] | None

_ready: dict[tuple[Any, tuple[str, ...], str], _Ready] = {}


class Ran(NamedTuple):
    """What a statement did: the rows it returned, how many it touched, the id SQLite gave the last one."""

    rows: list[tuple[Any, ...]]
    touched: int
    last_id: Any

    def one(self) -> tuple[Any, ...] | None:
        """Return the only row, or None; there is a key that keeps it alone."""
        return self.rows[0] if self.rows else None

    def value(self) -> Any:
        """Return the only value of the only row, or None."""
        return self.rows[0][0] if self.rows else None


def run_ready(
    statement: Statement,
    values: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    at: Connection | None = None,
) -> Ran:
    """Run a statement that is kept (of the module, or ``@prepared``), once or for each of several rows.

    All rows name the same columns; several rows return nothing. ``at`` is another connection than the
    session's.
    """
    at = at or connection()
    dialect = at.dialect
    rows: Any = values
    many = not isinstance(rows, (dict, Mapping))  # a dict is known at once
    given: Any
    if many:
        ready = _of(statement, rows[0], dialect)
        given = [ready.parameters(row) for row in rows]
    else:
        ready = _of(statement, rows, dialect)
        given = ready.parameters(rows)
    cursor: Any = None
    try:
        cursor = at.connection.cursor()
        if at.engine.dispatch.before_cursor_execute:
            _announce(at, cursor, ready.text, given, many)
        if many:
            cursor.executemany(ready.text, given)
            return Ran([], cursor.rowcount, None)
        cursor.execute(ready.text, given)
        found = [] if cursor.description is None else ready.rows(cursor.fetchall())
        return Ran(found, cursor.rowcount, getattr(cursor, "lastrowid", None))
    except dialect.loaded_dbapi.Error as error:
        raise as_library(at, cursor, ready.text, given, error) from error
    finally:
        # A connection that is gone took its cursors along, and says so.
        with suppress(dialect.loaded_dbapi.Error):
            if cursor is not None:
                cursor.close()


def _announce(at: Connection, cursor: Any, text: str, given: Any, many: bool) -> None:
    for listener in at.engine.dispatch.before_cursor_execute:
        listener(at, cursor, text, given, None, many)


def _of(statement: Statement, row: Mapping[str, Any], dialect: Dialect) -> _Ready:
    wanted = (statement, tuple(row), dialect.name)
    ready = _ready.get(wanted)
    if ready is None:
        ready = _ready[wanted] = _Ready(statement, wanted[1], dialect)
    return ready


class _Ready:
    """The text of a statement for one database, how its parameters are made and its columns are read."""

    __slots__ = ("_constants", "_given", "_named", "_own", "_read", "text")

    def __init__(self, statement: Statement, names: tuple[str, ...], dialect: Dialect) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=list(names)))
        if compiled.post_compile_params or compiled.update_prefetch:
            raise TypeError("a list of parameters, or a column that changes by itself: use execute()")
        self.text = compiled.string
        self._named = None if compiled.positional else list(compiled.binds)
        defaults = {column.key: column.default for column in compiled.insert_prefetch}
        #: What never changes, with a place for each of the others.
        self._constants: list[Any] = []
        self._given: list[tuple[int, str, _Step]] = []
        self._own: list[tuple[int, Callable[[], Any], _Step]] = []
        for place, name in enumerate(compiled.positiontup or compiled.binds):
            bind = compiled.binds[name]
            process: _Step = bind.type.dialect_impl(dialect).bind_processor(dialect)
            self._constants.append(None)
            if name in names:
                self._given.append((place, name, process))
            elif name in defaults:
                self._own.append((place, _default_of(defaults[name]), process))
            elif bind.required:
                raise KeyError(name)
            elif bind.callable is not None:  # the scope at this moment
                self._own.append((place, bind.callable, process))
            else:
                self._constants[place] = bind.value if process is None else process(bind.value)
        self._read = [
            (place, read)
            for place, column in enumerate(statement.exported_columns)
            if (read := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return what the driver takes: a tuple, or a mapping where the parameters are named."""
        made = self._constants.copy()
        for place, name, process in self._given:
            value = values[name]
            made[place] = value if process is None else process(value)
        for place, make, process in self._own:
            value = make()
            made[place] = value if process is None else process(value)
        return tuple(made) if self._named is None else dict(zip(self._named, made, strict=True))

    def rows(self, found: Any) -> list[tuple[Any, ...]]:
        """Return what the driver found, each value as its column's type says."""
        return [self._row(row) for row in found] if self._read else found

    def _row(self, found: Sequence[Any]) -> tuple[Any, ...]:
        row = list(found)
        for place, read in self._read:
            row[place] = read(row[place])
        return tuple(row)


def _default_of(default: Any) -> Callable[[], Any]:
    if default.is_scalar:
        return lambda: default.arg
    if default.is_callable:
        return lambda: default.arg(None)
    raise TypeError(f"{default}: a default that SQL works out: use execute()")
