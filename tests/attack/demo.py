"""The real demo behind its real server, and people of every role who logged in to it as people do."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.config import ROOT

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Person:
    """Somebody with a browser; ``cookies`` is what a scanner sends as theirs."""

    base: str
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def __post_init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, path: str, **data: str) -> tuple[int, str, str]:
        """GET, or POST with data; return the status, where it ended, and the page."""
        body = urllib.parse.urlencode(data).encode() if data else None
        try:
            with self._opener.open(self.base + path, body, timeout=60) as answer:
                return answer.status, answer.geturl(), answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.geturl(), error.read().decode(errors="replace")

    def send(self, path: str, **data: str) -> tuple[int, str, str]:
        """POST a form as its page would, with the page's token."""
        return self.ask(path, csrf_token=TOKEN.findall(self.ask(path)[2])[0], **data)

    @property
    def cookies(self) -> str:
        return "; ".join(f"{one.name}={one.value}" for one in self.jar)

    def log_in(self, account: dict[str, Any]) -> None:
        """By password, then with the code of the number or of the program, as the demo shows them."""
        _status, where, _page = self.send(
            "/login/password", username=account["username"], password=account["password"]
        )
        if where.endswith(("/login/code", "/login/step")):
            path = urllib.parse.urlsplit(where).path
            self.send(path, code=self._code(account["phone"], path))

    def _code(self, phone: str, path: str) -> str:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if path.endswith("step"):
                shown = json.loads(self.ask(f"/demo/outbox?format=totp&phone={phone}")[2])
                return str(shown[0]["code"])
            for row in json.loads(self.ask(f"/demo/outbox?format=json&phone={phone}")[2]):
                found = re.findall(r"\d{6}", row["body"])
                if found:
                    return str(found[0])
            time.sleep(0.3)
        raise AssertionError("no code arrived in the demo's outbox")


def free_port() -> int:
    """Return a port nobody listens on, with room for the simulator's two behind it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run the demo in ``folder`` until the block ends; yield its address."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal", "demo", "run"],
            cwd=ROOT,
            env=environment(folder, port),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(base, process)
            yield base
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return the environment of a demo of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    # A scanner asks faster than people do, and must not be turned away for it.
    return {**clean, "PORTAL_DATA": str(folder), "PORT": str(port), "PORTAL_FINDS_A_MINUTE": "0"}


def _wait(base: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 240
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.3)
    raise AssertionError("the demo does not become ready")


def accounts(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the demo's people by their key."""
    found = subprocess.run(
        [sys.executable, "-m", "portal", "demo", "accounts", "--json"],
        cwd=ROOT,
        env=environment(folder, 1),
        capture_output=True,
        check=True,
        timeout=120,
    )
    return {one["key"]: one for one in json.loads(found.stdout)}
