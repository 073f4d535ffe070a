"""The folder of backups: their names, which are there, and which are thrown away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"portal-(\d{8}T\d{6}Z)\.tar\.gz(\.sealed)?")


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished backup."""

    path: Path
    made_at: datetime


def name_of(made_at: datetime, *, sealed: bool) -> str:
    """Return the file name of a backup made at an instant."""
    return f"portal-{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar.gz{'.sealed' if sealed else ''}"


def listed(folder: Path) -> list[Kept]:
    """Return the backups in ``folder``, the newest first; drafts and strangers' files are none."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        named = _NAME.fullmatch(path.name)
        if named and path.is_file():
            made = datetime.strptime(named[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            found.append(Kept(path, made))
    return sorted(found, key=lambda one: one.made_at, reverse=True)


def rotate(folder: Path, *, keep: int) -> list[Path]:
    """Delete all but the ``keep`` newest; return what was deleted. Call after a new one was proven."""
    old = [one.path for one in listed(folder)[max(1, keep) :]]
    for path in old:
        path.unlink()
    return old
