"""The real server is sent more than it takes: it refuses or hangs up, says nothing of itself, and goes on."""

from __future__ import annotations

import os
import socket
import urllib.request
from collections.abc import Iterator

import pytest

from portal.cli.ports import free_port
from tests.cli.test_init import WORDS, init
from tests.cli.test_serve import start

# One server for all of them.
pytestmark = [pytest.mark.hard, pytest.mark.xdist_group("oversized")]

LINES = b"Host: 127.0.0.1\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    place = tmp_path_factory.mktemp("oversized")
    done = init(place, *WORDS)
    assert done.returncode == 0, done.stderr
    port = free_port("127.0.0.1", 18900)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(f"\0portal-oversized-{os.getpid()}")
        told.settimeout(60)
        served = start(
            place,
            "serve",
            *("--port", str(port), "--workers", "1"),
            NOTIFY_SOCKET=f"@portal-oversized-{os.getpid()}",
        )
        try:
            assert told.recv(100) == b"READY=1"
            yield port
        finally:
            served.terminate()
            served.communicate(timeout=30)


def _sent(port: int, what: bytes) -> bytes:
    """Return what comes back; nothing where the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        found = b""
        try:
            line.sendall(what)
            while len(found) < 100_000 and (part := line.recv(65_536)):
                found += part
        except ConnectionError:
            pass
        return found


@pytest.mark.parametrize(
    ("named", "what"),
    [
        ("one header of 2 MB", b"GET / HTTP/1.1\r\n" + LINES + b"X-Long: " + b"a" * 2_000_000 + b"\r\n\r\n"),
        (
            "a cookie of 2 MB",
            b"GET / HTTP/1.1\r\n" + LINES + b"Cookie: portal=" + b"a" * 2_000_000 + b"\r\n\r\n",
        ),
        (
            "5,000 headers",
            b"GET / HTTP/1.1\r\n" + LINES + b"".join(b"X-%d: a\r\n" % n for n in range(5_000)) + b"\r\n",
        ),
        ("an address of 2 MB", b"GET /" + b"a" * 2_000_000 + b" HTTP/1.1\r\n" + LINES + b"\r\n"),
        ("a header with a zero byte", b"GET / HTTP/1.1\r\n" + LINES + b"X-Odd: a\x00b\r\n\r\n"),
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xff" * 2_000 + b"\r\n\r\n"),
        ("two lengths", b"POST / HTTP/1.1\r\n" + LINES + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_too_much_is_refused_and_the_next_one_is_served(port: int, named: str, what: bytes) -> None:
    answer = _sent(port, what)
    if answer:
        status = int(answer.split(b" ", 2)[1])
        assert 400 <= status < 500, (named, answer[:200])
    assert b"Traceback" not in answer and b"granian" not in answer.lower(), answer[:500]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as ready:
        assert ready.read() == b"ready\n"


def test_what_is_merely_long_is_served(port: int) -> None:
    """A session of a browser that was told much by a proxy: 30 headers, 4,000 bytes of cookies."""
    few = b"".join(b"X-Proxy-%d: %s\r\n" % (n, b"b" * 100) for n in range(30))
    answer = _sent(
        port, b"GET /healthz HTTP/1.1\r\n" + LINES + few + b"Cookie: a=" + b"c" * 4_000 + b"\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 200")
