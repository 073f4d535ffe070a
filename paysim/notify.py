"""Tell the merchant that money came in: on WeChat's schedule, and wrongly where that was asked for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from . import orders, sealed

if TYPE_CHECKING:
    from .simulator import Simulator

# Seconds between the tries: 15 resends within 24 h 4 min (doc …/partner/4012231898).
SCHEDULE = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
ACCEPTED = frozenset({200, 204})


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the genuine notifications of an order (or of all) shall go wrong."""

    delay: float = 0.0  # seconds on the virtual clock, before the first try
    drop: bool = False  # never sent
    hold: bool = False  # kept until released, in whatever order
    copies: int = 1  # so many at the same moment
    new_id: bool = False  # a resend gets a new id


class Notifier(threading.Thread):
    """A thread that sends what is due on the virtual clock."""

    def __init__(self, sim: Simulator) -> None:
        super().__init__(name="paysim-notifier", daemon=True)
        self.sim, self.plans = sim, {"": Plan()}
        self.timeout = 5.0  # seconds the merchant has
        self._stop_asked = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=24, thread_name_prefix="paysim-notify")
        self._flying: set[int] = set()

    # -- the queue --------------------------------------------------------------------------------------

    def queue(self, order: dict[str, Any]) -> None:
        """Note that this order's payment is to be told; inside the caller's transaction."""
        plan = self.plans.get(order["out_trade_no"], self.plans[""])
        notify_id = self.sim.uuid()
        for _ in range(plan.copies):
            self.sim.store.add(
                "notification",
                notify_id=notify_id,
                mchid=order["mchid"],
                out_trade_no=order["out_trade_no"],
                due_at=self.sim.clock.time() + plan.delay,
                state="dropped" if plan.drop else "held" if plan.hold else "waiting",
            )

    def release(self, out_trade_no: str) -> list[int]:
        """Send a held order's notifications now, one after the other; returns the answers' status."""
        rows = self.sim.store.all(
            "SELECT * FROM notification WHERE out_trade_no = ? AND state = 'held' ORDER BY id", out_trade_no
        )
        return [self._try(row) for row in rows]

    def wake(self) -> None:
        """Look at the queue now."""
        with self.sim.clock.moved:
            self.sim.clock.moved.notify_all()

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is due and nothing is on its way; False when that takes longer."""
        with self.sim.clock.moved:
            return self.sim.clock.moved.wait_for(lambda: not self._flying and not self._due(), seconds)

    def run(self) -> None:
        """Send until asked to stop."""
        while not self._stop_asked.is_set():
            with self.sim.clock.moved:
                for row in self._due():
                    self._flying.add(row["id"])
                    self._pool.submit(self._try, row)
                self.sim.clock.moved.wait(self._seconds_to_next())

    def stop(self) -> None:
        """Stop sending."""
        self._stop_asked.set()
        self.wake()
        if self.is_alive():
            self.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _due(self) -> list[dict[str, Any]]:
        rows = self.sim.store.all(
            "SELECT * FROM notification WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id",
            self.sim.clock.time(),
        )
        return [row for row in rows if row["id"] not in self._flying]

    def _seconds_to_next(self) -> float:
        row = self.sim.store.one("SELECT min(due_at) AS due FROM notification WHERE state = 'waiting'")
        if row is None or row["due"] is None:
            return 60.0
        # A due one that is already on its way must not make this a busy loop.
        return max(0.05, min(60.0, row["due"] - self.sim.clock.time()))

    # -- one try ----------------------------------------------------------------------------------------

    def _try(self, row: dict[str, Any]) -> int:
        status = 0
        try:
            order = orders.require(self.sim, row["mchid"], row["out_trade_no"])
            status = self.post(order["notify_url"], *sealed.notification(self.sim, order, row["notify_id"]))
        finally:
            self._note(row, status)
        return status

    def _note(self, row: dict[str, Any], status: int) -> None:
        sim, tries = self.sim, row["tries"] + 1
        with sim.clock.moved:
            if status in ACCEPTED:
                state, due = "delivered", row["due_at"]
            elif tries > len(SCHEDULE):
                state, due = "given_up", row["due_at"]
            else:
                state, due = "waiting", sim.clock.time() + SCHEDULE[tries - 1]
            plan = self.plans.get(row["out_trade_no"], self.plans[""])
            sim.store.run(
                "UPDATE notification SET state = ?, due_at = ?, tries = ?, last_status = ?, notify_id = ?"
                " WHERE id = ?",
                state,
                due,
                tries,
                status,
                sim.uuid() if plan.new_id else row["notify_id"],
                row["id"],
            )
            self._flying.discard(row["id"])
            sim.clock.moved.notify_all()

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
        self, order: dict[str, Any], *, bad: str = "", copies: int = 1, at_once: int = 1, exact: bool = False
    ) -> list[int]:
        """Send now, wrongly or many times; returns the answers' status.

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
            return list(pool.map(lambda m: self.post(order["notify_url"], *m), messages))
