"""Engine, session, column types and the district scope. Knows no table of the domain."""

from portal.database import policies  # noqa: F401  every table of a district gets its policy
from portal.database.core import Model, connection, db, in_verb, is_postgresql, session, transaction, writing
from portal.database.direct import forget, insert_row, insert_rows
from portal.database.engine import configure, create_all, glance, too_old, written_over
from portal.database.guards import append_only, trigger
from portal.database.ready import run_ready
from portal.database.scope import (
    DistrictScoped,
    ScopeError,
    criterion,
    everything,
    in_scope,
    prepared,
    read_scope,
    rows,
    within_scope,
    write_scope,
)
from portal.database.swap import Conflict, Versioned, swap, swap_row
from portal.database.trouble import trouble
from portal.database.types import Fen, Json, UtcDateTime

__all__ = [
    "Conflict",
    "DistrictScoped",
    "Fen",
    "Json",
    "Model",
    "ScopeError",
    "UtcDateTime",
    "Versioned",
    "append_only",
    "configure",
    "connection",
    "create_all",
    "criterion",
    "db",
    "everything",
    "forget",
    "glance",
    "in_scope",
    "in_verb",
    "insert_row",
    "insert_rows",
    "is_postgresql",
    "prepared",
    "read_scope",
    "rows",
    "run_ready",
    "session",
    "swap",
    "swap_row",
    "too_old",
    "transaction",
    "trigger",
    "trouble",
    "within_scope",
    "write_scope",
    "writing",
    "written_over",
]
