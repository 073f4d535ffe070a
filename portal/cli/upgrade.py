"""``portal upgrade``: backup, migrate, check; or back to where it was, with the reason in words."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask.cli import with_appcontext

from portal import VERSION
from portal import backup as backups
from portal.backup.place import in_use, place
from portal.cli import checks
from portal.cli.db import ship_years, upgrade_schema
from portal.cli.init_place import write_private
from portal.current import registry
from portal.database import db, history, session
from portal.failpoints import failpoint

_JOURNAL = "upgrade.json"


@click.command()
@click.option("--check-only", is_flag=True, help="Say what would be migrated, and stop.")
@with_appcontext
def upgrade(check_only: bool) -> None:
    """Bring the database to the schema of this version: once, with the portal stopped.

    A backup is made first. When a migration or a check after it fails, the backup is put back and the exit
    code is 1; when this is killed, the next run puts it back before it begins anew.
    """
    journal = place().data / _JOURNAL
    if journal.exists():
        left = json.loads(journal.read_text(encoding="utf-8"))
        click.echo(f"an upgrade was interrupted; putting {left['backup']} back first")
        _put_back(Path(left["backup"]), journal)
    waiting = history.pending(registry().folders())
    for owner, (have, want) in waiting.items():
        click.echo(f"{owner}: {have or 'empty'} -> {want}")
    if any(have is None and owner == history.CORE for owner, (have, _) in waiting.items()):
        raise click.ClickException("the database is empty: a new installation is made by portal init")
    if check_only:
        return
    if waiting:
        _migrate(journal)
    else:
        # A version may bring a new year's working days and no change of the schema.
        ship_years()
    problems = checks.schema() + checks.books_and_trail() + checks.pages()
    if problems:
        raise click.ClickException("; ".join(problems[:5]))
    click.echo(f"portal {VERSION}: schema up to date, books, trail and pages checked")


def _migrate(journal: Path) -> None:
    session.remove()
    db.engine.dispose()
    if in_use():
        raise click.ClickException("the portal is running: stop portal serve and portal worker first")
    try:
        saved, _ = backups.make()
    except backups.BackupFailed as error:
        raise click.ClickException(f"no backup, so no upgrade: {error}") from None
    click.echo(f"backup: {saved}")
    write_private(journal, json.dumps({"backup": str(saved)}))
    try:
        upgrade_schema()
        failpoint("upgrade.migrated")
        problems = checks.schema() + checks.books_and_trail() + checks.pages()
    except Exception as error:
        problems = [f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"]
    if problems:
        manifest = _put_back(saved, journal)
        raise click.ClickException(
            f"the upgrade failed and everything is as it was before ({'; '.join(problems[:3])}). "
            f"Run the version of before again: portal {manifest.portal}; the backup stays in {saved}"
        )
    journal.unlink()


def _put_back(saved: Path, journal: Path) -> backups.Manifest:
    session.remove()
    db.engine.dispose()
    try:
        preview = backups.prepare(saved)
        backups.put_in_place(preview)
    except (backups.RestoreRefused, backups.Damaged) as error:
        raise click.ClickException(
            f"the backup cannot be put back ({error}); nothing else was changed. Look at it yourself: "
            f"portal restore {saved} --replace"
        ) from None
    journal.unlink(missing_ok=True)
    return preview.manifest
