"""``portal db``: the schema."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from portal import database


@click.group()
def db() -> None:
    """The database's schema."""


def upgrade_schema() -> None:
    """Bring the schema up to date: the core's, then each loaded plugin's."""
    database.create_all()


@db.command()
@with_appcontext
def upgrade() -> None:
    """Bring the schema up to date: the core's, then each loaded plugin's."""
    upgrade_schema()
    click.echo("schema up to date")
