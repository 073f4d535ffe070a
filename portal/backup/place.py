"""Where this installation keeps its data and its backups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from portal.backup import postgresql, sqlite
from portal.backup.sealing import key_of
from portal.config import ConfigError
from portal.database import db, is_postgresql


@dataclass(frozen=True, kw_only=True)
class Place:
    """Folders, and the key backups are sealed under (None: they are not)."""

    data: Path
    backups: Path
    key: bytes | None


def place() -> Place:
    """Return where data and backups of the current application are."""
    data = Path(current_app.config["DATA_DIR"])
    text: str = current_app.config["BACKUP_KEY"]
    try:
        key = key_of(text) if text else None
    except ValueError as error:
        raise ConfigError(f"backup_key: {error}") from None
    return Place(data=data, backups=Path(current_app.config["BACKUP_DIR"] or data / "backups"), key=key)


def in_use() -> bool:
    """Tell whether another process has the database open."""
    if is_postgresql():
        return postgresql.in_use()
    try:
        sqlite.close_alone(database_file())
    except sqlite.InUse:
        return True
    return False


def database_file() -> Path:
    """Return the file of the SQLite database in use."""
    return Path(str(db.engine.url.database)).absolute()
