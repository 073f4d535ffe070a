"""``portal demo``: two districts with published figures, invented people, and a payment simulator."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask

from portal.cli.db import upgrade_schema
from portal.cli.demo_run import run_demo
from portal.cli.group import build
from portal.demo import accounts as demo_accounts
from portal.demo import large, lock, place
from portal.demo.installation import prepare
from portal.demo.load import counted, is_empty, load
from portal.demo.show import account_table, figures_table
from portal.districts.queries import by_code


@click.group()
def demo() -> None:
    """A demo on this machine; its folder is PORTAL_DATA, by default var/demo."""


@contextmanager
def _demo_app() -> Iterator[Flask]:
    here = place.place()
    prepare(here)
    place.use(here)
    app = build()
    with app.app_context():
        yield app


@demo.command("load")
def load_command() -> None:
    """Load both districts if the database is empty, and print what is in them."""
    with _demo_app():
        upgrade_schema()
        if is_empty():
            load(place.place())
        if by_code(large.ROOT) is not None:
            raise click.ClickException(
                "this demo was filled by portal demo seed and nothing was loaded; throw it away with: "
                "portal demo reset"
            )
        click.echo(figures_table(counted()))


@demo.command("seed")
@click.option("--members", default=1_000_000, show_default=True, type=click.IntRange(100, 10_000_000))
@click.option("--organizations", default=100_000, show_default=True, type=click.IntRange(10, 2_000_000))
def seed_command(members: int, organizations: int) -> None:
    """Fill an empty demo with many invented members, to see how the portal carries them.

    All or nothing: interrupted, it leaves the installation as empty as it was.
    """
    if members < organizations:
        raise click.UsageError("every organization wants a member: --members is less than --organizations")
    here = place.place()
    if not here.settings.exists() and (here.folder / "portal.db").exists():
        raise click.ClickException(f"{here.folder} holds no demo; nothing was written")
    with _demo_app() as app:
        if not app.config["DEMO"]:
            raise click.ClickException(
                f"{here.settings} is not a demo's (demo = true): invented people are no business of a real "
                "installation; nothing was written"
            )
        with _alone(here):
            _seed(large.Size(members=members, organizations=organizations), here)
    click.echo("done; the worker puts the month on the books. Accounts: portal demo accounts")


def _seed(size: large.Size, here: place.Place) -> None:
    upgrade_schema()
    try:
        large.seed(size, here, say=click.echo)
    except large.NotEmpty as error:
        raise click.ClickException(
            "this installation holds something already and nothing was written; "
            "throw a demo away with: portal demo reset"
        ) from error
    except KeyboardInterrupt as error:
        raise click.ClickException(
            "interrupted: nothing was written; the same command begins anew"
        ) from error


@demo.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def accounts(as_json: bool) -> None:
    """List the accounts to try the demo with."""
    found = demo_accounts.read(place.place())
    if not found:
        raise click.ClickException("the demo is empty; load it first: portal demo load")
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else account_table(found))


@demo.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, envvar="PORT", type=click.IntRange(1, 65535))
def run(host: str, port: int) -> None:
    """Serve the demo until ctrl-C: portal, worker and payment simulator."""
    here = place.place()
    prepare(here)
    place.use(here)
    with _alone(here):
        run_demo(here, host, port)


@contextmanager
def _alone(here: place.Place) -> Iterator[None]:
    try:
        with lock.held(here):
            yield
    except lock.InUse as error:
        raise click.ClickException(
            f"the demo in {here.folder} is running already (process {error})"
        ) from error


@demo.command()
def reset() -> None:
    """Throw the demo's data away, so that the next start begins anew."""
    here = place.place()
    if not here.settings.exists():
        if here.folder.exists() and any(here.folder.iterdir()):
            raise click.ClickException(f"{here.folder} holds no demo; nothing was deleted")
        click.echo("nothing to reset")
        return
    try:
        with lock.held(here):
            shutil.rmtree(here.folder)
    except lock.InUse as error:
        raise click.ClickException(f"the demo is running (process {error}); stop it first") from error
    click.echo(f"{here.folder} deleted")
