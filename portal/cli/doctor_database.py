"""What the doctor asks the database: schema, roles, clock, queue, backups, plugins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from portal import clock, config, crypto, jobs
from portal.backup.place import place
from portal.cli import checks
from portal.cli.doctor_finding import Finding
from portal.current import registry
from portal.database import db, everything, history, is_postgresql, policies, session
from portal.districts.models import District
from portal.health import backups
from portal.health.models import Heartbeat
from portal.health.service import QUEUE_LATE
from portal.identity.models import Grant
from portal.jobs.models import JobRow
from portal.keys import count_by_key

#: How far the database's clock may be from ours.
SKEW = timedelta(seconds=5)


class Unreachable(Exception):
    """No connection; the message holds no password."""


class Empty(Exception):
    """There is no table yet, so nothing else can be asked."""


def reachable() -> Iterator[Finding]:
    """Connect; on SQLite the write-ahead log must be on."""
    try:
        with db.engine.connect() as connection:
            mode = "" if is_postgresql() else connection.execute(sql("PRAGMA journal_mode")).scalar()
    except DBAPIError as error:
        raise Unreachable(str(error.orig).strip().splitlines()[0]) from None
    if mode not in ("", "wal"):
        yield Finding.error(
            f"SQLite's journal is {mode}, not wal: readers and writers wait for each other",
            "move the data folder to a local disk the portal may write",
        )


def schema() -> Iterator[Finding]:
    """Ask whether revisions wait, and whether tables are what the models say."""
    waiting = history.pending(registry().folders())
    if any(owner == history.CORE and have is None for owner, (have, _) in waiting.items()):
        raise Empty
    for owner, (have, want) in waiting.items():
        yield Finding.error(f"the schema of {owner} waits: {have or 'empty'} -> {want}", "portal upgrade")
    if not waiting:
        for one in checks.schema()[:10]:
            yield Finding.error(
                one, "ask whoever changed tables by hand; else portal restore BACKUP --replace"
            )


def roles() -> Iterator[Finding]:
    """PostgreSQL: the role owns nothing and passes no policy; each table of a district has one."""
    if not is_postgresql():
        return
    with db.engine.connect() as connection:
        found = policies.gaps(connection)
    for one in found:
        mend = "portal init --print-sql shows the two roles; database_url names the application's"
        yield Finding.error(one, mend if "the application" in one else "portal upgrade")


def clocks() -> Iterator[Finding]:
    """Compare our clock with the database's, or with what was written last."""
    mend = "timedatectl set-ntp true"
    if is_postgresql():
        with db.engine.connect() as connection:
            skew = abs(connection.execute(sql("SELECT clock_timestamp()")).scalar_one() - clock.now())
        if skew > SKEW:
            yield Finding.error(f"this clock and the database's are {skew.total_seconds():.0f} s apart", mend)
    latest = session.execute(select(func.max(Heartbeat.at))).scalar()
    session.rollback()
    if latest is not None and latest - clock.now() > SKEW:
        yield Finding.error(
            f"the clock went back: something was written at {latest:%Y-%m-%d %H:%M} UTC", mend
        )


def people() -> Iterator[Finding]:
    """Ask whether anybody can work here at all."""
    with everything():
        districts = session.scalar(select(func.count()).select_from(District))
        admins = session.scalar(select(func.count()).where(Grant.role == "district_admin"))
    session.rollback()
    if not districts:
        yield Finding.warning("there is no district yet", "portal district add CODE NAME --kind county")
    elif not admins:
        yield Finding.warning(
            "nobody is a district administrator",
            "portal roles grant --account WHO --role district_admin --district CODE",
        )


def queue() -> Iterator[Finding]:
    """Ask whether a worker runs, and what it gave up."""
    age = jobs.queue_age()
    dead = session.scalar(select(func.count()).select_from(JobRow).where(JobRow.state == "dead"))
    session.rollback()
    if age > QUEUE_LATE:
        yield Finding.error(
            f"work has waited for {int(age.total_seconds() // 60)} minutes: no worker runs, or too few",
            "systemctl start portal-worker",
        )
    if dead:
        yield Finding.warning(
            f"{dead} jobs were given up", "look at /d/CODE/admin/queue, and try again there once it is mended"
        )


def saved() -> Iterator[Finding]:
    """Ask how old the last good backup is and where it lies; remind of the keys."""
    with everything():
        age = backups.age()
    session.rollback()
    here = place()
    if age is None:
        yield Finding.warning("there has never been a backup", "portal backup")
    elif age > backups.too_old():
        hours = int(age.total_seconds() // 3600)
        yield Finding.error(
            f"the last good backup is {hours} hours old",
            "portal backup; systemctl status portal-backup.timer",
        )
    if here.backups.is_relative_to(here.data):
        yield Finding.note(
            "backups lie on the disk they are to save",
            'write backup_dir = "..." on another one, or copy them',
        )
    yield Finding.note(
        "portal.toml is not in the backups, and none opens without its keys",
        "keep a copy of it somewhere else",
    )


def lost_keys() -> Iterator[Finding]:
    """Ask whether everything sealed can be opened, as far as the names of the keys tell."""
    known = crypto.keyring().field_keys
    marked = {part.strip() for part in config.read().lost_keys.split(",")}
    for key, held in sorted(count_by_key().items()):
        if key in known:
            continue
        text = f"{sum(held.values())} values are sealed under {key}, which is not among the settings"
        command = f"put {key} back into field_keys; if nobody has it: portal keys lost {key}"
        yield Finding.note(text, command) if key in marked else Finding.error(text, command)


def plugins() -> Iterator[Finding]:
    """Name the plugins that were quarantined."""
    for slug, broken in sorted(registry().broken.items()):
        yield Finding.error(f"plugin {slug} is quarantined: {broken.error}", "portal plugins doctor")


def fonts() -> Iterator[Finding]:
    """Ask whether the fonts that printed sheets need came along with their plugin."""
    for slug, package in registry().folders().items():
        folder = package / "fonts"
        if folder.is_dir() and not any(one.suffix in {".ttf", ".otf"} for one in folder.rglob("*")):
            yield Finding.error(
                f"plugin {slug} prints sheets, and its fonts are missing", "install it again whole"
            )


def books_and_trail() -> Iterator[Finding]:
    """Verify every chain."""
    for one in checks.books_and_trail()[:10]:
        yield Finding.error(
            f"touched: {one}", "portal ledger verify; portal audit verify; keep this disk as it is"
        )


CHECKS = (reachable, schema, roles, clocks, people, queue, saved, lost_keys, plugins, fonts)
