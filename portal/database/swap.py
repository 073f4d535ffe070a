"""Compare-and-swap: every change names the version and the states it starts from (rules K2, K3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, inspect, update
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.elements import ClauseElement

from portal.database.core import session
from portal.database.scope import criterion, prepared


class Conflict(Exception):
    """Somebody else changed the record meanwhile, or its state does not allow this step."""

    def __init__(self, message: str = "", *, current: Any = None) -> None:
        super().__init__(message)
        self.current = current


class Versioned:
    """Mixin: ``version`` counts the changes of a row."""

    version: Mapped[int] = mapped_column(nullable=False, default=1, server_default="1")


def swap(row: Any, *, version: int | None, states: Iterable[str] | None = None, **values: Any) -> None:
    """Change ``row`` if it is still at ``version`` and in one of ``states``; else raise Conflict.

    ``version`` may be None only for steps the system itself takes (jobs, channel facts).
    """
    # What SQL works out is part of the statement; plain values are its parameters.
    worked_out = {name: value for name, value in values.items() if isinstance(value, ClauseElement)}
    plain = {name: value for name, value in values.items() if name not in worked_out}
    statement = _statement(type(row), tuple(plain), version is not None, states is not None)
    if worked_out:
        statement = statement.values(worked_out)
    named = {f"new_{name}": value for name, value in plain.items()}
    session.flush()
    now: int | None = session.execute(
        statement, {"row_id": row.id, "at_version": version, "from_states": list(states or ()), **named}
    ).scalar_one_or_none()
    if now is None:
        session.refresh(row) if inspect(row).persistent else None
        raise Conflict(current=row)
    if worked_out or now != row.version + 1:
        # Others changed it since it was loaded, or only the database knows what it holds.
        session.refresh(row)
        return
    for name, value in {**plain, "version": now}.items():
        set_committed_value(row, name, value)


@prepared
def _statement(model: Any, names: tuple[str, ...], versioned: bool, stated: bool) -> Any:
    table = model.__table__
    found = update(table).where(table.c.id == bindparam("row_id"))
    if versioned:
        found = found.where(table.c.version == bindparam("at_version"))
    if stated:
        found = found.where(table.c.state.in_(bindparam("from_states", expanding=True)))
    if "district_id" in table.c:
        where = criterion(table.c.district_id)
        if where is not None:
            found = found.where(where)
    new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    return found.values(version=table.c.version + 1, **new).returning(table.c.version)
