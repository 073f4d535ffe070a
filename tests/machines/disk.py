"""A small disk of its own: a file system in memory that can be filled to the last byte."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Disk:
    """Where it is mounted, and the file that fills it; not ``real`` where nothing can be mounted."""

    def __init__(self, folder: Path, *, real: bool) -> None:
        self.folder, self.real, self._filler = folder, real, folder / "filler"

    def fill(self, *, leave: int = 0) -> None:
        """Take all of the room but ``leave`` bytes."""
        size = shutil.disk_usage(self.folder).free - leave
        with self._filler.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
        while not leave:  # what others took meanwhile, to the last page
            try:
                with self._filler.open("ab") as file:
                    file.write(b"\0" * 4096)
            except OSError:
                return

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def disk(folder: Path, *, megabytes: int) -> Iterator[Disk]:
    """Mount a disk of that size; a plain folder where one may not (no root, or a container's)."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "portal-test", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield Disk(folder, real=mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)
