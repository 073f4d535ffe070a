"""Compare-and-swap: every change names the version and the states it starts from (rules K2, K3)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import bindparam, false, inspect, or_, update
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.elements import ClauseElement

from portal.database.core import connection, session
from portal.database.ready import run_ready
from portal.database.scope import prepared, within_scope


class Conflict(Exception):
    """Somebody else changed the record meanwhile, or its state does not allow this step.

    ``message`` is for the person, in their language: the page of a conflict shows it, and says what to do.
    Without one the page says that somebody was quicker. ``why`` is for those who read the log, in English.
    """

    def __init__(self, message: str = "", *, why: str = "", current: Any = None) -> None:
        super().__init__(message)
        self.message, self.why, self.current = message, why, current


class Versioned:
    """Mixin: ``version`` counts the changes of a row."""

    version: Mapped[int] = mapped_column(nullable=False, default=1, server_default="1")


def swap(row: Any, *, version: int | None, states: Iterable[str] | None = None, **values: Any) -> None:
    """Change ``row`` if it is still at ``version`` and in one of ``states``; else raise Conflict.

    ``version`` may be None only for steps the system itself takes (jobs, channel facts).
    """
    session.flush()
    try:
        now = swap_row(type(row), row.id, version=version, states=states, **values)
    except Conflict:
        if inspect(row).persistent:
            # Where the database itself guards the scope, a row of another district is not there at all.
            with suppress(InvalidRequestError):
                session.refresh(row)
        raise Conflict(current=row) from None
    if now != row.version + 1 or any(isinstance(value, ClauseElement) for value in values.values()):
        # Others changed it since it was loaded, or only the database knows what it holds.
        session.refresh(row)
        return
    for name, value in {**values, "version": now}.items():
        set_committed_value(row, name, value)


def swap_row(
    model: Any, row_id: int, *, version: int | None, states: Iterable[str] | None = None, **values: Any
) -> int:
    """Do the same to a row that was read without its entity; return its new version. Raises: Conflict.

    An entity of the row in this session does not learn of it (``forget``).
    """
    # What SQL works out is part of the statement; plain values are its parameters.
    worked_out = {name: value for name, value in values.items() if isinstance(value, ClauseElement)}
    plain = {name: value for name, value in values.items() if name not in worked_out}
    statement = _statement(
        model, tuple(plain), version is not None, None if states is None else tuple(states)
    )
    named = {"row_id": row_id, **{f"new_{name}": value for name, value in plain.items()}}
    if version is not None:
        named["at_version"] = version
    if worked_out:
        found = connection().execute(statement.values(worked_out), named)
        now: int | None = found.scalar_one_or_none()
    else:
        now = run_ready(statement, named).value()
    if now is None:
        raise Conflict
    return now


@prepared
def _statement(model: Any, names: tuple[str, ...], versioned: bool, states: tuple[str, ...] | None) -> Any:
    table = model.__table__
    found = update(table).where(table.c.id == bindparam("row_id"))
    if versioned:
        found = found.where(table.c.version == bindparam("at_version"))
    if states is not None:
        # Not IN: a list of parameters is spelt out anew at each execution.
        found = found.where(or_(false(), *(table.c.state == state for state in states)))
    if "district_id" in table.c:
        found = within_scope(found, table.c.district_id)
    new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    return found.values(version=table.c.version + 1, **new).returning(table.c.version)
