"""Put restored files where the old ones were: by a written plan that any later start can finish.

The plan is written only when everything new lies proven beside the old. Before that a kill leaves the old;
after it whoever starts next, ``portal serve``, ``worker`` or any other command, carries the plan to its end.
The old files stay aside until the new ones have been compared in their place.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.failpoints import failpoint

STAGE = ".restore"
_PLAN = "plan.json"


def stage(data: Path) -> Path:
    """Return an empty private folder for what is to come; what a killed restore left is thrown away."""
    folder = data / STAGE
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def commit(data: Path, *, old: list[str], new: list[str], token: str = "") -> None:
    """Write the plan: from here on the new wins. ``new`` lies below ``.restore/new``.

    With a ``token`` it waits for the database: only when that holds what the token names does the new win.
    """
    folder = data / STAGE
    draft = folder / f".{_PLAN}"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"old": old, "new": new, "token": token}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / _PLAN)
    _sync(folder)
    failpoint("restore.committed")


def carry_out(data: Path) -> None:
    """Move the old aside and the new in; every step may be repeated."""
    folder = data / STAGE
    plan = json.loads((folder / _PLAN).read_text(encoding="utf-8"))
    for name in plan["old"]:
        here, aside = data / name, folder / "old" / name
        if here.exists() and not aside.exists():
            aside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            here.rename(aside)
            failpoint("restore.moving")
    for name in plan["new"]:
        ready, here = folder / "new" / name, data / name
        if ready.exists():
            here.parent.mkdir(parents=True, exist_ok=True)
            ready.rename(here)
    _sync(data)


def take_back(data: Path) -> None:
    """Put the old where it was: the new was not what it should be."""
    folder = data / STAGE
    plan = json.loads((folder / _PLAN).read_text(encoding="utf-8"))
    for name in plan["new"]:
        if (data / name).exists():
            bad = folder / "bad" / name
            bad.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (data / name).rename(bad)
    for name in plan["old"]:
        aside = folder / "old" / name
        if aside.exists():
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            aside.rename(data / name)
    clear(data)


def clear(data: Path) -> None:
    """Forget plan and old files: the new ones have been compared."""
    (data / STAGE / _PLAN).unlink(missing_ok=True)
    shutil.rmtree(data / STAGE, ignore_errors=True)


def interrupted(data: Path) -> bool:
    """Tell whether a restore was killed after its plan was written."""
    return (data / STAGE / _PLAN).exists()


def finish_interrupted(data: Path, arrived: Callable[[str], bool]) -> bool:
    """Carry the plan of a killed restore to its end; tell whether the new won.

    A plan that waits for the database asks ``arrived``; when that says no, nothing was changed yet.
    """
    if not interrupted(data):
        return False
    with alone(data):
        if interrupted(data):
            token = json.loads((data / STAGE / _PLAN).read_text(encoding="utf-8"))["token"]
            if token and not arrived(token):
                clear(data)
                return False
            carry_out(data)
            clear(data)
    return True


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the data folder; a second one waits."""
    held = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
