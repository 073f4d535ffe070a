"""``portal serve``: web processes on granian and a worker beside them."""

from __future__ import annotations

import logging
import os
import sys

import click

from portal import config
from portal.cli.group import build
from portal.cli.ports import ask_here, free_or_explain
from portal.cli.starting import Notifier, refuse_if_not_ready, wait_until_ready
from portal.cli.supervisor import Child, Supervisor

log = logging.getLogger(__name__)


def web_argv(host: str, port: int, workers: int) -> list[str]:
    """Return the command line of the web server."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("--host", host, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", "4", "--backlog", "1024"),
        # Without it a killed worker stops the whole server.
        *("--respawn-failed-workers", "--workers-kill-timeout", "10"),
        *("--log-level", "warning", "--working-dir", str(config.PLACE)),
        *("--factory", "portal.app:wsgi"),
    ]


def worker_argv() -> list[str]:
    """Return the command line of the worker."""
    return [sys.executable, "-m", "portal", "worker"]


def default_workers() -> int:
    """Return how many web processes this machine should run."""
    return min(4, max(1, os.cpu_count() or 1))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, envvar="PORT", type=click.IntRange(1, 65535))
@click.option(
    "--workers", default=None, type=click.IntRange(1, 64), help="Web processes; default: cores, at most 4."
)
@click.option("--no-worker", is_flag=True, help="Background jobs run elsewhere (portal worker).")
@click.option("--wait", is_flag=True, help="Wait for a database that is away or not migrated yet.")
def serve(host: str, port: int, workers: int | None, no_worker: bool, wait: bool) -> None:
    """Serve the portal; TERM or ctrl-C stops all of it. Logs go to standard error, a JSON line an event."""
    notifier = Notifier()
    # A wrong setting and a waiting schema are said here, once, not by every child.
    with build().app_context():
        wait_until_ready(notifier) if wait else refuse_if_not_ready()
    free_or_explain(host, port)
    supervisor = Supervisor(log.warning)
    supervisor.handle_signals()
    here = {"PYTHONPATH": str(config.ROOT)}
    supervisor.start(Child("web", web_argv(host, port, workers or default_workers()), here))
    if not no_worker:
        supervisor.start(Child("worker", worker_argv(), here))
    try:
        if supervisor.wait(lambda: _answers(host, port), seconds=60):
            log.info("ready on %s port %s", host, port)
            notifier.tell("READY=1")
        supervisor.run()
    finally:
        notifier.tell("STOPPING=1")
        supervisor.stop()


def _answers(host: str, port: int) -> bool:
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    name = f"[{near}]" if ":" in near else near
    try:
        with ask_here(f"http://{name}:{port}/healthz"):
            return True
    except OSError:
        return False
