"""Commands of the portal in processes of their own, over the data of a test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.config import ROOT
from portal.testing import postgresql

#: Seconds a process of the portal has to start, also where many others want the same processor.
STARTS_WITHIN = 60.0
READY = b"worker: ready"


def environment(data_dir: Path) -> dict[str, str]:
    """Return what a process of the portal is started with to find the data of a test, and nothing else."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    own = {"PORTAL_ENV": "testing", "PORTAL_DATA": str(data_dir), "PORTAL_TLS": "no"}
    return {**clean, **own, **(postgresql.environment(data_dir) if data_dir.exists() else {})}


@contextmanager
def worker(data_dir: Path, *, within: float = STARTS_WITHIN) -> Iterator[None]:
    """Let ``portal worker`` run meanwhile, from when it is ready; what it said is shown if it failed.

    Args:
        within: how long it may take to be ready, in seconds.

    Raises: RuntimeError, it ended by itself or was not ready in time.
    """
    with tempfile.TemporaryDirectory(prefix="worker-") as folder:
        # A file and no pipe: nobody empties one while the test is at work, and a full one stops the worker.
        said = Path(folder, "said.txt")
        with said.open("wb") as out:
            running = subprocess.Popen(
                [sys.executable, "-m", "portal", "worker", "--threads", "2"],
                cwd=ROOT,
                env={**environment(data_dir), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            _until_ready(running, said, within)
            yield
            if running.poll() is not None:
                raise _failed("the worker ended", said)
        finally:
            running.terminate()
            try:
                running.wait(timeout=40)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def _until_ready(running: subprocess.Popen[bytes], said: Path, within: float) -> None:
    end = time.monotonic() + within
    while READY not in said.read_bytes():
        if running.poll() is not None:
            raise _failed("the worker ended", said)
        if time.monotonic() >= end:
            raise _failed(f"the worker was not ready within {within:g} seconds", said)
        time.sleep(0.05)


def _failed(what: str, said: Path) -> RuntimeError:
    return RuntimeError(f"{what}: {said.read_text(errors='replace')[-3000:]}")
