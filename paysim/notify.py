"""Tell the merchant that money came in: on WeChat's schedule, and wrongly where that was asked for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from . import orders, sealed
from .ground import Ground

TIMEOUT = 5.0  # seconds the merchant has


class Notifier(threading.Thread):
    """A thread that sends what is due on the virtual clock."""

    def __init__(self, sim: Ground) -> None:
        super().__init__(name="paysim-notifier", daemon=True)
        self.sim, self.outbox = sim, sim.outbox
        self.timeout = TIMEOUT
        self._stop_asked = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=24, thread_name_prefix="paysim-notify")

    def release(self, out_trade_no: str) -> list[int]:
        """Send a held order's notifications now, one after the other; returns the answers' status."""
        rows = self.sim.store.all(
            "SELECT * FROM notification WHERE out_trade_no = ? AND state = 'held' ORDER BY id", out_trade_no
        )
        return [self._try(row) for row in rows]

    def run(self) -> None:
        """Send until asked to stop."""
        while not self._stop_asked.is_set():
            with self.sim.clock.moved:
                for row in self.outbox.due():
                    self.outbox.flying.add(row["id"])
                    self._pool.submit(self._try, row)
                self.sim.clock.moved.wait(self.outbox.seconds_to_next())

    def stop(self) -> None:
        """Stop sending."""
        self._stop_asked.set()
        self.outbox.wake()
        if self.is_alive():
            self.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    # -- one try ----------------------------------------------------------------------------------------

    def _try(self, row: dict[str, Any]) -> int:
        status = 0
        try:
            order = orders.require(self.sim, row["mchid"], row["out_trade_no"])
            status = self.post(order["notify_url"], *sealed.notification(self.sim, order, row["notify_id"]))
        finally:
            self.outbox.note(row, status)
        return status

    def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        """Send one callback; returns the status, 0 when there was no answer in time."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    url, data=body, headers=headers, timeout=self.timeout, allow_redirects=False
                )
                return answer.status_code
        except requests.RequestException:
            return 0

    # -- on demand --------------------------------------------------------------------------------------

    def send(
        self,
        order: dict[str, Any],
        *,
        bad: str = "",
        copies: int = 1,
        at_once: int = 1,
        exact: bool = False,
        to: str = "",
    ) -> list[int]:
        """Send now, wrongly or many times; returns the answers' status. ``to``: one machine of the portal.

        Copies carry the same id, each with its own signature; `exact` copies are the same bytes.
        """
        notify_id = self.sim.uuid()

        def build() -> tuple[dict[str, str], bytes]:
            if bad:
                return sealed.bad_notification(self.sim, order, notify_id, bad)
            return sealed.notification(self.sim, order, notify_id)

        same = build()
        messages = [same if exact or number == 0 else build() for number in range(copies)]
        with ThreadPoolExecutor(max_workers=at_once) as pool:
            return list(pool.map(lambda m: self.post(to or order["notify_url"], *m), messages))
