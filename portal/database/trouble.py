"""Which kind of trouble a database error is, in a word; and the driver's errors as the library's.

Trouble passes: the database is away, takes no writes, or has no room. Everything else is a mistake of ours.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from portal.database.core import reading

AWAY, READ_ONLY, FULL, BUSY = "away", "read-only", "full", "busy"

_STATES = {
    "25006": READ_ONLY,
    "53100": FULL,  # disk_full
    "53200": BUSY,  # out_of_memory
    "53300": BUSY,  # too_many_connections
    "40001": BUSY,  # serialization_failure
    "40P01": BUSY,  # deadlock_detected
    "55P03": BUSY,  # lock_not_available
    "57014": BUSY,  # query_canceled: it took too long
    "57P01": AWAY,  # admin_shutdown
    "57P02": AWAY,  # crash_shutdown
    "57P03": AWAY,  # cannot_connect_now
    "57P05": AWAY,  # idle_session_timeout
    "25P03": AWAY,  # idle_in_transaction_session_timeout
    "58030": AWAY,  # io_error
}
_SQLITE = {
    "SQLITE_FULL": FULL,
    "SQLITE_READONLY": READ_ONLY,
    "SQLITE_BUSY": BUSY,
    "SQLITE_LOCKED": BUSY,
    "SQLITE_CANTOPEN": AWAY,
    "SQLITE_IOERR": AWAY,
}


def trouble(error: BaseException) -> str | None:
    """Return ``away``, ``read-only``, ``full`` or ``busy``; None for what is no passing trouble."""
    if isinstance(error, NoConnectionFree):
        return BUSY
    if not isinstance(error, DBAPIError):
        return None
    found = _of(error)
    # A page that only looks may not write, wherever it runs: a mistake of ours (rule K1). Not so where no
    # connection came about, because of the URL's servers none takes writes while the next one is promoted.
    only_looks = reading.get() and not getattr(error, "meant_to_write", False)
    return None if found == READ_ONLY and only_looks and _is_coded(error.orig) else found


def _is_coded(driver: Any) -> bool:
    """Tell whether a server's (or SQLite's) own code came along: then a statement was refused."""
    return bool(getattr(driver, "sqlstate", None) or getattr(driver, "sqlite_errorname", None))


def _of(error: DBAPIError) -> str | None:
    driver: Any = error.orig
    state = getattr(driver, "sqlstate", None)
    if state is not None:
        return _STATES.get(state, AWAY if state.startswith("08") else None)
    name = getattr(driver, "sqlite_errorname", None)
    if name is not None:
        return next((kind for prefix, kind in _SQLITE.items() if name.startswith(prefix)), None)
    if error.connection_invalidated or isinstance(error, OperationalError):
        # No connection came about; among several servers none may be one that takes writes.
        said = str(driver)
        return READ_ONLY if "read-only" in said or "hot standby" in said else AWAY
    return None


def refuses_writes(error: BaseException) -> bool:
    """Tell whether a driver's error says that this server takes no writes, where we did not ask for that."""
    return getattr(error, "sqlstate", None) == "25006" and not reading.get()


def as_library(at: Connection, cursor: Any, text: str, given: Any, error: Any) -> BaseException:
    """Return the library's error for the driver's; a connection that is gone is given up, as it would."""
    kind = at.dialect.loaded_dbapi.Error
    gone = at.dialect.is_disconnect(error, cast(Any, at.connection), cursor)
    if gone:
        at.invalidate(error)
    return DBAPIError.instance(
        text,
        given,
        error,
        kind,
        hide_parameters=at.engine.hide_parameters,
        connection_invalidated=gone,
        dialect=at.dialect,
    )
