"""Keep some processes running as one: start them, start a dead one again, stop all of them together."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

#: Seconds to wait before a child that died is started again; the last one repeats.
BACKOFF = (0.5, 1.0, 2.0, 5.0, 15.0)
#: A child that lived this long starts counting anew.
STEADY = 60.0
GRACE = 15.0


@dataclass
class Child:
    """One process; ``log`` is a file, or None for the terminal."""

    name: str
    argv: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    falls: int = 0
    again_at: float = 0.0


class Supervisor:
    """Runs children in sessions of their own, so that a ctrl-C of the terminal reaches only us."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.children: list[Child] = []
        self._stop = threading.Event()

    def handle_signals(self) -> None:
        """Stop on INT, TERM and HUP."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._stop.set())

    @property
    def stopping(self) -> bool:
        """Tell whether somebody asked us to stop."""
        return self._stop.is_set()

    def start(self, child: Child) -> None:
        """Start a child and keep it from now on."""
        self.children.append(child)
        self._spawn(child)

    def _spawn(self, child: Child) -> None:
        output: IO[bytes] | None = None
        if child.log is not None:
            child.log.parent.mkdir(parents=True, exist_ok=True)
            output = child.log.open("ab")
        child.process = subprocess.Popen(
            child.argv,
            env={**os.environ, **child.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        if output is not None:
            output.close()
        child.started = time.monotonic()

    def wait(self, ready: Callable[[], bool], *, seconds: float) -> bool:
        """Watch the children until ``ready()``, a signal, or the time is over; tell whether ready."""
        end = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < end:
            if ready():
                return True
            self._look()
            self._stop.wait(0.1)
        return False

    def run(self) -> None:
        """Watch the children until a signal comes."""
        while not self._stop.wait(0.3):
            self._look()

    def _look(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                code = child.process.returncode
                _kill_group(child.process, signal.SIGKILL)  # what it left behind would hold its port
                child.process = None
                lived = time.monotonic() - child.started
                child.falls = 1 if lived > STEADY else child.falls + 1
                pause = BACKOFF[min(child.falls, len(BACKOFF)) - 1]
                child.again_at = time.monotonic() + pause
                where = f" (see {child.log})" if child.log else ""
                self.say(f"{child.name} ended with {code}, starting it again{where}")
            if child.process is None and time.monotonic() >= child.again_at:
                self._spawn(child)

    def stop(self) -> None:
        """Ask every child to end, last started first; kill what does not within the grace."""
        running = [child for child in reversed(self.children) if child.process is not None]
        for child in running:
            # Only the child itself: a server tells its own workers in the right order.
            _signal(child.process, signal.SIGTERM)
        end = time.monotonic() + GRACE
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} does not end, killing it")
            _kill_group(child.process, signal.SIGKILL)
            child.process.wait()


def _signal(process: subprocess.Popen[bytes] | None, number: int) -> None:
    if process is not None and process.poll() is None:
        process.send_signal(number)


def _kill_group(process: subprocess.Popen[bytes], number: int) -> None:
    # The child leads its own session, so its group is all of its offspring.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


_libc: Any = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    # Even when we are killed with -9, no child stays behind.
    _libc.prctl(1, signal.SIGTERM)
