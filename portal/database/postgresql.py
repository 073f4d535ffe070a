"""How PostgreSQL is spoken to: each transaction begins with its scope, which the tables' policies read.

The scope goes to the server with ``BEGIN``, in the same message, and ends with the transaction (``SET
LOCAL``): a connection that comes back to the pool carries nothing of the last request. Where the scope
changes within a transaction, it is told before the next statement.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event, text

from portal.database.core import reading
from portal.database.scope import EVERYTHING, read_scope, write_scope

#: BEGIN is ours (below); the driver's own would be a message of its own.
CONNECT: dict[str, Any] = {"autocommit": True, "connect_timeout": 5}
#: What the policies read (``portal.database.policies``), and what stands there for every district.
READ, WRITE, ALL = "portal.read", "portal.write", "*"
_TOLD = "portal_scope"
#: libpq's PQTRANS_INTRANS.
_IN_TRANSACTION = 2


def prepare(engine: Engine) -> None:
    """Let every transaction of ``engine`` begin with its scope, and hear of each change of it."""
    engine.dialect.do_begin = _begin  # type: ignore[method-assign, assignment]  # as on SQLite
    event.listen(engine, "before_cursor_execute", _tell_changes)
    event.listen(engine, "rollback_savepoint", _forget)


def _begin(connection: Any) -> None:
    scope = read_scope(), write_scope()
    # Read only: rule K1 (a GET changes nothing) is a fact of the database.
    only_reads = " READ ONLY" if reading.get() else ""
    # The driver's own cursor: these words hold no parameters, and several statements are one message.
    connection.driver_connection.execute(f"BEGIN{only_reads};{_words(*scope)}", prepare=False)
    connection.info[_TOLD] = scope


def _tell_changes(
    connection: Any, _cursor: Any, _statement: str, _given: Any, _context: Any, _many: bool
) -> None:
    scope = read_scope(), write_scope()
    info = connection.connection.info
    driver = connection.connection.driver_connection
    # A transaction that has failed takes nothing but its end.
    if info.get(_TOLD) != scope and driver.info.transaction_status == _IN_TRANSACTION:
        driver.execute(_words(*scope), prepare=False)
        info[_TOLD] = scope


def _forget(connection: Any, _name: str, _context: Any) -> None:
    # What was set since the savepoint is undone with it.
    connection.connection.info.pop(_TOLD, None)


def grant(connection: Connection, *, to: str) -> None:
    """Let role ``to`` read and write every table there is now; it owns none of them."""
    role = connection.dialect.identifier_preparer.quote(to)
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"))


def _words(read: frozenset[int] | str | None, write: int | str | None) -> str:
    if isinstance(read, str):
        districts = ALL if read == EVERYTHING else ""
    else:
        districts = ",".join(str(int(one)) for one in sorted(read or ()))
    one = "" if write is None else ALL if write == EVERYTHING else str(int(write))
    return f"SET LOCAL {READ} = '{districts}'; SET LOCAL {WRITE} = '{one}'"
