"""``portal plugins doctor``: what is wrong with each plugin, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import click
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from portal import api, config, pace
from portal.cli.common import is_installed
from portal.cli.doctor_finding import ERROR, Finding
from portal.database import everything, glance, history, leaving, session
from portal.districts.models import PluginSwitch
from portal.jobs.models import DEAD, JobRow
from portal.plugin import Broken
from portal.registry import Registry, outside


@click.command()
def doctor() -> None:
    """Load every plugin as production does; exit 1 and say why and what to do when one is not well."""
    from portal.app import create_app

    # Development would raise at the first fault; here every plugin gets its verdict.
    app = create_app(replace(config.load(), env="production"))
    registry: Registry = app.extensions["portal.registry"]
    found = [*loading(registry), *_asked_of_the_database(app, registry)]
    unwell = {finding.text.split(":")[0] for finding in found if finding.severity == ERROR}
    for slug in registry.ordered():
        if slug not in unwell:
            click.echo(f"{slug}: ok")
    for finding in sorted(found, key=lambda one: (one.rank, one.text)):
        click.echo(f"{finding.severity}: {finding.text}")
        click.echo(f"    -> {finding.command}")
    for _slug, broken in sorted(registry.broken.items()):
        click.echo(broken.detail.rstrip(), err=True)
    if unwell:
        raise click.exceptions.Exit(1)


def loading(registry: Registry) -> Iterator[Finding]:
    """Say what went wrong, or was left out, while the plugins were loaded."""
    for slug, broken in registry.broken.items():
        yield Finding.error(f"{slug}: broken at {broken.where}: {broken.error}", _cure(broken))
    settings = config.read()
    for one in pace.resting(settings.data_dir):
        text = f"{one.slug}: {one.hook} took {one.seconds} s; pages do without it until {one.until:%H:%M} UTC"
        yield Finding.warning(text, "portal plugins trace says what it spends; it is asked again by itself")
    if settings.safe_mode:
        yield Finding.warning(
            "safe mode: no plugin is loaded", "unset PORTAL_SAFE_MODE (portal.toml: safe_mode)"
        )
    for slug in () if settings.safe_mode else settings.excluded:
        yield Finding.note(f"{slug}: left out by plugins_exclude", "take it out of PORTAL_PLUGINS_EXCLUDE")
    for name, asker in sorted(api.ASKED):
        gone = api.DEPRECATED[name]
        text = f"{asker}: uses portal.api.{name}, deprecated since {gone.since}"
        yield Finding.warning(text, f"its author uses {gone.instead} instead")
    for slug, package in outside().items():
        if (config.ROOT / "plugins" / slug / "__init__.py").exists():
            text = f"{slug}: both a folder and a wheel ({package}); the folder is used"
            yield Finding.warning(text, f"remove plugins/{slug}, or uninstall the wheel")


def _cure(broken: Broken) -> str:
    if "wants portal API" in broken.error:
        return "install a version of the plugin that fits, or of the portal"
    if broken.error.startswith("ModuleNotFoundError"):
        return f"pip install what is missing; until then: PORTAL_PLUGINS_EXCLUDE={broken.slug}"
    if broken.where in {"load", "hooks"}:
        return f"its author mends it (the trace is below); until then: PORTAL_PLUGINS_EXCLUDE={broken.slug}"
    return f"its author mends what it hands over at {broken.where}; docs/hooks.md says how"


def _asked_of_the_database(app: Flask, registry: Registry) -> Iterator[Finding]:
    with app.app_context():
        for what, look in (("the schema", _schema), ("removed plugins", _left_behind), ("jobs", _dead)):
            try:
                yield from list(look(registry))
            except SQLAlchemyError as error:
                text = f"the database cannot be asked about {what} ({type(error).__name__})"
                yield Finding.warning(text, "portal doctor")
            finally:
                session.remove()


def _schema(registry: Registry) -> Iterator[Finding]:
    for owner, (have, want) in history.pending(registry.folders()).items():
        if owner != history.CORE:
            yield Finding.error(
                f"{owner}: its tables are at {have or 'nothing'}, not {want}", "portal db upgrade"
            )
    for slug, folder in registry.folders().items():
        if (
            any((folder / name).exists() for name in ("models.py", "models"))
            and not (folder / "migrations").is_dir()
        ):
            where = "in its project" if is_installed(folder) else "here"
            command = f'portal db revision {slug} -m "initial" ({where})'
            yield Finding.error(f"{slug}: has models and no revision", command)


def _left_behind(registry: Registry) -> Iterator[Finding]:
    here = set(registry.plugins) | set(registry.broken) | registry.left_out | {history.CORE}
    with glance() as connection:
        tables = leaving.owners(connection) - here
    with everything():
        switched = select(PluginSwitch.plugin).where(PluginSwitch.on.is_(True)).distinct()
        on = set(session.scalars(switched)) - here
    for slug in sorted(tables | on):
        where = "switched on" if slug in on else "kept"
        text = f"{slug}: not installed; its {'tables' if slug in tables else 'switches'} are {where}"
        cure = f"put it back, or lose its data for good: portal plugins purge {slug}"
        yield Finding.warning(text, cure) if slug in on else Finding.note(text, cure)


def _dead(registry: Registry) -> Iterator[Finding]:
    names = select(JobRow.name, func.count()).where(JobRow.state == DEAD).group_by(JobRow.name)
    for name, count in session.execute(names):
        slug = name.partition(".")[0]
        if slug in registry.plugins:
            text = f"{slug}: the job {name} failed for good {count} times"
            yield Finding.warning(text, "the queue's page says why and tries again")
