"""Put the parts together: one simulator with its ground, its two ports and its notifier."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from . import ctl, wire
from .ground import Ground
from .notify import TIMEOUT, Notifier


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Write nothing: addresses hold codes and tokens."""


class Simulator(Ground):
    """WeChat Pay, its OAuth and its cashier, for the merchants of one portal."""

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
        super().__init__(folder, portal=portal, seed=seed)
        self.notifier = Notifier(self)
        control = ctl.create_app(self, self.notifier, self.reset)
        self._servers: list[BaseWSGIServer] = [
            make_server(host, port, wire.create_app(self), threaded=True, request_handler=_Quiet),
            make_server("127.0.0.1", ctl_port, control, threaded=True, request_handler=_Quiet),
        ]
        self.url = public_url.rstrip("/") or f"http://{host}:{self._servers[0].port}"
        self.ctl_url = f"http://127.0.0.1:{self._servers[1].port}"
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            for server in self._servers
        ]

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

    def reset(self) -> None:
        """Forget orders, users, faults and plans; keep the merchants."""
        self.faults.clear()
        self.defaults()
        self.notifier.timeout = TIMEOUT
        self.outbox.settle(5)
        self.store.clear()
        self.clock.reset()
