"""Put the parts together: one simulator with its clock, its merchants, its two ports and its notifier."""

from __future__ import annotations

import json
import random
import string
import threading
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from . import ctl, wire
from .clock import VirtualClock
from .faults import Faults
from .merchants import Registry, write_private
from .notify import Notifier, Plan
from .store import Store


def origin(url: str) -> str:
    """Return scheme, host and port of an address; localhost is 127.0.0.1, as people type either."""
    parts = urlsplit(url)
    host, colon, port = parts.netloc.partition(":")
    return f"{parts.scheme}://{'127.0.0.1' if host == 'localhost' else host}{colon}{port}"


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Write nothing: addresses hold codes and tokens."""


class Simulator:
    """WeChat Pay, its OAuth and its cashier, for the merchants of one portal.

    `portal` is the portal's own origin: the one address that may be called back without https and that a
    payer may be sent back to. `seed` makes every number and nonce the same again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        portal: str,
        seed: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        ctl_port: int = 0,
        public_url: str = "",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = VirtualClock()
        self.store = Store(folder / "paysim.sqlite")
        before = self.store.one("SELECT count(*) AS n FROM prepay")
        # A restart with the same seed must not hand out the numbers of the run before.
        self.rng = random.Random() if seed is None else random.Random(f"{seed}:{before and before['n']}")
        self.registry = Registry(folder, self.rng)
        self.faults = Faults(self.rng)
        self.notifier = Notifier(self)
        self.stopping = threading.Event()
        self.defaults()
        self.set_portal(portal)
        self._servers: list[BaseWSGIServer] = [
            make_server(host, port, wire.create_app(self), threaded=True, request_handler=_Quiet),
            make_server("127.0.0.1", ctl_port, ctl.create_app(self), threaded=True, request_handler=_Quiet),
        ]
        self.url = public_url.rstrip("/") or f"http://{host}:{self._servers[0].port}"
        self.ctl_url = f"http://127.0.0.1:{self._servers[1].port}"
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            for server in self._servers
        ]

    def defaults(self) -> None:
        """Set the switches as the real service would have them."""
        self.paid_code = "ORDERPAID"  # or ORDER_PAID: the documentation has both
        self.query_delay = 0.0  # seconds after a success during which a query still says NOTPAY
        self.notifier.timeout = 5.0
        self.notifier.plans = {"": Plan()}

    def set_portal(self, url: str) -> None:
        """Name the portal's origin."""
        self.portal_origin = origin(url)

    def is_portal(self, url: str) -> bool:
        """Tell whether an address lies on the one registered site."""
        return origin(url) == self.portal_origin

    def start(self) -> None:
        """Serve both ports and begin to notify; hand the merchants' credentials out in a file."""
        self.write_merchants()
        self.notifier.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop everything that was started."""
        self.stopping.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self.notifier.stop()
        self.store.close()

    def write_merchants(self) -> None:
        """Write `merchants.json`: what a portal needs to use each merchant; readable by its owner only."""
        accounts = [self.registry.describe(m, self.url) for m in self.registry.merchants.values()]
        write_private(self.folder / "merchants.json", json.dumps(accounts, ensure_ascii=False, indent=1))

    def reset(self) -> None:
        """Forget orders, users, faults and plans; keep the merchants."""
        self.faults.clear()
        self.defaults()
        self.notifier.settle(5)
        self.store.clear()
        self.clock.reset()

    def text(self, length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
        """Return random text from the seeded generator."""
        return "".join(self.rng.choice(alphabet) for _ in range(length))

    def uuid(self) -> str:
        """Return a random UUID from the seeded generator."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def openid(self, appid: str, phone: str) -> str:
        """Return the openid of a phone at an app, made when it is new."""
        with self.store.transaction():
            row = self.store.one("SELECT openid FROM openid WHERE appid = ? AND phone = ?", appid, phone)
            if row is None:
                row = {"openid": "o" + self.text(27)}
                self.store.add("openid", openid=row["openid"], appid=appid, phone=phone)
        return str(row["openid"])
