"""``portal audit``: check the trail, print its heads for safe keeping."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from portal.audit import seals


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
def heads() -> None:
    """Print the newest link of each chain as JSON, to be kept outside the database."""
    seals.seal(everywhere=True)
    click.echo(json.dumps({str(chain): list(head) for chain, head in sorted(seals.heads().items())}))


@audit.command()
@click.option("--heads", "kept", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(kept: Path | None) -> None:
    """Check every row and link; exit 1 and name the rows when something was changed."""
    known = json.loads(kept.read_text()) if kept else {}
    report = seals.verify(kept_heads={int(chain): (head[0], head[1]) for chain, head in known.items()})
    for problem in report.problems:
        click.echo(f"{problem.kind}\tchain {problem.chain}\t{problem.uid}")
    click.echo(f"{report.sealed} sealed, {report.waiting} waiting, {len(report.problems)} wrong")
    sys.exit(1 if report.problems else 0)
