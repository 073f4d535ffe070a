"""``portal serve`` and ``portal worker`` as systemd and a deployer meet them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from portal.cli.ports import free_port
from portal.config import ROOT
from tests.cli.test_init import WORDS, init


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("serve")
    done = init(made, *WORDS)
    assert done.returncode == 0, done.stderr
    return made


def start(place: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return subprocess.Popen(
        [sys.executable, "-m", "portal", *words],
        cwd=ROOT,
        env={**clean, "PORTAL_CONFIG": str(place / "portal.toml"), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("what", ["serve", "worker"])
def test_a_waiting_schema_is_refused_with_the_command(tmp_path: Path, place: Path, what: str):
    """Two workers on an empty database: neither begins, neither makes half a schema."""
    other = tmp_path / "portal.toml"
    text = (place / "portal.toml").read_text().replace(str(place / "data"), str(tmp_path / "data"))
    other.write_text(text)
    (tmp_path / "data").mkdir()
    both = [start(tmp_path, what) for _ in range(2)]
    for one in both:
        _, said = one.communicate(timeout=60)
        assert one.returncode == 1 and "portal upgrade" in said and "Traceback" not in said


def test_systemd_hears_ready_when_pages_answer_and_all_ends_on_term(place: Path, tmp_path: Path):
    port = free_port("127.0.0.1", 18700)
    # A path of a socket has 107 bytes at most.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(f"\0portal-test-{os.getpid()}")
        told.settimeout(60)
        # A proxy for the way out is not asked whether the portal itself answers.
        around = {"NOTIFY_SOCKET": f"@portal-test-{os.getpid()}", "http_proxy": "http://127.0.0.1:9/"}
        served = start(place, "serve", "--port", str(port), "--workers", "1", **around)
        try:
            assert told.recv(100) == b"READY=1"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                assert answer.read() == b"ready\n"
            began = time.monotonic()
            served.send_signal(signal.SIGTERM)
            assert told.recv(100) == b"STOPPING=1"
            _, errors = served.communicate(timeout=30)
        finally:
            served.kill()
    assert served.returncode == 0 and time.monotonic() - began < 20
    lines = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]
    assert any("ready on" in line["event"] for line in lines), errors
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "nobody is left behind"


def test_a_worker_says_ready_and_ends_on_term(place: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(f"\0portal-worker-{os.getpid()}")
        told.settimeout(60)
        one = start(place, "worker", NOTIFY_SOCKET=f"@portal-worker-{os.getpid()}")
        try:
            assert told.recv(100) == b"READY=1"
            one.send_signal(signal.SIGTERM)
            one.communicate(timeout=30)
        finally:
            one.kill()
    assert one.returncode == 0


def test_a_database_that_is_not_there_is_said_in_words(place: Path):
    one = start(place, "serve", PORTAL_DATABASE_URL="sqlite:////nowhere/portal.db")
    _, said = one.communicate(timeout=60)
    assert one.returncode == 1 and "cannot be reached" in said and "Traceback" not in said
