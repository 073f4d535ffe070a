"""``portal backup``: make, prove, list and thin out backups, while the portal runs."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import backup as backups
from portal.backup.making import settings_file
from portal.backup.place import place
from portal.backup.sealing import WrongKey


@click.group(invoke_without_command=True)
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Folder; default: backup_dir.")
@click.option("--keep", type=click.IntRange(1, 1000), help="Keep the newest N; default: backup_keep.")
@click.option("--with-keys", is_flag=True, help="Take portal.toml and its secrets along.")
@click.pass_context
@with_appcontext
def backup(ctx: click.Context, folder: Path | None, keep: int | None, with_keys: bool) -> None:
    """Make a backup of database and files, prove it, and delete the oldest.

    Secrets are not in it: without portal.toml's field_keys and index_key it cannot be used, so keep a copy
    of that file somewhere else.
    """
    if ctx.invoked_subcommand is not None:
        return
    settings = settings_file() if with_keys else None
    if with_keys and settings is None:
        raise click.UsageError("there is no settings file: the secrets come from the environment")
    folder = folder.absolute() if folder else place().backups
    try:
        path, manifest = backups.make(folder=folder, with_keys=settings)
    except backups.BackupFailed as error:
        raise click.ClickException(f"no backup was made: {error}") from None
    for old in backups.rotate(folder, keep=keep or current_app.config["BACKUP_KEEP"]):
        click.echo(f"deleted {old.name}")
    size = path.stat().st_size / 1024 / 1024
    click.echo(
        f"{path}: {size:.1f} MB, {len(manifest.tables)} tables, {manifest.rows} rows, "
        f"{len(manifest.files)} files; proven"
    )
    if with_keys:
        click.echo("this backup holds the secrets: whoever has it has everything", err=True)
    else:
        click.echo("secrets are not in it: keep portal.toml apart, without it no backup opens", err=True)


@backup.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def verify(file: Path) -> None:
    """Read FILE to its end and compare every table and file with its manifest; exit 1 if it is not whole."""
    try:
        manifest = backups.verify(file, key=place().key)
    except (backups.Damaged, WrongKey) as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"{file.name}: whole; made {manifest.made_at} by portal {manifest.portal} on {manifest.dialect}, "
        f"{len(manifest.tables)} tables, {manifest.rows} rows, {len(manifest.files)} files"
    )


@backup.command("list")
@with_appcontext
def list_backups() -> None:
    """List the backups, the newest first."""
    for one in backups.listed(place().backups):
        click.echo(f"{one.made_at:%Y-%m-%d %H:%M:%S} UTC  {one.path.stat().st_size:>12}  {one.path}")
