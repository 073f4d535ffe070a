"""What serve and worker ask before they start, and how they tell systemd that they are ready."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import click
from flask import current_app
from sqlalchemy.exc import OperationalError

from portal.cli.init_place import NEWER_SQLITE
from portal.current import registry
from portal.database import db, history, session, too_old

#: Seconds between two looks of a process that waits for its database.
LOOK_AGAIN = 2.0


def wait_until_ready(notifier: Notifier) -> None:
    """Wait for a database that is not there yet, or whose schema waits; say why, once for each reason.

    For installations that start everything at once and migrate meanwhile. Whoever waits changes nothing.
    """
    said = ""
    while True:
        try:
            refuse_if_not_ready()
        except click.ClickException as refused:
            if refused.message != said:
                said = refused.message
                click.echo(f"waiting: {said}", err=True)
                notifier.tell(f"STATUS=waiting: {said}")
        else:
            return
        time.sleep(LOOK_AGAIN)


def refuse_if_not_ready() -> None:
    """Stop with exit code 1 in words when the database cannot be reached or its schema waits.

    For use in an application context. Workers that met an old schema would fail one by one, each
    differently. An interrupted upgrade is for ``portal upgrade`` to put right.
    """
    if (Path(current_app.config["DATA_DIR"]) / "upgrade.json").exists():
        raise click.ClickException("an upgrade was interrupted; run: portal upgrade")
    if old := too_old(current_app.config["SQLALCHEMY_DATABASE_URI"]):
        raise click.ClickException(f"{old}: {NEWER_SQLITE}")
    try:
        waiting = history.pending(registry().folders())
    except OperationalError as error:
        first = str(error.orig).strip().splitlines()[0]
        raise click.ClickException(f"the database cannot be reached ({first}); see: portal doctor") from None
    finally:
        session.remove()
        db.engine.dispose()
    if waiting:
        owners = ", ".join(f"{owner} {have or 'empty'} -> {want}" for owner, (have, want) in waiting.items())
        raise click.ClickException(f"the schema is not up to date ({owners}); run: portal upgrade")


class Notifier:
    """Speaks to systemd when it asked for it (``Type=notify``); children never inherit its address."""

    def __init__(self) -> None:
        self._address = os.environ.pop("NOTIFY_SOCKET", "")

    def tell(self, state: str) -> None:
        """Send one state: ``READY=1``, ``STOPPING=1``."""
        if not self._address:
            return
        # An abstract address begins with a zero byte, which is written as @.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            try:
                out.sendto(state.encode(), address)
            except OSError as error:
                click.echo(f"systemd was not told {state}: {error.strerror}", err=True)
