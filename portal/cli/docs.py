"""``portal docs``: the pages that are written from the code."""

from __future__ import annotations

import click

from portal import config

_WRITE = click.option("--write", is_flag=True, help="Put it into its file of docs/ instead of printing it.")


@click.group()
def docs() -> None:
    """Documentation that is written from the code."""


@docs.command()
@_WRITE
def api(write: bool) -> None:
    """Say every name of portal.api with its signature; exit 1 when docs/api.md says something else."""
    from portal.cli.api_page import text

    _put("api", text(), write=write)


@docs.command()
@_WRITE
def macros(write: bool) -> None:
    """Say every macro and filter of templates; exit 1 when docs/macros.md says something else."""
    from portal.cli.macros_page import text

    _put("macros", text(), write=write)


def _put(name: str, now: str, *, write: bool) -> None:
    path = config.ROOT / "docs" / f"{name}.md"
    if write:
        path.write_text(now, encoding="utf-8")
        click.echo(f"wrote {path}")
        return
    click.echo(now)
    if path.exists() and path.read_text(encoding="utf-8") != now:
        raise click.ClickException(f"docs/{name}.md says something else; run: portal docs {name} --write")
