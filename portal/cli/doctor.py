"""``portal doctor``: what is wrong with this installation, and the command that mends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict

import click
from flask import current_app

from portal import config
from portal.cli import doctor_database, doctor_machine, doctor_settings
from portal.cli.doctor_finding import ERROR, Finding
from portal.cli.group import build
from portal.crypto import CryptoError
from portal.database import db, session


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
@click.option("--deep", is_flag=True, help="Verify books and trail too; slow where they are long.")
def doctor(as_json: bool, deep: bool) -> None:
    """Examine settings, machine, database, queue, backups, plugins; exit 1 when something must be mended."""
    found = list(_examine(deep))
    found.sort(key=lambda one: one.rank)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
    for one in () if as_json else found:
        click.echo(f"{one.severity}: {one.text}")
        click.echo(f"    mend: {one.command}")
    errors = sum(one.severity == ERROR for one in found)
    if not as_json:
        click.echo(f"{errors} errors, {len(found) - errors} others" if found else "nothing is wrong")
    if errors:
        raise click.exceptions.Exit(1)


def _examine(deep: bool) -> Iterable[Finding]:
    try:
        settings = config.read()
    except (config.ConfigError, ValueError, OSError) as error:
        yield Finding.error(
            f"the settings cannot be read: {error}", "correct portal.toml (or PORTAL_*) there"
        )
        return
    yield from doctor_settings.examine(settings)
    yield from doctor_machine.examine(settings)
    try:
        app = build()
    except (click.UsageError, CryptoError, OSError) as error:
        yield Finding.error(
            f"the portal does not start: {error}", "mend the settings, then portal doctor again"
        )
        return
    with app.app_context():
        checks = doctor_database.CHECKS + ((doctor_database.books_and_trail,) if deep else ())
        for check in checks:
            found, goes_on = _tried(check)
            yield from found
            if not goes_on:
                break
        session.remove()
        db.engine.dispose()


def _tried(check: Callable[[], Iterable[Finding]]) -> tuple[list[Finding], bool]:
    """Run one check; without a database the others would only say the same in worse words."""
    try:
        return list(check()), True
    except doctor_database.Unreachable as error:
        command = "start the database, or correct database_url in portal.toml"
        return [Finding.error(f"the database cannot be reached: {error}", command)], False
    except doctor_database.Empty:
        return [Finding.error("the database is empty", "portal init, or portal restore BACKUP")], False
    except Exception as error:
        session.rollback()
        current_app.logger.error("doctor: %s", check.__name__, exc_info=error)
        text = f"{check.__name__.replace('_', ' ')} could not be examined ({type(error).__name__})"
        return [Finding.error(text, "portal health, and the log above")], True
