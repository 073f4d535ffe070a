"""``portal workdays``: China's working days, a year at a time."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from flask.cli import with_appcontext

from portal import workdays as room
from portal.cli.common import account_of
from portal.database import Conflict, everything
from portal.workdays import BadCalendar, Changes, Entry


@click.group()
def workdays() -> None:
    """The calendar of working days: what the State Council publishes each November for the next year."""


@workdays.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print the difference and change nothing.")
@click.option("--by", help="Who ordered it: phone or user name, for the trail.")
@with_appcontext
def import_(file: Path, dry_run: bool, by: str | None) -> None:
    """Put the year in FILE (TOML) in force, for every district; a changed one is the year's next version.

    The same file twice changes nothing. Every fault is listed with its line; with one of them nothing is
    changed. Deadlines that were computed already stay as they are. Files to start from lie in
    portal/workdays/data.
    """
    try:
        with click.open_file(str(file), encoding="utf-8") as stream:
            calendar = room.read(stream.read())
    except UnicodeDecodeError:
        raise click.ClickException(f"{file}: not UTF-8") from None
    except BadCalendar as bad:
        for fault in bad.faults:
            click.echo(str(fault), err=True)
        raise click.ClickException(f"{len(bad.faults)} to mend, nothing was changed") from None
    with everything():
        actor = account_of(by).id if by else None
        try:
            changes = room.compare(calendar) if dry_run else room.publish(calendar, by=actor)
        except Conflict as meanwhile:
            raise click.ClickException(f"{meanwhile.why}; nothing was changed, run again") from None
    _say(changes, dry_run=dry_run)
    if calendar.source.from_memory:
        click.echo(
            "warning: written from memory; pages say so until a file with from_memory = false", err=True
        )


@workdays.command("list")
@click.option("--year", type=int, help="Every day of this year's calendar, and its earlier versions.")
@with_appcontext
def list_(year: int | None) -> None:
    """List the years there are, each with its source; with --year its days."""
    with everything():
        known = [one for one in room.years() if year in (None, one.year)]
        for one in known:
            for version in range(one.version, 0 if year else one.version - 1, -1):
                click.echo(_line(one.year, version))
        found = room.published(year) if year else None
    if found:
        for day, entry in found.days.items():
            click.echo(f"  {_worded(day, entry)}")
    if not known:
        said = f"{year}: not published here" if year else "no year is there"
        raise click.ClickException(f"{said}, Monday to Friday count; run: portal workdays import FILE")


def _line(year: int, version: int) -> str:
    found = room.published(year, version)
    assert found is not None
    source = found.source
    off = sum(entry.kind == "off" for entry in found.days.values())
    return (
        f"{year} version {version} ({found.origin}): {off} days off, {len(found.days) - off} made up; "
        f"{source.number} of {source.issued_on}" + (" FROM MEMORY" if source.from_memory else "")
    )


def _say(changes: Changes, *, dry_run: bool) -> None:
    if not changes.changed:
        click.echo(f"{changes.year}: nothing to change, version {changes.version} stays in force")
        return
    for day, (before, after) in changes.days.items():
        if changes.new and after:
            click.echo(_worded(day, after))
        else:
            click.echo(f"{_worded(day, after)}, was {_kind(day, before)}")
    if changes.source_changed:
        click.echo("source: changed")
    done = "would be" if dry_run else "is"
    click.echo(
        f"{changes.year}: version {changes.version} {done} in force"
        + ("; this was a dry run" if dry_run else "")
    )
    click.echo("deadlines computed before stay as they are stored")


def _worded(day: date, entry: Entry | None) -> str:
    return f"{day} {day:%a} {_kind(day, entry)}"


def _kind(day: date, entry: Entry | None) -> str:
    if entry is None:
        return "an ordinary workday" if day.isoweekday() < 6 else "an ordinary weekend"
    return f"{entry.kind} {entry.name}"
