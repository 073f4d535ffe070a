"""Display hooks that are slow again and again rest for a while: no page waits for an ornament (promise 18).

A hook in Python cannot be stopped from outside, so the one that is slow is waited for; who was slow several
times in a row is not asked again until its rest is over. Only what a page can do without rests: navigation,
cards, what waits for somebody, panels. Questions about money and rights are always asked.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

from portal import clock

log = logging.getLogger("portal.pace")

#: Hooks that may rest.
DISPLAY = frozenset({"nav_items", "home_cards", "todo_items", "member_panels"})
_NOTES = ".resting"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resting:
    """A hook of a plugin that is left out of pages ``until`` an instant; ``seconds``: what it took last."""

    slug: str
    hook: str
    seconds: float
    until: datetime


class Pace:
    """How slow each display hook was in this process, and which rest.

    What rests is also noted as a file in ``folder`` (the data folder), so that the switchboard of another
    process, health and the doctor can tell it. A note that cannot be written changes nothing.
    """

    def __init__(
        self,
        *,
        bound: float = 2.0,
        times: int = 3,
        rest: timedelta = timedelta(minutes=5),
        folder: Path | None = None,
        timer: Callable[[], float] = perf_counter,
    ) -> None:
        self.bound, self.times, self.rest, self.folder, self.timer = bound, times, rest, folder, timer
        self._slow: dict[tuple[str, str], int] = {}
        self._resting: dict[tuple[str, str], Resting] = {}
        self._lock = threading.Lock()

    def rests(self, slug: str, hook: str) -> bool:
        """Tell whether a plugin is not to be asked now; one whose rest is over is."""
        found = self._resting.get((slug, hook))
        return found is not None and clock.now() < found.until

    @contextmanager
    def measured(self, slug: str, hook: str) -> Iterator[None]:
        """Take the time of one question; a plugin that is slow too often in a row rests."""
        began = self.timer()
        try:
            yield
        finally:
            if hook in DISPLAY and self.bound > 0:
                self._took(slug, hook, self.timer() - began)

    def _took(self, slug: str, hook: str, seconds: float) -> None:
        key = slug, hook
        if seconds <= self.bound:
            if key in self._slow or key in self._resting:
                with self._lock:
                    self._slow.pop(key, None)
                    self._resting.pop(key, None)
                self._forget(key)
            return
        with self._lock:
            self._slow[key] = self._slow.get(key, 0) + 1
            if self._slow[key] < self.times:
                return
            # Once more slow after the rest, and it rests again.
            self._slow[key] = self.times - 1
            found = Resting(slug=slug, hook=hook, seconds=seconds, until=clock.now() + self.rest)
            self._resting[key] = found
        log.error(
            "plugin %s: %s took %.1f s, slow %d times in a row; pages do without it until %s",
            *(slug, hook, seconds, self.times, found.until.isoformat(timespec="seconds")),
        )
        self._note(found)

    def _note(self, found: Resting) -> None:
        if self.folder is not None:
            held = {"seconds": round(found.seconds, 1), "until": found.until.isoformat()}
            with suppress(OSError):
                (self.folder / _NOTES).mkdir(exist_ok=True)
                (self.folder / _NOTES / f"{found.slug}-{found.hook}").write_text(json.dumps(held))

    def _forget(self, key: tuple[str, str]) -> None:
        if self.folder is not None:
            with suppress(OSError):
                (self.folder / _NOTES / "-".join(key)).unlink(missing_ok=True)


def resting(folder: Path) -> list[Resting]:
    """Return what rests now in any process that works on this data folder, by name."""
    found = []
    notes = folder / _NOTES
    for path in sorted(notes.iterdir()) if notes.is_dir() else ():
        slug, _dash, hook = path.name.partition("-")
        try:
            held = json.loads(path.read_text())
            until = datetime.fromisoformat(held["until"])
            one = Resting(slug=slug, hook=hook, seconds=float(held["seconds"]), until=until)
        except (OSError, ValueError, KeyError, TypeError):
            continue  # being written at this instant, or not ours
        if clock.now() < until:
            found.append(one)
    return found
