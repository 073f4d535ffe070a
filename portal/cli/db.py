"""``portal db``: the schema."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from portal.cli.plugin_maker import tidy
from portal.current import registry
from portal.database import history


@click.group()
def db() -> None:
    """The database's schema."""


def upgrade_schema() -> None:
    """Bring the schema up to date: the core's, then each loaded plugin's."""
    history.upgrade(registry().folders())


@db.command()
@with_appcontext
def upgrade() -> None:
    """Bring the schema up to date: the core's, then each loaded plugin's."""
    upgrade_schema()
    click.echo("schema up to date")


@db.command()
@click.argument("slug")
@click.option("-m", "--message", required=True, help="what changes, in a few words")
@with_appcontext
def revision(slug: str, message: str) -> None:
    """Write the next revision of SLUG (``core`` or a plugin) from what its models say."""
    folders = registry().folders()
    if slug != history.CORE and slug not in folders:
        raise click.UsageError(f"no plugin {slug!r} is loaded")
    made = history.revise(folders, slug=slug, package=folders.get(slug), message=message)
    if made is None:
        click.echo("nothing changed")
        return
    tidy(made)
    click.echo(f"wrote {made}")


@db.command()
@with_appcontext
def check() -> None:
    """Say whether the database is at the newest revision of every history (exit 1: it is not)."""
    waiting = history.pending(registry().folders())
    for owner, (have, want) in waiting.items():
        click.echo(f"{owner}: {have or 'empty'} -> {want}; run: portal db upgrade")
    raise SystemExit(1 if waiting else 0)
