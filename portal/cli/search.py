"""``portal search``: write the search index anew."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from portal.organizations import search as index


@click.group()
def search() -> None:
    """The search index of organizations, units, places and districts."""


@search.command()
@with_appcontext
def rebuild() -> None:
    """Write every entry anew, after data came in past the portal; safe at any time."""
    click.echo(f"{index.rebuild()} indexed")
