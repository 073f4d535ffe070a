"""``portal worker``: run jobs until told to stop."""

from __future__ import annotations

import signal

import click
from flask import current_app

from portal.jobs.worker import Worker


@click.command()
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1, 32), help="Jobs at a time.")
@click.option("--grace", default=20.0, show_default=True, help="Seconds a running job has when told to stop.")
def worker(threads: int, grace: float) -> None:
    """Run background jobs. SIGTERM and ctrl-C end it cleanly; any number of workers may run."""
    running = Worker(current_app._get_current_object(), threads=threads, grace=grace)  # type: ignore[attr-defined]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: running.stop())
    running.start()
    running.wait()
