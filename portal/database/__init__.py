"""Engine, session, column types and the district scope. Knows no table of the domain."""

from portal.database.core import Model, db, is_postgresql, session, transaction, writing
from portal.database.engine import configure, create_all
from portal.database.guards import append_only, trigger
from portal.database.scope import (
    DistrictScoped,
    ScopeError,
    everything,
    in_scope,
    prepared,
    read_scope,
    rows,
    write_scope,
)
from portal.database.swap import Conflict, Versioned, swap
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
    "create_all",
    "db",
    "everything",
    "in_scope",
    "is_postgresql",
    "prepared",
    "read_scope",
    "rows",
    "session",
    "swap",
    "transaction",
    "trigger",
    "write_scope",
    "writing",
]
