"""Hold the misbehaviour that was asked for, and hand it out once per use."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, replace

# After the operation was carried out the reply goes wrong (payments.md §8.13), or its signature does (§8.5).
AFTER = frozenset(
    {"hang", "reset", "half_body", "500", "502", "503", "429", "202"}
    | {"probe", "unsigned", "wrong_signature", "unknown_serial", "old_timestamp"}
)
# Before the operation.
BEFORE = frozenset({"pay_first", "pay_and_notify", "refuse_500", "signed_refusal", "bad_signed_refusal"})
OPERATIONS = frozenset({"create", "query", "close", "certificates"})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One misbehaviour: on which operation, how, how often."""

    on: str
    mode: str
    times: int = 1
    seconds: float = 30.0
    out_trade_no: str = ""

    def __post_init__(self) -> None:
        if self.on not in OPERATIONS or self.mode not in AFTER | BEFORE:
            raise ValueError(f"unknown fault {self.on}/{self.mode}")


class Faults:
    """The faults still to come, and a rate of random ones drawn from the seeded generator."""

    def __init__(self, rng: random.Random) -> None:
        self._rng, self._lock = rng, threading.Lock()
        self._waiting: list[Fault] = []
        self.rate = 0.0

    def add(self, fault: Fault) -> None:
        """Ask for a fault."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._waiting.clear()
            self.rate = 0.0

    def take(self, on: str, out_trade_no: str) -> Fault | None:
        """Return the fault for this call and count it down; the retry is then served properly."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.on == on and fault.out_trade_no in ("", out_trade_no):
                    if fault.times > 1:
                        self._waiting[index] = replace(fault, times=fault.times - 1)
                    else:
                        del self._waiting[index]
                    return fault
            if self.rate and self._rng.random() < self.rate:
                modes = ("reset", "half_body", "500", "502", "503", "429", "202", "probe")
                return Fault(on=on, mode=self._rng.choice(modes))
        return None
