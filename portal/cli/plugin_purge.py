"""``portal plugins purge``: the only way to lose a plugin's tables; it asks twice."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import clock
from portal.admin import purging
from portal.cli.common import account_of
from portal.current import registry
from portal.database import everything


@click.command()
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask; needs --i-know-rows.")
@click.option("--i-know-rows", "known_rows", type=int, help="How many rows will be lost.")
@click.option("--export", "export", type=click.Path(path_type=Path), help="Where to write all rows first.")
@click.option("--no-export", is_flag=True, help="Write them nowhere.")
@click.option("--by", help="Who ordered it: phone or user name, for the trail.")
@with_appcontext
def purge(
    slug: str, yes: bool, known_rows: int | None, export: Path | None, no_export: bool, by: str | None
) -> None:
    """Remove a plugin's tables, settings, switches, permissions and jobs, installed or not.

    It must be off everywhere. Books, the audit trail and messages that people got are kept.
    """
    if yes != (known_rows is not None):
        raise click.UsageError("--yes and --i-know-rows belong together")
    if export is not None and no_export:
        raise click.UsageError("--export or --no-export, not both")
    try:
        with everything():
            who = account_of(by).id if by else None
        found = purging.look(slug)
        _show(found)
        target = None if no_export or not found.rows else export or _usual(slug)
        if target is not None:
            click.echo(f"written first to {target}")
        rows = known_rows if known_rows is not None else _asked(found)
        done = purging.purge(slug, rows=rows, export=target, by=who)
    except purging.Refused as refused:
        raise click.ClickException(f"nothing was removed: {refused}") from refused
    except OSError as error:
        raise click.ClickException(f"nothing was removed: {error}") from error
    click.echo(f"{slug}: {done.rows} rows in {len(done.tables)} tables are gone")
    if slug in registry().plugins:
        click.echo(f"it is still installed: remove its folder or wheel, or set PORTAL_PLUGINS_EXCLUDE={slug}")


def _show(found: purging.Loss) -> None:
    installed = found.slug in registry().plugins
    click.echo(f"{found.slug}{'' if installed else ' (not installed)'}; this would be lost for good:")
    for name, count in [*found.tables.items(), *(one for one in found.claims.items() if one[1])]:
        click.echo(f"  {name:<40} {count:>8} rows")
    for name, count in found.beside.items():
        click.echo(f"  {name:<40} {count:>8}")


def _usual(slug: str) -> Path:
    stamp = clock.now().astimezone(clock.SHANGHAI).strftime("%Y%m%d-%H%M%S")
    return Path(current_app.config["DATA_DIR"]) / "purged" / f"{slug}-{stamp}.jsonl"


def _asked(found: purging.Loss) -> int:
    """Let the person type the slug, then the number; anything else is no."""
    if click.prompt("type the plugin's name to go on", default="", show_default=False) != found.slug:
        raise click.ClickException("nothing was removed")
    return int(click.prompt("type how many rows will be lost", type=int))
