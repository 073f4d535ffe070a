"""``portal plugins``: what is installed, where it is on, and what is wrong with it."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from portal.admin import switchboard
from portal.cli.common import at, district_option, find_district
from portal.cli.plugin_doctor import doctor
from portal.cli.plugin_new import new
from portal.cli.plugin_purge import purge
from portal.cli.plugin_trace import trace
from portal.database import everything, session
from portal.districts import service
from portal.districts.models import District, PluginSwitch
from portal.districts.switch import Row, effective
from portal.registry import Registry


@click.group()
def plugins() -> None:
    """Plugins: list, switch, examine, make."""


plugins.add_command(new)
plugins.add_command(doctor)
plugins.add_command(purge)
plugins.add_command(trace)


def _registry() -> Registry:
    found: Registry = current_app.extensions["portal.registry"]
    return found


@plugins.command("list")
@click.option("--district", "district_code", help="Also say whether it is on there, and who decided.")
@with_appcontext
def list_plugins(district_code: str | None) -> None:
    """List the plugins, working and broken, and where they are on."""
    registry = _registry()
    here = find_district(district_code) if district_code else None
    rows = _switches()
    names = {place.id: place.code for place in session.scalars(select(District))}
    for slug in registry.ordered():
        plugin = registry.plugins[slug]
        line = f"{slug:<20} {plugin.version:<10} {plugin.name}"
        if here is not None:
            state = effective(slug, plugin.on_by_default, here.ancestor_ids, rows)
            source = names[state.source] if state.source else "default"
            locked = ", locked" if state.locked else ""
            line += f"  [{'on' if state.on else 'off'}, from {source}{locked}]"
        click.echo(line)
    for slug, broken in sorted(registry.broken.items()):
        click.echo(f"{slug:<20} BROKEN ({broken.where}): {broken.error}")
    missing = {row.plugin for row in rows.values()} - set(registry.plugins) - set(registry.broken)
    for slug in sorted(missing):
        click.echo(f"{slug:<20} not installed; its switches are kept")


def _switches() -> dict[tuple[int, str], Row]:
    with everything():
        found = session.execute(
            select(PluginSwitch.district_id, PluginSwitch.plugin, PluginSwitch.on, PluginSwitch.locked)
        )
        return {(place, slug): Row(place, slug, on, locked) for place, slug, on, locked in found}


def _switch(slug: str, district_code: str, *, on: bool | None, lock: bool = False) -> None:
    registry = _registry()
    if slug not in registry.plugins and slug not in registry.broken:
        raise click.UsageError(f"no plugin {slug!r}; there are: {', '.join(registry.ordered())}")
    place = find_district(district_code)
    word = "inherit" if on is None else "on" if on else "off"
    try:
        with at(place):
            switchboard.switch(place, slug, state=f"locked-{word}" if lock else word, actor=None)
    except service.SwitchLocked as error:
        raise click.ClickException(f"{slug}: a district above has locked it") from error
    rows = _switches()
    default = registry.plugins[slug].on_by_default if slug in registry.plugins else False
    state = effective(slug, default, place.ancestor_ids, rows)
    click.echo(
        f"{slug} at {place.code}: {word}{', locked' if lock else ''}; now {'on' if state.on else 'off'}"
    )


@plugins.command()
@click.argument("slug")
@district_option
@click.option("--lock", is_flag=True, help="Districts below cannot decide otherwise.")
@with_appcontext
def on(slug: str, district_code: str, lock: bool) -> None:
    """Switch a plugin on at a district and below; it acts on the next request."""
    _switch(slug, district_code, on=True, lock=lock)


@plugins.command()
@click.argument("slug")
@district_option
@click.option("--lock", is_flag=True, help="Districts below cannot decide otherwise.")
@with_appcontext
def off(slug: str, district_code: str, lock: bool) -> None:
    """Switch a plugin off at a district and below; its data stays."""
    _switch(slug, district_code, on=False, lock=lock)


@plugins.command()
@click.argument("slug")
@district_option
@with_appcontext
def inherit(slug: str, district_code: str) -> None:
    """Let the districts above, or the plugin's default, decide again."""
    _switch(slug, district_code, on=None)
