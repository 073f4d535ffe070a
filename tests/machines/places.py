"""Machines: network namespaces joined by a bridge; where those are missing, process groups on this one."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Place:
    """One machine: where it listens, and how a program is started on it."""

    name: str
    address: str
    prefix: tuple[str, ...] = ()
    cable: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def port(self, usual: int) -> int:
        """Return the port of a service: its usual one on a machine of its own, else any free one."""
        return usual if self.prefix else free_port()

    def run(self, argv: Sequence[str], *, log: Path, **options: Any) -> subprocess.Popen[bytes]:
        """Start a program here; what it says goes to the end of ``log``."""
        with log.open("ab") as out:
            process = subprocess.Popen(
                [*self.prefix, *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                **options,
            )
        self.processes.append(process)
        return process

    def pull(self) -> None:
        """Pull the network cable, where there is one: packets are lost, nobody is told."""
        if self.cable:
            _ip("link", "set", self.cable, "down")

    def plug(self) -> None:
        """Put the cable back."""
        if self.cable:
            _ip("link", "set", self.cable, "up")

    def kill(self) -> None:
        """Kill everything that was started here, as a power cut would."""
        for process in self.processes:
            slay(process)
        self.processes.clear()

    def lose(self) -> None:
        """Lose the machine: first its network, so that no connection is closed in order, then all of it."""
        self.pull()
        self.kill()


class Lan:
    """The machines of one test and the wire between them; ``real`` when they are namespaces."""

    def __init__(self) -> None:
        self.key = secrets.token_hex(2)
        self.real = _namespaces_work(f"pm{self.key}-try")
        self.places: list[Place] = []
        self.address = "127.0.0.1"
        if not self.real:
            with warnings.catch_warnings():
                warnings.simplefilter("always")  # said at the end of the run, and no error
                warnings.warn(
                    "NO NETWORK NAMESPACES HERE: the machines are process groups on 127.0.0.1", stacklevel=2
                )
            return
        self.bridge, third = f"pm{self.key}", _free_subnet()
        self._net = f"10.213.{third}"
        self.address = f"{self._net}.1"
        _ip("link", "add", self.bridge, "type", "bridge")
        _ip("addr", "add", f"{self.address}/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")

    def place(self, name: str) -> Place:
        """Add a machine."""
        if not self.real:
            made = Place(name, self.address)
        else:
            space, number = f"pm{self.key}-{name}", len(self.places) + 10
            cable, inner = f"pm{self.key}v{number}", f"pm{self.key}i{number}"
            made = Place(name, f"{self._net}.{number}", ("ip", "netns", "exec", space), cable)
            _ip("netns", "add", space)
            _ip("link", "add", cable, "type", "veth", "peer", "name", inner)
            _ip("link", "set", inner, "netns", space)
            _ip("link", "set", cable, "master", self.bridge, "up")
            _ip("-n", space, "addr", "add", f"{made.address}/24", "dev", inner)
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("-n", space, "link", "set", inner, "up")
        self.places.append(made)
        return made

    def remove(self) -> None:
        """Kill what still runs and take the wire away."""
        for place in self.places:
            place.kill()
            if place.prefix:
                with suppress(subprocess.CalledProcessError):
                    _ip("link", "del", place.cable)
                with suppress(subprocess.CalledProcessError):
                    _ip("netns", "del", place.prefix[-1])
        if self.real:
            _ip("link", "del", self.bridge)


@contextmanager
def lan() -> Iterator[Lan]:
    """Give a test its machines, and take them away whatever happens."""
    made = Lan()
    try:
        yield made
    finally:
        made.remove()


def family(pid: int) -> list[int]:
    """Return the running descendants of a process."""
    found, todo = [], [pid]
    while todo:
        for task in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):
                children = [int(child) for child in task.read_text().split()]
                found += children
                todo += children
    return found


def slay(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all of its offspring at once, none of them able to tidy up or to start anew."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGSTOP)
    offspring = family(process.pid)
    for pid in (process.pid, *offspring):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(timeout=30)


def until(ask: Any, *, seconds: float, what: str, every: float = 0.1) -> float:
    """Wait until ``ask()`` is true; return how long it took. Raises: AssertionError."""
    began = time.monotonic()
    while not ask():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds} s"
        time.sleep(every)
    return time.monotonic() - began


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _namespaces_work(name: str) -> bool:
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("setpriv"):
        return False
    try:
        _ip("netns", "add", name)
        subprocess.run(["ip", "netns", "exec", name, "true"], check=True, capture_output=True)
        _ip("netns", "del", name)
        _ip("link", "add", name[:12], "type", "bridge")
        _ip("link", "del", name[:12])
    except subprocess.CalledProcessError:
        return False
    return True


def _free_subnet() -> int:
    taken = subprocess.run(["ip", "-4", "addr"], check=True, capture_output=True, text=True).stdout
    return next(one for one in range(secrets.randbelow(100), 250) if f"10.213.{one}." not in taken)
