"""Somebody at the other end of the line who takes the call and never says a word."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Deaf:
    """Accepts connections, keeps them, reads nothing and answers nothing, until it is told to ``stop``."""

    def __init__(self, address: str) -> None:
        self._door = socket.create_server((address, 0), backlog=50)
        self.url = f"http://{address}:{self._door.getsockname()[1]}"
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._take, name="deaf", daemon=True).start()

    def stop(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        for one in (self._door, *self.taken):
            one.close()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self.taken.append(self._door.accept()[0])
