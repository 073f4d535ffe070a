"""The bundle on what this machine is not: aarch64 under emulation, other Debians, other Pythons; no network.

The root of a Debian is made of its own packages, unpacked by debootstrap and not configured (that takes
minutes under emulation), and entered in namespaces of its own: users, mounts, processes, and a network that
leads nowhere. Since 6.7, Linux keeps interpreters of foreign programs (binfmt_misc) for each user namespace:
nothing is registered on this machine. What is walked through there is ``probe.py``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy.debian import mirror
from tests.deploy.test_bundle import make

pytestmark = [pytest.mark.hard, pytest.mark.xdist_group("bundle")]
PROBE = Path(__file__).with_name("probe.py")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
#: What Debian's qemu-user-static registers: ELF, 64 bits, little end first, a program, processor 183.
AARCH64 = (
    r":portal:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
    r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:{}:F"
)
ENTER = """
set -e
if [ -n "$2" ]; then
    mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
    printf %s "$2" > /proc/sys/fs/binfmt_misc/register
fi
mount -t proc none "$1/proc"
mount --rbind /dev "$1/dev"
root=$1; shift 2
exec chroot "$root" "$@"
"""
#: What Debian calls the processors.
DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}
#: Which Python a Debian has.
PYTHON = {"bookworm": "3.11", "trixie": "3.13"}
#: So many packages have compiled parts; each part is loaded.
NATIVE = 10
#: Colours, secrets and settings of this machine are not those of that one.
CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}


@contextmanager
def users() -> Iterator[int]:
    """Hold a user namespace with the same numbers as outside; its process id is the way into it."""
    holder = subprocess.Popen(["unshare", "-U", "sleep", "infinity"])
    try:
        outside = os.readlink("/proc/self/ns/user")
        until = time.monotonic() + 10
        while os.readlink(f"/proc/{holder.pid}/ns/user") == outside and time.monotonic() < until:
            time.sleep(0.05)
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{holder.pid}/{name}").write_text("0 0 65536")
        yield holder.pid
    finally:
        holder.kill()
        holder.wait()


def entered(root: Path, *words: str, foreign: str, timeout: int) -> subprocess.CompletedProcess[str]:
    """Run within the root, as its root, without a network; nothing outlives it."""
    register = AARCH64.format(foreign) if foreign else ""
    with users() as holder:
        return subprocess.run(
            [
                *("nsenter", "-U", "-t", str(holder), "-S", "0", "-G", "0"),
                *("unshare", "-m", "-n", "-p", "-f", "--kill-child"),
                *("sh", "-c", ENTER, "sh", str(root), register, *words),
            ],
            env=CLEAN,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def make_debian(root: Path, suite: str, processor: str) -> None:
    """Make the root of a small Debian with Python, or skip where its archive does not answer."""
    archive = mirror()
    words = ["debootstrap", f"--arch={DEBIAN[processor]}", "--foreign", "--variant=minbase"]
    words += ["--include=python3,python3-venv", f"--keyring={KEYRING}", suite, str(root), archive]
    made = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
    if made.returncode and not list(root.glob("var/cache/apt/archives/*.deb")):
        said = (made.stdout + made.stderr).strip().splitlines()[-1]
        pytest.skip(f"no {suite} for {processor} from {archive}: {said}")
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    for package in sorted(root.glob("var/cache/apt/archives/*.deb")):
        packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True)
        words = ["tar", "-C", str(root), "--keep-directory-symlink", "-xf", "-"]
        subprocess.run(words, input=packed.stdout, check=True)
    if (root / "proc").is_symlink():
        # Within a container debootstrap leads it to the machine's own, which is no way out of a chroot.
        (root / "proc").unlink()
        (root / "proc").mkdir()
    # All that the packages' own scripts would have done and that is needed here.
    shutil.copy(root / "usr/share/base-passwd/passwd.master", root / "etc/passwd")
    trusted = (root / "usr/share/ca-certificates/mozilla").glob("*.crt")
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_bytes(b"".join(one.read_bytes() for one in sorted(trusted)))


def judge(done: subprocess.CompletedProcess[str], python: str, processor: str) -> None:
    """Hold what the probe has seen against what it should have; print how long it took."""
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    print(f"\n{processor}, Python {seen['python']}: {seen['seconds']}")
    assert seen["machine"] == processor
    assert seen["python"] == seen["inside"] and seen["python"].startswith(f"{python}."), seen
    assert len(seen["packages"]) >= NATIVE and seen["native"] > NATIVE, seen
    assert seen["assets"] > 3, seen


@pytest.mark.parametrize(
    ("suite", "processor"), [("bookworm", "aarch64"), ("trixie", "aarch64"), ("trixie", "x86_64")]
)
def test_it_is_installed_and_serves_on_a_debian_of_another_kind(suite: str, processor: str, tmp_path: Path):
    missing = [one for one in ("debootstrap", "dpkg-deb", "nsenter", "unshare") if shutil.which(one) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")
    if os.geteuid() != 0:
        pytest.skip("only root makes the root of a Debian")
    own = os.uname().machine
    foreign = ""
    if processor != own:
        if processor == "x86_64":
            pytest.skip(f"only aarch64 is emulated, this is {own}")
        foreign = shutil.which("qemu-aarch64-static") or ""
        if not foreign:
            pytest.skip("qemu-aarch64-static (Debian's qemu-user-static) is not installed")
    tried = entered(Path("/"), "true", foreign=foreign, timeout=30)
    if tried.returncode:
        pytest.skip(f"no namespaces with interpreters of their own (Linux 6.7): {tried.stderr.strip()}")
    root = tmp_path / "root"
    make_debian(root, suite, processor)
    place = root / "srv" / "walk"
    place.mkdir(parents=True)
    packed = make(place, "--python", PYTHON[suite], "--processor", processor)
    shutil.copy(PROBE, place)
    words = ("/usr/bin/python3", "/srv/walk/probe.py", f"/srv/walk/{packed.name}", "/srv/walk")
    done = entered(root, *words, foreign=foreign, timeout=3600)
    judge(done, PYTHON[suite], processor)
    # Half a gigabyte, which is memory where the tests' files are.
    shutil.rmtree(root)


def others() -> list[str]:
    """Return the Pythons of this machine that the bundle is for, beside the one that runs this."""
    found = []
    for minor in (11, 12, 13):
        path = shutil.which(f"python3.{minor}")
        if path is None or sys.version_info[:2] == (3, minor):
            continue
        # It may be a door of pyenv's that leads nowhere, or a Debian's without the half it packs apart.
        tried = subprocess.run(
            [path, "-c", "import ensurepip, ssl, sqlite3"], capture_output=True, check=False
        )
        if tried.returncode == 0:
            found.append(path)
    return found


def test_it_is_installed_and_serves_under_the_other_pythons_of_this_machine(tmp_path: Path):
    if not others():
        pytest.skip("there is no other Python from 3.11 to 3.13 with ensurepip")
    cut = ["unshare", "-rn"]
    if shutil.which("unshare") is None or subprocess.run([*cut, "true"], check=False).returncode:
        pytest.skip("no namespace without a network")
    for python in others():
        version = Path(python).name.removeprefix("python")
        place = tmp_path / version
        packed = make(place, "--python", version, "--processor", os.uname().machine)
        done = subprocess.run(
            [*cut, python, str(PROBE), str(packed), str(place)],
            env={**CLEAN, "PATH": os.environ["PATH"], "PYTHON": python},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        judge(done, version, os.uname().machine)
        shutil.rmtree(place)
