"""Run a Core statement whose text and order of parameters were worked out once.

``Connection.execute`` looks a statement's text up by its whole structure and asks each parameter for its
type at every execution; that is a third of what a small INSERT costs. Here both are kept with the statement.
It still goes through ``exec_driver_sql``, with the library's transactions, errors and events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from sqlalchemy import CursorResult, Dialect, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler

from portal.database.core import connection

_ready: dict[tuple[Any, tuple[str, ...], str], _Ready] = {}


def run_ready(
    statement: Insert | Update, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> CursorResult[Any]:
    """Run a statement that is kept (of the module, or ``@prepared``), once or for each of several rows.

    All rows name the same columns. What it returns is as the driver gives it: for whole numbers and text.
    """
    at = connection()
    if isinstance(values, (dict, Mapping)):  # a dict is known at once
        ready = _of(statement, values, at.dialect)
        return at.exec_driver_sql(ready.text, ready.parameters(values))
    ready = _of(statement, values[0], at.dialect)
    return at.exec_driver_sql(ready.text, [ready.parameters(row) for row in values])


def _of(statement: Insert | Update, row: Mapping[str, Any], dialect: Dialect) -> _Ready:
    wanted = (statement, tuple(row), dialect.name)
    ready = _ready.get(wanted)
    if ready is None:
        ready = _ready[wanted] = _Ready(statement, wanted[1], dialect)
    return ready


class _Ready:
    """The text of a statement for one database, and how each of its parameters is made."""

    __slots__ = ("_named", "_steps", "text")

    def __init__(self, statement: Insert | Update, names: tuple[str, ...], dialect: Dialect) -> None:
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=list(names)))
        if compiled.post_compile_params or compiled.update_prefetch:
            raise TypeError("a list of parameters, or a column that changes by itself: use execute()")
        self.text = compiled.string
        self._named = None if compiled.positional else list(compiled.binds)
        defaults = {column.key: _default_of(column) for column in compiled.insert_prefetch}
        self._steps = [
            (name, _processor(compiled, name), defaults.get(name) or partial(_own_value, compiled, name))
            for name in compiled.positiontup or compiled.binds
        ]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return what the driver takes: a tuple, or a mapping where the parameters are named."""
        made = []
        for name, process, otherwise in self._steps:
            value = values[name] if name in values else otherwise()
            made.append(value if process is None else process(value))
        return tuple(made) if self._named is None else dict(zip(self._named, made, strict=True))


def _processor(compiled: SQLCompiler, name: str) -> Callable[[Any], Any] | None:
    found: Callable[[Any], Any] | None = (
        compiled.binds[name].type.dialect_impl(compiled.dialect).bind_processor(compiled.dialect)
    )
    return found


def _own_value(compiled: SQLCompiler, name: str) -> Any:
    """Return what a parameter holds by itself: a constant, or the scope at this moment."""
    bind = compiled.binds[name]
    if bind.required:
        raise KeyError(name)
    return bind.effective_value


def _default_of(column: Any) -> Callable[[], Any]:
    default = column.default
    if default.is_scalar:
        return lambda: default.arg
    if default.is_callable:
        return lambda: default.arg(None)
    raise TypeError(f"{column}: a default that SQL works out: use execute()")
