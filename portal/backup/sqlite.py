"""SQLite: a snapshot while others write, by the library's own backup; it needs the driver's connection."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from portal.backup.tables import digest


class InUse(Exception):
    """Another process has the database open."""


def snapshot(source: Path, target: Path) -> None:
    """Copy the committed state of this moment into ``target``, one file; writers are not held up."""
    with closing(_connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as old:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.close(descriptor)
        with closing(_connect(str(target))) as new:
            # All pages in one step: one read transaction, that a writer can neither change nor restart.
            old.backup(new, pages=-1)
            new.execute("PRAGMA journal_mode=DELETE")
    with target.open("rb") as file:
        os.fsync(file.fileno())


def sound(path: Path) -> list[str]:
    """Return what SQLite itself finds wrong with a file; empty for a sound one."""
    try:
        with closing(_connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as own:
            found = [row[0] for row in own.execute("PRAGMA quick_check(5)")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def digests(path: Path) -> dict[str, list[Any]]:
    """Return table -> [rows, digest] of every table that holds rows of its own."""
    with closing(_connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as own:
        # A virtual table shows what its shadow tables hold.
        names = own.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' "
            "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        ).fetchall()
        return {name: digest(own.execute(f'SELECT * FROM "{name}"')) for (name,) in names}  # noqa: S608  its own catalogue


def close_alone(path: Path) -> None:
    """Bring the write-ahead log into the file and end it, so that the file may be moved.

    Raises InUse when another process has the database open: only the last connection may do this.
    """
    if not path.exists():
        return
    with closing(_connect(str(path), timeout=3.0)) as own:
        try:
            (mode,) = own.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite3.OperationalError:
            mode = "wal"
        if mode != "delete":
            raise InUse


def _connect(name: str, *, uri: bool = False, timeout: float = 15.0) -> sqlite3.Connection:
    made = sqlite3.connect(name, uri=uri, timeout=timeout, isolation_level=None)
    # What is no UTF-8 is compared as it stands.
    made.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    return made
