"""Prove a backup: every digest of every member, the database opens, and each table holds what it should."""

from __future__ import annotations

import tempfile
from pathlib import Path

from portal.backup import archive, postgresql, sqlite
from portal.backup.manifest import Manifest
from portal.backup.tables import unequal


def verify(path: Path, *, key: bytes | None) -> Manifest:
    """Read a backup to its end and compare it with its manifest; return that.

    The database is unpacked beside the backup for the while: as much room as itself is needed.
    Raises archive.Damaged, sealing.WrongKey.
    """
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=path.parent) as scratch:
        manifest = archive.read(path, key, into=Path(scratch))
        check_database(Path(scratch), manifest)
    return manifest


def check_database(unpacked: Path, manifest: Manifest) -> None:
    """Compare an unpacked database with its manifest, table by table. Raises archive.Damaged."""
    copy = unpacked / archive.DATABASE[manifest.dialect]
    if manifest.dialect == "postgresql":
        # Its tables are compared where they are restored; here it is read to its end.
        broken = postgresql.readable(copy)
        if broken:
            raise archive.Damaged(broken[0])
        return
    wrong = sqlite.sound(copy) or unequal(manifest.tables, sqlite.digests(copy))
    if wrong:
        raise archive.Damaged("; ".join(wrong[:5]))
