"""``portal export-config``: write what is as a file that ``portal apply`` reads."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from portal.admin import exporting
from portal.database import everything


@click.command("export-config")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File; else it is printed."
)
@with_appcontext
def export_config(output: Path | None) -> None:
    """Write districts, services and settings as TOML; secrets as env:NAME."""
    with everything():
        text = exporting.text()
    if output is None:
        click.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    click.echo(f"wrote {output}")
