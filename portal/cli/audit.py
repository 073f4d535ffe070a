"""``portal audit``: prove that the trail is as it was written."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from portal.audit import seals
from portal.database import everything


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
@with_appcontext
def verify() -> None:
    """Check every row and every link; exit 1 and name the row when one was touched."""
    with everything():
        report = seals.verify()
    click.echo(f"sealed {report.sealed}, waiting for a seal {report.waiting}")
    for problem in report.problems:
        chain = f"district {problem.chain}" if problem.chain else "installation"
        click.echo(f"{problem.kind}: {problem.uid} ({chain})")
    if report.problems:
        raise click.exceptions.Exit(1)
    click.echo("ok")
