"""``portal restore``: bring a backup back, after a look and a question."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from portal import audit
from portal import backup as backups
from portal.backup.restoring import discard
from portal.backup.sealing import WrongKey
from portal.current import registry
from portal.database import everything, history, transaction


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Even though there is data: it is replaced.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Prove the file, show what would change, and stop.")
@with_appcontext
def restore(file: Path, replace: bool, yes: bool, dry_run: bool) -> None:
    """Bring back what FILE holds; stop portal serve and worker first.

    Everything is unpacked and proven beside the old data. Only then the two are swapped, in a way that any
    later start of the portal finishes if this is killed.
    """
    try:
        preview = backups.prepare(file)
        _show(preview)
        if dry_run:
            discard()
            return
        if not preview.empty and not replace:
            discard()
            raise click.ClickException(
                "there is data here; nothing was changed. To replace it say --replace; a backup of what is "
                "there now makes: portal backup"
            )
        if not yes and not _agreed():
            discard()
            raise click.ClickException("not agreed to; nothing was changed")
        backups.put_in_place(preview)
    except (backups.Damaged, backups.RestoreRefused, WrongKey) as error:
        raise click.ClickException(f"{error}; nothing was changed") from None
    with everything(), transaction():
        audit.record("backup.restored", ("backup", file.name), actor=None, district=None)
    click.echo(f"restored: {preview.manifest.rows} rows and {len(preview.manifest.files)} files, as saved")
    if history.pending(registry().folders()):
        click.echo("the backup is of an older schema; now run: portal db upgrade")


def _show(preview: backups.Preview) -> None:
    one = preview.manifest
    click.echo(f"backup of {one.made_at}, portal {one.portal}, {one.rows} rows, {len(one.files)} files")
    if preview.empty:
        return
    click.echo(f"{'table':<40} {'now':>10} {'after':>10}")
    for name, (now, after) in preview.tables.items():
        if now != after:
            click.echo(f"{name:<40} {now:>10} {after:>10}")
    click.echo(f"{'files':<40} {preview.files_now:>10} {len(one.files):>10}")


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    return bool(click.prompt("Type restore to go on", default="", show_default=False) == "restore")
