"""Commands of the portal in processes of their own, over the data of a test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.config import ROOT
from portal.testing import postgresql


def environment(data_dir: Path) -> dict[str, str]:
    """Return what a process of the portal is started with to find the data of a test, and nothing else."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    own = {"PORTAL_ENV": "testing", "PORTAL_DATA": str(data_dir), "PORTAL_TLS": "no"}
    return {**clean, **own, **(postgresql.environment(data_dir) if data_dir.exists() else {})}


@contextmanager
def worker(data_dir: Path) -> Iterator[None]:
    """Let ``portal worker`` run meanwhile, from when it is ready; what it said is shown if it failed.

    Raises: RuntimeError, it ended by itself.
    """
    with tempfile.TemporaryFile("w+") as said:
        running = subprocess.Popen(
            [sys.executable, "-m", "portal", "worker", "--threads", "2"],
            cwd=ROOT,
            env={**environment(data_dir), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            assert running.stdout is not None
            ready = running.stdout.readline()
            if "ready" in ready:
                yield
            if "ready" not in ready or running.poll() is not None:
                said.seek(0)
                raise RuntimeError(f"the worker ended: {said.read()[-3000:]}")
        finally:
            running.terminate()
            try:
                running.communicate(timeout=40)
            except subprocess.TimeoutExpired:
                running.kill()
                running.communicate()
