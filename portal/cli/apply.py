"""``portal apply``: bring districts, services and settings to what a file says."""

from __future__ import annotations

import os
from pathlib import Path

import click
from flask.cli import with_appcontext

from portal.admin import carrying, declared, plan
from portal.cli.common import account_of
from portal.database import Conflict, everything, session


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print the difference and change nothing.")
@click.option("--yes", is_flag=True, help="Also where something in use would be hidden.")
@click.option("--by", help="Who ordered it: phone or user name, for the trail.")
@with_appcontext
def apply(file: Path, dry_run: bool, yes: bool, by: str | None) -> None:
    """Bring districts, services and settings to what FILE (TOML) says, all of it or nothing.

    What FILE does not name stays as it is. Applying twice changes nothing. Every fault is listed with its
    line; with one of them nothing is changed. FILE is written by hand or by: portal export-config.
    """
    try:
        with click.open_file(str(file), encoding="utf-8") as stream:
            found = declared.read(stream.read())
    except UnicodeDecodeError:
        raise click.ClickException(f"{file}: not UTF-8") from None
    with everything():
        actor = account_of(by).id if by else None
        made = plan.make(found, os.environ)
        session.rollback()
    if made.faults:
        for fault in made.faults:
            click.echo(str(fault), err=True)
        raise click.ClickException(f"{len(made.faults)} to mend, nothing was changed")
    for change in made.changes:
        click.echo(str(change))
    for note in made.notes:
        click.echo(f"note: {note}")
    for warning in made.warnings:
        click.echo(f"warning: {warning}", err=True)
    if not made.changes:
        click.echo("nothing to change")
        return
    if dry_run:
        click.echo(f"{len(made.changes)} to change; this was a dry run")
        return
    if made.warnings and not yes:
        raise click.ClickException("nothing was changed; say --yes if that is meant")
    try:
        carrying.carry_out(found, made, environment=os.environ, by=actor)
    except Conflict:
        raise click.ClickException(
            "somebody changed something meanwhile, nothing was done; run again"
        ) from None
    click.echo(f"{len(made.changes)} changed")
