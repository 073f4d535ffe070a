"""``portal demo run`` as a newcomer meets it: ready, two at once, a killed child, ctrl-C, a second start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.config import ROOT

pytestmark = pytest.mark.hard


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, port: int) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return {**clean, "PORTAL_DATA": str(folder), "PORT": str(port)}


def run(folder: Path, port: int, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portal", "demo", *words],
        cwd=ROOT,
        env=environment(folder, port),
        capture_output=True,
        text=True,
        timeout=120,
    )


@contextmanager
def running(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "portal", "demo", "run"],
        cwd=ROOT,
        env=environment(folder, port),
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def answers(port: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def family(pid: int) -> list[int]:
    """Return the running descendants of a process."""
    found, todo = [], [pid]
    while todo:
        for task in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
            try:
                children = [int(child) for child in task.read_text().split()]
            except FileNotFoundError:
                continue
            found += children
            todo += children
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_newcomers_demo(tmp_path: Path):
    port = free_port()
    with running(tmp_path, port) as first:
        assert answers(port, 180)
        # A second one in the same folder, and one elsewhere on the same port, say so and leave.
        twice = run(tmp_path, port, "run")
        assert twice.returncode == 1 and "running already" in twice.stderr
        busy = run(tmp_path / "elsewhere", port, "run")
        assert busy.returncode == 1 and f"PORT={port + 1}" in busy.stderr
        assert run(tmp_path, port, "reset").returncode == 1
        # A killed web server is back within seconds.
        web = next(
            pid for pid in family(first.pid) if b"granian" in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
        os.kill(web, signal.SIGKILL)
        time.sleep(0.5)
        assert answers(port, 60)
        everybody = family(first.pid)
        assert len(everybody) >= 5
        first.send_signal(signal.SIGINT)
        assert first.wait(60) == 0
        assert not [pid for pid in everybody if alive(pid)]
    accounts = (tmp_path / "accounts.json").read_text()
    with running(tmp_path, port) as second:
        began = time.monotonic()
        assert answers(port, 60)
        assert time.monotonic() - began < 60
        assert (tmp_path / "accounts.json").read_text() == accounts
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) == 0
    assert run(tmp_path, port, "reset").returncode == 0
    assert not tmp_path.exists()
