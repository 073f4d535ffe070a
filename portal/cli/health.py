"""``portal health``: what /readyz knows, in words."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from portal.health import examine


@click.command()
@with_appcontext
def health() -> None:
    """Examine database, disk, queue and plugins; exit 1 when the portal is not ready."""
    report = examine()
    for check in report.checks:
        click.echo(
            f"{'ok' if check.ok else 'NOT ok' if check.needed else 'warning'}: {check.name} {check.detail}"
        )
    if not report.ready:
        raise click.exceptions.Exit(1)
