"""``portal docs``: the pages that are written from the code."""

from __future__ import annotations

import click

from portal import config


@click.group()
def docs() -> None:
    """Documentation that is written from the code."""


@docs.command()
@click.option("--write", is_flag=True, help="Put it into docs/api.md instead of printing it.")
def api(write: bool) -> None:
    """Say every name of portal.api with its signature; exit 1 when docs/api.md says something else."""
    from portal.cli.api_page import text

    path, now = config.ROOT / "docs" / "api.md", text()
    if write:
        path.write_text(now, encoding="utf-8")
        click.echo(f"wrote {path}")
        return
    click.echo(now)
    if path.exists() and path.read_text(encoding="utf-8") != now:
        raise click.ClickException("docs/api.md says something else; run: portal docs api --write")
