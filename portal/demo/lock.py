"""One demo at a time in one folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from portal.demo.place import Place


class InUse(Exception):
    """The demo of this folder is running; the message is its process id."""


@contextmanager
def held(here: Place) -> Iterator[None]:
    """Hold the folder while working in it.

    Raises:
        InUse: another process holds it.
    """
    path = here.folder / "running"
    # Not inherited by the children: the lock goes with us, however we end.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(os.read(descriptor, 20).decode().strip() or "?") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
