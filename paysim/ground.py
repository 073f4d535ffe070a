"""What everything in the simulator stands on: clock, database, merchants, chance, and the switches."""

from __future__ import annotations

import json
import random
import string
import threading
import uuid
from pathlib import Path
from urllib.parse import urlsplit

from .clock import VirtualClock
from .faults import Faults
from .merchants import Registry, write_private
from .outbox import Outbox, Plan
from .store import Store


def origin(url: str) -> str:
    """Return scheme, host and port of an address; localhost is 127.0.0.1, as people type either."""
    parts = urlsplit(url)
    host, colon, port = parts.netloc.partition(":")
    return f"{parts.scheme}://{'127.0.0.1' if host == 'localhost' else host}{colon}{port}"


class Ground:
    """One simulator's state; `url` is its public address, known once it is served.

    `portal` is the portal's own origin: the one address that may be called back without https and that a
    payer may be sent back to. `seed` makes every number and nonce the same again.
    """

    def __init__(self, folder: Path, *, portal: str, seed: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.url = folder, ""
        self.clock = VirtualClock()
        self.store = Store(folder / "paysim.sqlite")
        before = self.store.one("SELECT count(*) AS n FROM prepay")
        # A restart with the same seed must not hand out the numbers of the run before.
        self.rng = random.Random() if seed is None else random.Random(f"{seed}:{before and before['n']}")
        self.registry = Registry(folder, self.rng)
        self.faults = Faults(self.rng)
        self.outbox = Outbox(self.store, self.clock, self.uuid)
        self.stopping = threading.Event()
        self.defaults()
        self.set_portal(portal)

    def defaults(self) -> None:
        """Set the switches as the real service would have them."""
        self.paid_code = "ORDERPAID"  # or ORDER_PAID: the documentation has both
        self.query_delay = 0.0  # seconds after a success during which a query still says NOTPAY
        self.outbox.plans = {"": Plan()}

    def set_portal(self, url: str) -> None:
        """Name the portal's origin."""
        self.portal_origin = origin(url)

    def is_portal(self, url: str) -> bool:
        """Tell whether an address lies on the one registered site."""
        return origin(url) == self.portal_origin

    def write_merchants(self) -> None:
        """Write `merchants.json`: what a portal needs to use each merchant; readable by its owner only."""
        accounts = [self.registry.describe(m, self.url) for m in self.registry.merchants.values()]
        write_private(self.folder / "merchants.json", json.dumps(accounts, ensure_ascii=False, indent=1))

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
