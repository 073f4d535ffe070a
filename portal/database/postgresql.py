"""How PostgreSQL is spoken to: each transaction begins with its scope, which the tables' policies read.

The scope goes to the server with ``BEGIN``, in the same message, and ends with the transaction (``SET
LOCAL``): a connection that comes back to the pool carries nothing of the last request. Where the scope
changes within a transaction, it is told before the next statement.
"""

from __future__ import annotations

from typing import Any

from flask import has_request_context
from sqlalchemy import Connection, Engine, event, text

from portal.database.core import reading
from portal.database.pulse import pulse
from portal.database.scope import EVERYTHING, read_scope, write_scope
from portal.database.trouble import as_library, refuses_writes

#: BEGIN is ours (below); the driver's own would be a message of its own.
#: A server whose machine is gone answers nothing at all, not even that it is gone: after 6 seconds without a
#: word a connection counts as lost, and a new one is tried for 3 seconds at each of the URL's hosts.
CONNECT: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": 3,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
}
#: The other side of it: the server gives up a machine of ours that is gone, and with it the locks it held.
#: Nobody holds a transaction for minutes without a word; whoever does is a mistake that must not stop others.
_SERVER_SIDE = (
    "SET tcp_keepalives_idle = 3; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; "
    "SET tcp_user_timeout = 6000; SET idle_in_transaction_session_timeout = '5min'"
)
#: The longest one statement of a page may take; jobs and commands take their time.
PATIENCE = "30s"
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
    event.listen(engine, "connect", _set_up)
    lost = engine.dialect.is_disconnect

    def is_disconnect(error: Any, connection: Any, cursor: Any) -> bool:
        # A primary that was made a replica, or closed for writing: the next connection finds who took over.
        return lost(error, connection, cursor) or refuses_writes(error)

    engine.dialect.is_disconnect = is_disconnect  # type: ignore[method-assign, assignment]  # as above
    keep, take_back, ping = engine.dialect.do_commit, engine.dialect.do_rollback, engine.dialect.do_ping

    def do_commit(connection: Any) -> None:
        try:
            keep(connection)
        finally:
            pulse.end(connection.driver_connection)

    def do_rollback(connection: Any) -> None:
        try:
            take_back(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # Lost is taken back: a page that was read whole must not fail because its end could not be told.
            # The pool looks at a connection before it hands it out again.
            if not lost(error, connection, None):
                raise
        finally:
            pulse.end(connection.driver_connection)

    def do_ping(driver_connection: Any) -> bool:
        pulse.begin(driver_connection)
        try:
            return ping(driver_connection)
        finally:
            pulse.end(driver_connection)

    engine.dialect.do_commit = do_commit  # type: ignore[method-assign, assignment]  # as above
    engine.dialect.do_rollback = do_rollback  # type: ignore[method-assign, assignment]  # as above
    engine.dialect.do_ping = do_ping  # type: ignore[method-assign, assignment]  # as above


def _set_up(connection: Any, _record: Any) -> None:
    pulse.begin(connection)
    try:
        connection.execute(_SERVER_SIDE, prepare=False)
    finally:
        pulse.end(connection)


def _begin(connection: Any) -> None:
    scope = read_scope(), write_scope()
    # Read only: rule K1 (a GET changes nothing) is a fact of the database.
    only_reads = " READ ONLY" if reading.get() else ""
    pulse.begin(connection.driver_connection)
    # The driver's own cursor: these words hold no parameters, and several statements are one message.
    patience = f"; SET LOCAL statement_timeout = '{PATIENCE}'" if has_request_context() else ""
    connection.driver_connection.execute(f"BEGIN{only_reads};{_words(*scope)}{patience}", prepare=False)
    connection.info[_TOLD] = scope


def _tell_changes(
    connection: Any, _cursor: Any, _statement: str, _given: Any, _context: Any, _many: bool
) -> None:
    scope = read_scope(), write_scope()
    info = connection.connection.info
    driver = connection.connection.driver_connection
    # A transaction that has failed takes nothing but its end.
    if info.get(_TOLD) != scope and driver.info.transaction_status == _IN_TRANSACTION:
        words = _words(*scope)
        try:
            driver.execute(words, prepare=False)
        except connection.dialect.loaded_dbapi.Error as error:
            # The library asks its listeners outside of what turns a driver's errors into its own.
            raise as_library(connection, None, words, None, error) from error
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
