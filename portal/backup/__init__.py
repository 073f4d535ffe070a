"""Backups that are proven when they are made, and restores that leave the old or the new, nothing between."""

from portal.backup.archive import Damaged
from portal.backup.checking import verify
from portal.backup.keeping import Kept, listed, rotate
from portal.backup.making import BackupFailed, make
from portal.backup.manifest import Manifest
from portal.backup.restoring import Preview, RestoreRefused, prepare, put_in_place
from portal.backup.swapping import finish_interrupted, interrupted

__all__ = [
    "BackupFailed",
    "Damaged",
    "Kept",
    "Manifest",
    "Preview",
    "RestoreRefused",
    "finish_interrupted",
    "interrupted",
    "listed",
    "make",
    "prepare",
    "put_in_place",
    "rotate",
    "verify",
]
