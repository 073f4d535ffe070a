"""``portal db``: the schema."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from portal import workdays
from portal.cli.common import is_installed
from portal.cli.plugin_maker import tidy
from portal.current import registry
from portal.database import everything, history


@click.group()
def db() -> None:
    """The database's schema."""


def upgrade_schema() -> None:
    """Bring the schema up to date, the core's, then each loaded plugin's; and the years that come along."""
    history.upgrade(registry().folders())
    ship_years()


def ship_years() -> None:
    """Put the years of working days that come along in force, where the installation has none of its own."""
    with everything():
        workdays.ship()


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
    from alembic.util.exc import CommandError  # late, as in portal.database.history

    folders = registry().folders()
    if slug != history.CORE and slug not in folders:
        raise click.UsageError(f"no plugin {slug!r} is loaded")
    package = folders.get(slug)
    if is_installed(package or history.ENVIRONMENT):
        raise click.UsageError(
            f"{slug} is installed in {package or history.ENVIRONMENT}; a revision belongs to its source: "
            "install that with pip install -e, and ask again"
        )
    try:
        made = history.revise(folders, slug=slug, package=package, message=message)
    except CommandError as error:
        # The database is behind the revisions, or remembers one that is gone.
        raise click.ClickException(f"{error}; first run: portal db upgrade") from error
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
