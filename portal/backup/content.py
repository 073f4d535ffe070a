"""Which files of the data folder belong into a backup, and which never."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

#: The database has its own way; logs and drafts are no data; secrets are kept apart from backups.
_NEVER = ("portal.db", "development.", "portal.toml", ".", "running", "upgrade.json")
_FOLDERS = {"backups", "log"}


def files(data: Path, *, without: Path | None = None) -> Iterator[str]:
    """Yield the paths below ``data`` that are backed up, in order; ``without`` is the folder of backups."""
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data)
        if path.is_symlink() or not path.is_file() or name.parts[0] in _FOLDERS:
            continue
        if without is not None and path.is_relative_to(without):
            continue
        if name.parts[0].startswith(_NEVER):
            continue
        yield name.as_posix()
