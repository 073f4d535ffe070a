"""Speak the wire by hand, so that the simulator is tested by something that is not our client."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from paysim.testing import credentials

SCHEME = "WECHATPAY2-SHA256-RSA2048"


class Wire:
    """One merchant that signs by hand and may get anything wrong."""

    def __init__(self, sim, slug="demo", **options):
        self.sim, self.account = sim, credentials(sim, slug, **options)
        self.merchant = sim.registry.merchants[slug]

    def call(self, method, target, body=None, *, raw=None, headers=None, **wrong):
        """Send one call; `wrong` replaces a field of the Authorization or `scheme`, `signed_as` a body."""
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        timestamp, nonce = str(wrong.pop("timestamp", self.sim.clock.wire())), "N" * 32
        signed = (method, wrong.pop("signed_target", target), timestamp, nonce, wrong.pop("signed_as", data))
        fields = {
            "mchid": self.merchant.mchid,
            "nonce_str": nonce,
            "signature": self.merchant.key.sign(*signed),
            "timestamp": timestamp,
            "serial_no": self.merchant.serial,
        }
        scheme = wrong.pop("scheme", SCHEME)
        fields |= wrong
        pairs = ",".join(f'{k}="{v}"' for k, v in fields.items() if v is not None)
        sent = {
            "Authorization": f"{scheme} {pairs}".strip(),
            "Content-Type": "application/json",
            **(headers or {}),
        }
        return requests.request(method, self.sim.url + target, data=data, headers=sent, timeout=10)

    def order(self, number="W00000001", product="native", **changes):
        """Order; changes with None leave a field out."""
        body = {
            "appid": self.merchant.appid,
            "mchid": self.merchant.mchid,
            "description": "党费",
            "out_trade_no": number,
            "notify_url": "https://portal.example/notify",
            "amount": {"total": 100, "currency": "CNY"},
            **changes,
        }
        body = {name: value for name, value in body.items() if value is not None}
        return self.call("POST", f"/v3/pay/transactions/{product}", body)

    def query(self, number="W00000001", mchid=None):
        """Query by our number."""
        return self.call(
            "GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={mchid or self.merchant.mchid}"
        )

    def close(self, number="W00000001", **changes):
        """Close an order."""
        body = {"mchid": self.merchant.mchid, **changes}
        return self.call("POST", f"/v3/pay/transactions/out-trade-no/{number}/close", body)


class Receiver:
    """A merchant's callback address: remembers what came, answers as told."""

    def __init__(self):
        self.seen, self.raw, self.answers, self.busy, self.most = [], [], [], 0, 0
        self.lock, self.delay = threading.Lock(), threading.Event()
        self.slow = 0.0

    def handle(self, headers, body):
        """Note one callback and return the status to answer."""
        with self.lock:
            self.busy += 1
            self.most = max(self.most, self.busy)
            self.raw.append((headers, body))
            self.seen.append((headers, json.loads(body)))
            status = self.answers.pop(0) if self.answers else 204
        if self.slow:
            self.delay.wait(self.slow)
        with self.lock:
            self.busy -= 1
        return status


@contextmanager
def receiving(sim):
    """Serve a callback address and make it the simulator's portal."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            status = receiver.handle(dict(self.headers), self.rfile.read(length))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64  # twenty at once must not wait for each other

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    sim.set_portal(receiver.url)
    try:
        yield receiver
    finally:
        receiver.delay.set()
        server.shutdown()
        server.server_close()
        thread.join()
