"""Notice a PostgreSQL that takes words and never answers again: stopped, or its machine hangs.

The network says nothing of it (the kernel over there still takes the packets), and a time limit of the
server's is its own to keep. Whoever asked would wait for ever, and after a few pages nobody were left to say
so. One thread of each process looks after all that wait longer than ``WAITS``: it knocks at their server, and
where nobody says a word within ``ANSWERS`` it cuts their connections, an error like any lost connection.
A server that is merely slow answers a knock; it is let alone.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import Any

#: Seconds.
WAITS, ANSWERS, EVERY = 3.0, 4.0, 1.0
#: PostgreSQL's SSLRequest: answered with one byte before any log-in, whether the server knows TLS or not.
_KNOCK = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


class Pulse:
    """The connections of this process that wait for a server, each since when."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[Any]] = {}
        self._starting = threading.Lock()
        self._process = 0

    def begin(self, connection: Any) -> None:
        """Look after a driver's connection, until ``end``."""
        self._waiting[id(connection)] = [time.monotonic(), connection]
        if self._process != os.getpid():
            self._start()

    def end(self, connection: Any) -> None:
        """Nobody waits for it any more."""
        self._waiting.pop(id(connection), None)

    def look(self) -> None:
        """Knock where somebody has waited for long, and cut what waits for a server that keeps silent."""
        late: dict[tuple[str, int], list[list[Any]]] = {}
        now = time.monotonic()
        for key, one in list(self._waiting.items()):
            since, connection = one
            if connection.closed:  # lost in the middle: nobody came to say so
                self._waiting.pop(key, None)
            elif now - since > WAITS:
                with suppress(Exception):  # closed just now
                    info = connection.info
                    late.setdefault((info.hostaddr or info.host, info.port), []).append(one)
        for server, those in late.items():
            alive = answers(*server)
            for one in those:
                if alive:
                    one[0] = time.monotonic()
                elif self._waiting.get(id(one[1])) is one:
                    _cut(one[1])

    def _start(self) -> None:
        with self._starting:
            if self._process != os.getpid():
                self._process = os.getpid()
                threading.Thread(target=self._run, name="pulse", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(EVERY)
            self.look()


#: One for all engines of the process.
pulse = Pulse()


def answers(host: str, port: int) -> bool:
    """Tell whether a server says a word; one that is gone or refuses is no silent one, the network tells."""
    family = socket.AF_UNIX if host.startswith("/") else socket.AF_INET6 if ":" in host else socket.AF_INET
    where: Any = f"{host}/.s.PGSQL.{port}" if family is socket.AF_UNIX else (host, port)
    try:
        with socket.socket(family) as door:
            door.settimeout(ANSWERS)
            door.connect(where)
            door.sendall(_KNOCK)
            door.recv(1)
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def _cut(connection: Any) -> None:
    with (
        suppress(Exception),  # closed just now
        socket.socket(fileno=os.dup(connection.pgconn.socket)) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)
