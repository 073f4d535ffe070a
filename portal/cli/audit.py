"""``portal audit``: prove that the trail is as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask.cli import with_appcontext

from portal.audit import seals
from portal.database import everything


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
@with_appcontext
def heads() -> None:
    """Print the newest link of each chain as JSON; kept elsewhere, it shows a cut-off tail later."""
    with everything():
        seals.seal(everywhere=True)
        click.echo(json.dumps({str(chain): list(head) for chain, head in sorted(seals.heads().items())}))


@audit.command()
@click.option("--heads", "kept", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def verify(kept: Path | None) -> None:
    """Check every row and every link; exit 1 and name the row when one was touched."""
    known = json.loads(kept.read_text()) if kept else {}
    with everything():
        report = seals.verify(kept_heads={int(chain): (head[0], head[1]) for chain, head in known.items()})
    click.echo(f"sealed {report.sealed}, waiting for a seal {report.waiting}")
    for problem in report.problems:
        chain = f"district {problem.chain}" if problem.chain else "installation"
        click.echo(f"{problem.kind}: {problem.uid} ({chain})")
    if report.problems:
        raise click.exceptions.Exit(1)
    click.echo("ok")
