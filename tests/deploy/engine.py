"""A container engine in a folder of its own: its images, volumes and containers are gone with the folder.

The base image is made of Debian's packages by debootstrap, so no registry of images is asked for anything.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy import debian

NEEDED = ("podman", "debootstrap")
BASE = "localhost/portal-base"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# What an engine wants to raise by itself a sandbox may not allow; these are below any machine's own.
_SETTINGS = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "{runtime}"
tmp_dir = "{home}/tmp"
volume_path = "{home}/volumes"
"""
_STORAGE = """
[storage]
driver = "{driver}"
graphroot = "{home}/store"
runroot = "{home}/run"
"""


class Engine:
    """podman, called as a deployer calls it, with settings of its own around."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")},
            "CONTAINERS_CONF": str(home / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(home / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(home / "registries.conf"),
            # The checks of health are run by the tests; where systemd runs it would make timers for them.
            "DISABLE_HC_SYSTEMD": "true",
            "TMPDIR": str(home),
        }
        (home / "registries.conf").write_text("unqualified-search-registries = []\n")

    def settle(self, *, runtime: str, driver: str) -> None:
        """Say which runtime starts containers and how layers are kept."""
        (self.home / "containers.conf").write_text(_SETTINGS.format(runtime=runtime, home=self.home))
        (self.home / "storage.conf").write_text(_STORAGE.format(driver=driver, home=self.home))

    def __call__(
        self, *words: str, ends: int | None = 0, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run podman; another exit code than ``ends`` is a failure with what it said (None: any will do)."""
        done = subprocess.run(
            ["podman", *words],
            env=self.environment,
            input=given or "",
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        said = f"podman {' '.join(words)}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        assert ends is None or done.returncode == ends, said
        return done

    def inspect(self, kind: str, name: str) -> dict:
        """Return what the engine knows of an image, a container or a volume."""
        (found,) = json.loads(self(kind, "inspect", name).stdout)
        return found

    def clear(self) -> None:
        """End and delete all of it."""
        self("rm", "--force", "--all", "--time", "0", ends=None)
        self("umount", "--all", ends=None)
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for place in reversed([one for one in mounted if Path(one).is_relative_to(self.home)]):
            subprocess.run(["umount", "--lazy", place], check=False)
        shutil.rmtree(self.home)


@contextmanager
def engine(home: Path) -> Iterator[Engine]:
    """Give an engine that holds a base image; skip, with the reason, where none can be made."""
    made = Engine(home)
    try:
        _import_base(made, _base(home))
        yield made
    finally:
        made.clear()


def _base(home: Path) -> Path:
    """Return an archive that is like the official image where it matters: glibc, and ``python`` on PATH."""
    folder = home / "base"
    packages = "python3,python3-venv,ca-certificates"
    release, mirror = debian.release(), debian.mirror()
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={packages}", release, str(folder), mirror],
        env={**os.environ, **_way_out(), "TMPDIR": str(home)},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"debootstrap makes no {release} of {mirror}: {(done.stdout + done.stderr)[-300:]}")
    (folder / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for left in ("var/cache/apt", "var/lib/apt/lists", "debootstrap"):
        shutil.rmtree(folder / left, ignore_errors=True)
    # Names of this machine's network. Empty ones stay, as in every base, for the engine to lay its own over.
    for named in ("etc/resolv.conf", "etc/hostname", "etc/hosts"):
        (folder / named).write_text("")
    archive = home / "base.tar"
    subprocess.run(["tar", "-C", folder, "--one-file-system", "-cf", archive, "."], check=True)
    shutil.rmtree(folder)
    return archive


def _import_base(made: Engine, archive: Path) -> None:
    """Take the archive in, by the first way of keeping layers and of starting processes that works here."""
    said = []
    runtimes = [one for one in ("crun", "runc") if shutil.which(one)]
    for driver in ("overlay", "vfs"):
        made.settle(runtime=(runtimes or ["runc"])[0], driver=driver)
        taken = made("import", "--quiet", str(archive), BASE, ends=None)
        said.append(taken.stderr[-300:])
        for runtime in runtimes if taken.returncode == 0 else ():
            made.settle(runtime=runtime, driver=driver)
            done = made("run", "--rm", "--network", "none", BASE, "python", "--version", ends=None)
            if done.returncode == 0:
                archive.unlink()
                if not re.match(r"Python 3\.1[123]\.", done.stdout):
                    pytest.skip(f"the portal runs on Python 3.11 to 3.13, this release has {done.stdout}")
                return
            said.append(done.stderr[-300:])
    pytest.skip(f"podman starts nothing here, not even the base: {' / '.join(said)}")


def _way_out() -> dict[str, str]:
    """Return apt's proxy for debootstrap, which does not ask apt for it."""
    done = subprocess.run(
        ["apt-config", "shell", "found", "Acquire::http::Proxy"], capture_output=True, text=True, check=False
    )
    found = re.search(r"found='(.+)'", done.stdout)
    return {"http_proxy": found[1]} if found else {}


def of_pip(name: str) -> str:
    """Return a setting of this machine's pip, "" where there is none."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    found = re.findall(rf"^(?::env:|global|install)\.{name}='(.*)'$", done.stdout, re.MULTILINE)
    return found[0] if found else ""


def pip_way_out() -> list[str]:
    """Return what lets a build reach the index of this machine, and leaves no trace in the image."""
    words = ["--network", "host"]
    trusted = of_pip("cert") or ssl.get_default_verify_paths().cafile
    if trusted and Path(trusted).is_file():
        # Over a file that the base has already, or the engine would leave an empty one in its place.
        words += ["--volume", f"{Path(trusted).resolve()}:{_CERTIFICATES}:ro"]
    index = of_pip("index-url")
    return [*words, "--build-arg", f"PIP_INDEX_URL={index}"] if index else words


def until(done: Callable[[], bool], *, seconds: float, says: str) -> None:
    """Wait until a call says yes."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, says
        time.sleep(0.3)
