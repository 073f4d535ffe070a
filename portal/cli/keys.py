"""``portal keys``: secrets for a new installation."""

from __future__ import annotations

import click

from portal.config import new_secrets


@click.group()
def keys() -> None:
    """Secrets of an installation."""


@keys.command()
def new() -> None:
    """Print fresh secrets as lines for portal.toml; keep them where only the portal reads."""
    click.echo(new_secrets(), nl=False)
