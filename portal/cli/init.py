"""``portal init``: a new installation, from nothing to the first log-in."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import inspect

from portal import config, database
from portal.cli import init_first, init_place
from portal.cli.account import show_code
from portal.cli.db import upgrade_schema
from portal.cli.group import build
from portal.cli.roles_sql import create_with, sql
from portal.failpoints import failpoint

_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
_PASSWORD = re.compile(r"^[a-z0-9+]+://[^/@]*:[^/@]+@", re.IGNORECASE)


@click.command()
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Settings file to write.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder for database and files.")
@click.option("--database", help="URL, without a password; with one: PORTAL_DATABASE_URL. Default: SQLite.")
@click.option("--public-url", help="The address people type: https://portal.example.cn")
@click.option("--site-name", default="", help="What pages are headed with.")
@click.option("--admin-name", help="First administrator, as others know the person.")
@click.option("--admin-phone", help="The administrator's mobile number.")
@click.option("--admin-username", default="admin", show_default=True)
@click.option(
    "--district", "districts", multiple=True, help='"CODE NAME KIND", and the code above if any; repeat.'
)
@click.option("--print-sql", is_flag=True, help="Print the PostgreSQL roles and database to make, and stop.")
def init(
    config_path: Path | None,
    data: Path | None,
    database: str | None,
    public_url: str | None,
    site_name: str,
    admin_name: str | None,
    admin_phone: str | None,
    admin_username: str,
    districts: tuple[str, ...],
    print_sql: bool,
) -> None:
    """Make a new installation: settings with fresh secrets, database, first district and administrator.

    What is not said is asked for at a terminal. A password never stands on the command line: database URLs
    with one are read from PORTAL_DATABASE_URL, PORTAL_DATABASE_OWNER_URL (migrations) and
    PORTAL_DATABASE_ADMIN_URL (makes roles and database once, is not kept).
    """
    if print_sql:
        click.echo(sql(), nl=False)
        return
    if database and _PASSWORD.match(database):
        raise click.UsageError(
            "a password on the command line is seen by everybody on this machine: "
            "put the URL into PORTAL_DATABASE_URL"
        )
    path = config_path or Path(os.environ.get("PORTAL_CONFIG") or config.PLACE / "portal.toml")
    early = init_place.Wanted(
        config=path.absolute(), data=Path(), database_url="", owner_url="", public_url="", site_name=""
    )
    init_place.refuse_if_initialised(early)
    init_place.refuse_old_sqlite(os.environ.get("PORTAL_DATABASE_URL") or database or "")
    said = data or os.environ.get("PORTAL_DATA") or _ask("Data folder", "--data", str(config.PLACE / "var"))
    wanted = init_place.Wanted(
        config=path.absolute(),
        data=Path(said).absolute(),
        database_url=os.environ.get("PORTAL_DATABASE_URL") or database or "",
        owner_url=os.environ.get("PORTAL_DATABASE_OWNER_URL") or "",
        public_url=_public_url(public_url or _ask("Address people type", "--public-url")),
        site_name=site_name,
    )
    name = admin_name or _ask("First administrator's name", "--admin-name")
    phone = admin_phone or _ask("Mobile number", "--admin-phone")
    first = init_first.First(
        name=name,
        phone=phone,
        username=admin_username,
        districts=tuple(init_first.district_of(text) for text in districts or _ask_districts()),
    )
    first.check()
    with init_place.alone(wanted):
        init_place.refuse_if_initialised(wanted)
        _make(wanted, first)


def _make(wanted: init_place.Wanted, first: init_first.First) -> None:
    resumed = init_place.begin(wanted)
    if resumed:
        click.echo(f"going on with {wanted.draft}, which an interrupted init left")
    admin_url = os.environ.get("PORTAL_DATABASE_ADMIN_URL")
    if admin_url and wanted.database_url:
        create_with(admin_url, wanted.database_url, wanted.owner_url)
        click.echo("roles and database: made")
    with _using(wanted.draft):
        app = build()
        with app.app_context():
            try:
                if not resumed and inspect(database.db.engine).get_table_names():
                    wanted.draft.unlink()
                    raise click.ClickException(
                        "the database holds tables already: init makes new installations only, nothing was "
                        "changed. An installation is moved with its portal.toml and portal restore"
                    )
                upgrade_schema()
                click.echo("schema: made")
                code = init_first.write(first)
                failpoint("init.written")
                init_place.finish(wanted)
                click.echo(f"settings and secrets: {wanted.config} (keep a copy apart from the backups)")
                show_code(first.name, code)
            finally:
                database.session.remove()
                database.db.engine.dispose()
    click.echo("next: portal doctor, then portal serve")


@contextmanager
def _using(settings: Path) -> Iterator[None]:
    before = os.environ.get("PORTAL_CONFIG")
    os.environ["PORTAL_CONFIG"] = str(settings)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PORTAL_CONFIG"]
        else:
            os.environ["PORTAL_CONFIG"] = before


def _ask(question: str, option: str, default: str | None = None) -> str:
    if not sys.stdin.isatty():
        if default is not None:
            return default
        raise click.UsageError(f"{option} is missing")
    answer: str = click.prompt(question, default=default)
    return answer


def _ask_districts() -> tuple[str, ...]:
    if not sys.stdin.isatty():
        return ()
    said: str = click.prompt(
        'First district, "CODE NAME KIND" (empty: later)', default="", show_default=False
    )
    return (said,) if said.strip() else ()


def _public_url(text: str) -> str:
    url = text.strip().rstrip("/")
    if re.fullmatch(r"https://[^/\s]+", url) or _LOOPBACK.fullmatch(url):
        return url
    raise click.UsageError(
        f"{text!r}: an address is https://name without a path; plain http only on this machine "
        "(http://127.0.0.1:8000), because numbers and codes would travel open"
    )
