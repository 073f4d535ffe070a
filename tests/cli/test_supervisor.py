"""One process keeps the others: a dead one is started again, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from portal.cli.supervisor import Child, Supervisor

# A child with a child of its own, both writing their ids where the test looks.
PARENT = """
import os, subprocess, sys, time
own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open(sys.argv[1], "w").write(f"{os.getpid()} {own.pid}")
time.sleep(60)
"""


def alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(condition, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def family(path: Path) -> list[int]:
    assert wait_for(lambda: path.exists() and len(path.read_text().split()) == 2)
    return [int(pid) for pid in path.read_text().split()]


def test_stopping_ends_children_and_grandchildren(tmp_path: Path):
    said: list[str] = []
    supervisor = Supervisor(said.append)
    supervisor.start(Child("one", [sys.executable, "-c", PARENT, str(tmp_path / "pids")]))
    pids = family(tmp_path / "pids")
    assert all(alive(pid) for pid in pids)
    supervisor.stop()
    assert wait_for(lambda: not any(alive(pid) for pid in pids))


def test_a_dead_child_is_started_again_and_leaves_nothing(tmp_path: Path):
    said: list[str] = []
    supervisor = Supervisor(said.append)
    path = tmp_path / "pids"
    supervisor.start(Child("one", [sys.executable, "-c", PARENT, str(path)]))
    first = family(path)
    path.unlink()
    os.kill(first[0], signal.SIGKILL)
    assert supervisor.wait(lambda: path.exists() and len(path.read_text().split()) == 2, seconds=10)
    second = family(path)
    assert set(first).isdisjoint(second)
    assert not any(alive(pid) for pid in first)
    assert said and said[0].startswith("one ended with -9")
    supervisor.stop()


def test_children_die_with_a_supervisor_that_was_killed(tmp_path: Path):
    script = (
        "import sys; from portal.cli.supervisor import Child, Supervisor\n"
        "s = Supervisor(print)\n"
        "s.start(Child('one', [sys.executable, '-c', sys.argv[1], sys.argv[2]])); s.run()"
    )
    own = subprocess.Popen([sys.executable, "-c", script, PARENT, str(tmp_path / "pids")])
    child, _grandchild = family(tmp_path / "pids")
    own.kill()
    own.wait()
    assert wait_for(lambda: not alive(child))
    os.kill(_grandchild, signal.SIGKILL)
