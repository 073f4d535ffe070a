"""Bring a backup back: everything is proven beside the old before anything is moved."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from portal import crypto
from portal.backup import archive, content, postgresql, sqlite, swapping
from portal.backup.checking import check_database
from portal.backup.manifest import Manifest, key_checks
from portal.backup.place import Place, database_file, place
from portal.backup.tables import unequal
from portal.current import registry
from portal.database import db, history, is_postgresql, session
from portal.database.engine import as_owner
from portal.failpoints import failpoint


class RestoreRefused(Exception):
    """Nothing was changed; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a restore would do: rows by table, there now and in the backup; files too."""

    manifest: Manifest
    tables: dict[str, tuple[int, int]]
    files_now: int
    empty: bool


def prepare(path: Path) -> Preview:
    """Unpack and prove a backup beside the data, and say what would change. Raises RestoreRefused."""
    here = place()
    here.data.mkdir(parents=True, exist_ok=True)
    unpacked = swapping.stage(here.data) / "new"
    try:
        manifest = archive.read(path, here.key, into=unpacked)
        _refuse_strange(manifest)
        check_database(unpacked, manifest)
        failpoint("restore.unpacked")
    except BaseException:
        swapping.clear(here.data)
        raise
    now = _rows_now()
    counts = {
        name: (now.get(name, 0), int(manifest.tables.get(name, [0])[0]))
        for name in sorted({*now, *manifest.tables})
    }
    files_now = sum(1 for _ in content.files(here.data, without=here.backups))
    return Preview(manifest=manifest, tables=counts, files_now=files_now, empty=not now and not files_now)


def put_in_place(preview: Preview) -> None:
    """Swap old and new, compare, and forget the old only then. Raises RestoreRefused, nothing changed."""
    here, manifest = place(), preview.manifest
    session.remove()
    db.engine.dispose()
    if is_postgresql():
        _replace_postgresql(here, manifest)
        return
    target = database_file()
    if not target.is_relative_to(here.data):
        raise RestoreRefused(f"{target} lies outside of the data folder {here.data}")
    try:
        sqlite.close_alone(target)
    except sqlite.InUse:
        raise RestoreRefused("the portal is running: stop portal serve and portal worker first") from None
    name = target.relative_to(here.data).as_posix()
    unpacked = here.data / swapping.STAGE / "new"
    (unpacked / archive.DATABASE["sqlite"]).rename(unpacked / name)
    _lay_out(unpacked)
    old = [name, *content.files(here.data, without=here.backups)]
    with swapping.alone(here.data):
        swapping.commit(here.data, old=old, new=[name, *manifest.files])
        swapping.carry_out(here.data)
        wrong = unequal(manifest.tables, sqlite.digests(target)) + _unequal_files(here.data, manifest)
        if wrong:
            swapping.take_back(here.data)
            raise RestoreRefused(f"what arrived is not what was saved, the old is back: {wrong[0]}")
        swapping.clear(here.data)


def _lay_out(unpacked: Path) -> None:
    """Bring the files of a backup to the paths they will have below the data folder."""
    for path in sorted((unpacked / archive.FILES).rglob("*")):
        if path.is_file():
            own = unpacked / path.relative_to(unpacked / archive.FILES)
            own.parent.mkdir(parents=True, exist_ok=True)
            path.rename(own)


def _replace_postgresql(here: Place, manifest: Manifest) -> None:
    if postgresql.in_use():
        raise RestoreRefused(
            "somebody is connected: stop portal serve and portal worker on every machine first"
        )
    unpacked, token = here.data / swapping.STAGE / "new", crypto.new_token()
    _lay_out(unpacked)
    old = list(content.files(here.data, without=here.backups))
    postgresql.forget_old()
    with swapping.alone(here.data):
        swapping.commit(here.data, old=old, new=list(manifest.files), token=token)
        try:
            postgresql.replace(unpacked / archive.DATABASE["postgresql"], token)
        except OSError as error:
            swapping.clear(here.data)
            raise RestoreRefused(f"the server said no: {error}") from None
        failpoint("restore.database")
        swapping.carry_out(here.data)
        wrong = unequal(manifest.tables, postgresql.digests()) + _unequal_files(here.data, manifest)
        if wrong:
            postgresql.take_back()
            swapping.take_back(here.data)
            raise RestoreRefused(f"what arrived is not what was saved, the old is back: {wrong[0]}")
        with as_owner():
            pass  # what the application may do to the tables is granted anew
        postgresql.forget_old()
        swapping.clear(here.data)


def discard() -> None:
    """Throw away what ``prepare`` unpacked: the answer was no."""
    swapping.clear(place().data)


def _refuse_strange(manifest: Manifest) -> None:
    mine = "postgresql" if is_postgresql() else "sqlite"
    if manifest.dialect != mine:
        raise RestoreRefused(f"the backup is of {manifest.dialect}, and database_url leads to {mine}")
    strange = history.strangers(registry().folders(), manifest.schema)
    if strange:
        raise RestoreRefused(
            f"the backup is of portal {manifest.portal} with a newer schema or a plugin that is not here "
            f"({', '.join(strange)}): install that version first"
        )
    ours = key_checks(crypto.keyring())
    missing = [name for name, check in manifest.keys.items() if ours.get(name) != check]
    if missing:
        raise RestoreRefused(
            f"wrong keys: what the backup holds was sealed with {', '.join(missing)}, and the settings have "
            "another one or none of that name. Put the old portal.toml (field_keys, index_key) back first"
        )


def _rows_now() -> dict[str, int]:
    if is_postgresql():
        return postgresql.counts()
    path = database_file()
    if not path.exists():
        return {}
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as own:
        names = [
            row[0]
            for row in own.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' "
                "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            )
        ]
        return {
            name: own.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608  its own catalogue
            for name in names
        }


def _unequal_files(data: Path, manifest: Manifest) -> list[str]:
    found = []
    for name, expected in manifest.files.items():
        if archive.file_digest(data / name) != expected:
            found.append(f"file {name} differs")
    return found
