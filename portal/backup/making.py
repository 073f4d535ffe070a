"""Make a backup: snapshot, digests, one file, read again before it gets its name."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from portal import VERSION, audit, clock, crypto
from portal.backup import archive, content, keeping, postgresql, sqlite
from portal.backup.checking import verify
from portal.backup.manifest import Manifest, key_checks
from portal.backup.place import Place, database_file, place
from portal.config import PLACE
from portal.current import registry
from portal.database import everything, history, is_postgresql, session, transaction
from portal.districts.models import District
from portal.failpoints import failpoint
from portal.health import backups
from portal.keys import count_by_key


class BackupFailed(Exception):
    """No backup was made, and nothing of a draft is left; the message says why."""


def make(*, folder: Path | None = None, with_keys: Path | None = None) -> tuple[Path, Manifest]:
    """Make a backup in ``folder`` while the portal runs; return it and its manifest.

    ``with_keys`` is the settings file to take along; whoever holds such a backup holds all there is.
    Raises BackupFailed.
    """
    here = place()
    target = folder or here.backups
    now = clock.now().replace(microsecond=0)
    final = target / keeping.name_of(now, sealed=here.key is not None)
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        if final.exists():
            raise BackupFailed(f"{final.name} is there already: one backup a second")
        with _scratch(target) as scratch:
            draft = scratch / final.name
            manifest = _write(here, draft, scratch, made_at=now.isoformat(), with_keys=with_keys)
            failpoint("backup.written")
            verify(draft, key=here.key)
            draft.rename(final)
        _sync_folder(target)
    except OSError as error:
        raise BackupFailed(f"{error.strerror or error}: {error.filename or target}") from None
    except archive.Damaged as error:
        raise BackupFailed(str(error)) from None
    with everything(), transaction():
        backups.note(now)
        audit.record("backup.made", ("backup", final.name), actor=None, district=None)
    return final, manifest


def _write(here: Place, draft: Path, scratch: Path, *, made_at: str, with_keys: Path | None) -> Manifest:
    copy, tables = _snapshot(here, scratch)
    schema = history.revisions(registry().folders())
    # A key retired since would otherwise be asked for by a restore that needs it no more.
    used = set(count_by_key())
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with archive.writing(file, here.key) as writer:
            dialect = "postgresql" if is_postgresql() else "sqlite"
            database = writer.add(archive.DATABASE[dialect], copy)
            copy.unlink()
            files = _files(here, writer)
            if with_keys is not None:
                writer.add(f"{archive.KEYS}portal.toml", with_keys)
            manifest = Manifest(
                made_at=made_at,
                portal=VERSION,
                dialect=dialect,
                schema=schema,
                keys=key_checks(crypto.keyring(), used),
                tables=tables,
                files=files,
                database=database,
                with_keys=with_keys is not None,
            )
            writer.finish(manifest)
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _snapshot(here: Place, scratch: Path) -> tuple[Path, dict[str, list[Any]]]:
    if is_postgresql():
        copy = scratch / "database.pgdump"
        tables = postgresql.dump(copy)
        districts = session.scalar(select(func.count()).select_from(District))
        session.rollback()
        if districts and not tables["district"][0]:
            raise BackupFailed("database_owner_url sees no row: it must own the tables")
        return copy, tables
    copy = scratch / "database.sqlite"
    sqlite.snapshot(database_file(), copy)
    wrong = sqlite.sound(copy)
    if wrong:
        raise BackupFailed(f"the database itself is damaged: {wrong[0]}")
    return copy, sqlite.digests(copy)


def _files(here: Place, writer: archive.Writer) -> dict[str, list[Any]]:
    found = {}
    for name in content.files(here.data, without=here.backups):
        try:
            found[name] = writer.add(f"{archive.FILES}{name}", here.data / name)
        except FileNotFoundError:
            continue  # deleted since it was listed
    return found


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Make a private folder for drafts beside the backups; those of killed runs are swept."""
    for left in folder.glob(".draft-*"):
        # Another run's draft that is still growing is younger than a day.
        if clock.now().timestamp() - left.stat().st_mtime > 86400:
            shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def settings_file() -> Path | None:
    """Return the settings file in use, if secrets come from one."""
    path = Path(os.environ.get("PORTAL_CONFIG") or PLACE / "portal.toml")
    return path if path.exists() else None
