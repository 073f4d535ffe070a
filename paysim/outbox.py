"""What merchants are still to be told, and how it shall go wrong: the queue behind the notifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .clock import VirtualClock
from .store import Store

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


class Outbox:
    """Notifications that wait, on the virtual clock; what is on its way is not due again."""

    def __init__(self, store: Store, clock: VirtualClock, uuid: Callable[[], str]) -> None:
        self.store, self.clock, self._uuid = store, clock, uuid
        self.plans = {"": Plan()}
        self.flying: set[int] = set()

    def queue(self, order: dict[str, Any]) -> None:
        """Note that this order's payment is to be told; inside the caller's transaction."""
        plan = self.plans.get(order["out_trade_no"], self.plans[""])
        notify_id = self._uuid()
        for _ in range(plan.copies):
            self.store.add(
                "notification",
                notify_id=notify_id,
                mchid=order["mchid"],
                out_trade_no=order["out_trade_no"],
                due_at=self.clock.time() + plan.delay,
                state="dropped" if plan.drop else "held" if plan.hold else "waiting",
            )

    def wake(self) -> None:
        """Look at the queue now."""
        with self.clock.moved:
            self.clock.moved.notify_all()

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is due and nothing is on its way; False when that takes longer."""
        with self.clock.moved:
            return self.clock.moved.wait_for(lambda: not self.flying and not self.due(), seconds)

    def due(self) -> list[dict[str, Any]]:
        """Return what is to be sent now."""
        rows = self.store.all(
            "SELECT * FROM notification WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id",
            self.clock.time(),
        )
        return [row for row in rows if row["id"] not in self.flying]

    def seconds_to_next(self) -> float:
        """Return how long nothing will be due."""
        row = self.store.one("SELECT min(due_at) AS due FROM notification WHERE state = 'waiting'")
        if row is None or row["due"] is None:
            return 60.0
        # A due one that is already on its way must not make this a busy loop.
        return max(0.05, min(60.0, row["due"] - self.clock.time()))

    def note(self, row: dict[str, Any], status: int) -> None:
        """Write down how a try ended (0: no answer), and when the next one is due."""
        tries = row["tries"] + 1
        with self.clock.moved:
            if status in ACCEPTED:
                state, due = "delivered", row["due_at"]
            elif tries > len(SCHEDULE):
                state, due = "given_up", row["due_at"]
            else:
                state, due = "waiting", self.clock.time() + SCHEDULE[tries - 1]
            plan = self.plans.get(row["out_trade_no"], self.plans[""])
            self.store.run(
                "UPDATE notification SET state = ?, due_at = ?, tries = ?, last_status = ?, notify_id = ?"
                " WHERE id = ?",
                state,
                due,
                tries,
                status,
                self._uuid() if plan.new_id else row["notify_id"],
                row["id"],
            )
            self.flying.discard(row["id"])
            self.clock.moved.notify_all()
