"""``portal worker``: runs background jobs until a signal comes."""

from __future__ import annotations

import signal
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from portal.cli.starting import Notifier, refuse_if_not_ready, wait_until_ready
from portal.jobs import Worker


@click.command()
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64))
@click.option("--wait", is_flag=True, help="Wait for a database that is away or not migrated yet.")
@with_appcontext
def worker(threads: int, wait: bool) -> None:
    """Run background jobs; TERM or ctrl-C lets running ones finish."""
    notifier = Notifier()
    wait_until_ready(notifier) if wait else refuse_if_not_ready()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    running = Worker(app, threads=threads)

    def stop(*_: Any) -> None:
        running.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    running.start()
    click.echo("worker: ready")
    notifier.tell("READY=1")
    running.wait()
    notifier.tell("STOPPING=1")
