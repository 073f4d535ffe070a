"""Which columns are sealed under which key; rotation, loss, and the blind indexes."""

from portal.keys.indexes import Reindexed, reindex
from portal.keys.rotation import Progress, rotate
from portal.keys.sealed import Sealed, count_by_key, sealed_columns, unreadable

__all__ = [
    "Progress",
    "Reindexed",
    "Sealed",
    "count_by_key",
    "reindex",
    "rotate",
    "sealed_columns",
    "unreadable",
]
