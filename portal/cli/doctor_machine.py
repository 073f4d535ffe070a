"""What the doctor sees of the machine: folders, owners, disk, kind of file system, programs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from portal.backup.swapping import STAGE
from portal.cli.doctor_finding import Finding
from portal.cli.init_place import NEWER_SQLITE
from portal.config import Config
from portal.database import too_old
from portal.health.service import DISK_NEEDED

#: File systems on which the locks of SQLite do not hold between machines.
NETWORK = frozenset(
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs"]
)
MOUNTS = Path("/proc/self/mounts")


def examine(settings: Config) -> Iterator[Finding]:
    """Examine the data folder and what the portal needs of the system."""
    data = settings.data_dir
    if not data.is_dir():
        yield Finding.error(
            f"the data folder {data} is not there", f"install -d -m 0700 {data}, or portal init"
        )
        return
    yield from _folder(data)
    yield from _disk(data)
    if old := too_old(settings.database_url):
        yield Finding.error(old, NEWER_SQLITE)
    on_sqlite = not settings.database_url or settings.database_url.startswith("sqlite")
    kind = file_system(data)
    if on_sqlite and kind in NETWORK:
        yield Finding.error(
            f"{data} is on {kind}: SQLite loses data on a network file system",
            "move the data folder to a disk of this machine, or use PostgreSQL (docs/operate.md)",
        )
    if not on_sqlite and shutil.which("pg_dump") is None:
        yield Finding.error("pg_dump is missing: no backup can be made", "apt install postgresql-client")


def _folder(data: Path) -> Iterator[Finding]:
    if os.geteuid() == 0:
        yield Finding.warning("this runs as root, who may do everything", "sudo -u portal portal doctor")
    elif not os.access(data, os.W_OK | os.X_OK):
        yield Finding.error(f"{data} cannot be written", f"chown -R {os.geteuid()} {data}")
    if data.stat().st_mode & 0o007:
        yield Finding.warning(f"everybody on this machine may look into {data}", f"chmod 700 {data}")
    owner = data.stat().st_uid
    strange = [path for path in data.iterdir() if path.lstat().st_uid != owner]
    if strange:
        yield Finding.error(
            f"{strange[0]} belongs to another user than its folder", f"chown -R --reference={data} {data}"
        )
    if (data / "upgrade.json").exists():
        yield Finding.error("an upgrade was interrupted", "portal upgrade")
    if (data / STAGE).exists():
        yield Finding.warning("a restore was interrupted", "portal db check (any command finishes it)")


def _disk(data: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(data).free
    database = sum(path.stat().st_size for path in data.glob("portal.db*"))
    mb = free // 1024 // 1024
    if free < DISK_NEEDED:
        yield Finding.error(
            f"the disk of {data} is full: {mb} MB free", f"df -h {data}; delete or add a disk"
        )
    elif free < max(3 * database, 1024 * 1024 * 1024):
        yield Finding.warning(
            f"{mb} MB free: a backup or an upgrade may not fit", f"df -h {data}; backup_dir on another disk"
        )


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system a folder is on, "" where that is not known."""
    best, kind = "", ""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        parts = line.split()
        point = parts[1].replace("\\040", " ")
        if folder.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind
