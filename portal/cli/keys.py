"""``portal keys``: secrets for a new installation."""

from __future__ import annotations

import secrets
from datetime import timedelta

import click

from portal import clock, crypto


@click.group()
def keys() -> None:
    """Secrets of an installation."""


@keys.command()
def new() -> None:
    """Print fresh secrets as lines for portal.toml; keep them where only the portal reads."""
    click.echo(fresh())


def fresh() -> str:
    """Return new secrets as lines of ``portal.toml``."""
    name = (clock.now() + timedelta(hours=8)).strftime("k%Y%m")
    return (
        f'secret_key = "{secrets.token_hex(32)}"\n'
        f'field_keys = "{name}:{crypto.generate_key()}"\n'
        f'index_key = "{crypto.generate_key()}"\n'
    )
