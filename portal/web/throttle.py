"""How fast one address may read a page that costs something: a bucket of tokens in this process's memory.

The limits of log-in count in the database, and a GET writes nothing there (rule K1). So each worker counts
for itself: an installation of four workers allows four times as much, and a restart forgets. That is enough
against a machine that copies the register; it guards no secret.

A whole township may stand behind one address: the bucket is large, fills again while people read, and
somebody logged in has a bucket of their own.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from math import ceil
from threading import Lock

from flask import current_app, g, request
from werkzeug.exceptions import TooManyRequests

from portal import clock
from portal.identity.limits import network

#: So many addresses are remembered; the one not seen for longest is forgotten first.
KNOWN = 20_000


class Buckets:
    """Token buckets by key: ``size`` at most, filled again within a minute."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: str, *, size: int) -> int:
        """Take one token; return 0, or the seconds until there is one again."""
        now = clock.now()
        with self._lock:
            left, at = self._left.pop(key, (float(size), now))
            left = min(size, left + max(0.0, (now - at).total_seconds()) * size / 60)
            wait = 0 if left >= 1 else ceil((1 - left) * 60 / size)
            self._left[key] = (left if wait else left - 1, now)
            while len(self._left) > KNOWN:
                self._left.popitem(last=False)
        return wait


def slow_down(what: str, *, a_minute: int) -> None:
    """Let this request pass, or answer 429 with the seconds to wait; ``a_minute`` 0 is no limit."""
    if a_minute <= 0:
        return
    buckets: Buckets = current_app.extensions.setdefault("portal.buckets", Buckets())
    who = f"account:{g.actor.account_id}" if g.actor.is_authenticated else network(request.remote_addr)
    wait = buckets.take(f"{what}:{who}", size=a_minute)
    if wait:
        raise TooManyRequests(retry_after=wait)
