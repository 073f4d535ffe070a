"""Make the offline bundle: source tree, wheels for both processors, a manifest with hashes, install.sh.

Run by ``make bundle``. Wheels are those of requirements.lock, downloaded with its hashes required.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: What is of no use where the portal only runs.
LEFT_OUT = (
    "tests/",
    "bench/",
    "docs/screenshots",
    ".ci/",
    "paysim/",
    "conftest.py",
    "requirements-dev.lock",
    "requirements-mutation.lock",
)
PYTHONS = ("3.11", "3.12", "3.13")
PROCESSORS = ("x86_64", "aarch64")
#: glibc of Debian 10, RHEL 8 and openEuler 20.03 (2.28) and older.
GLIBC = ("2_28", "2_27", "2_26", "2_24", "2_17")


def main() -> None:
    """Write dist/portal-VERSION.tar and its digest."""
    parser = argparse.ArgumentParser(description="Make the offline bundle.")
    parser.add_argument("--to", type=Path, default=ROOT / "dist")
    parser.add_argument("--python", action="append", choices=PYTHONS, help="default: all")
    parser.add_argument("--processor", action="append", choices=PROCESSORS, help="default: both")
    said = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from portal import VERSION

    name = f"portal-{VERSION}"
    said.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=said.to, prefix=".draft-") as scratch:
        top = Path(scratch) / name
        _source(top / "source")
        for processor in said.processor or PROCESSORS:
            for python in said.python or PYTHONS:
                _wheels(top / "wheels", processor, python)
        shutil.copy(ROOT / "deploy" / "install.sh", top / "install.sh")
        _manifest(top, VERSION)
        draft = Path(scratch) / f"{name}.tar"
        with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(top.rglob("*")):
                tar.add(path, arcname=str(path.relative_to(scratch)), recursive=False, filter=_plain)
        final = said.to / draft.name
        draft.replace(final)
    digest = hashlib.sha256(final.read_bytes()).hexdigest()
    final.with_suffix(".tar.sha256").write_text(f"{digest}  {final.name}\n")
    print(f"{final}: {final.stat().st_size // 1024 // 1024} MB, sha256 {digest}")


def _source(target: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if not name or name.startswith(LEFT_OUT) or "/tests/" in name or not path.is_file():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target / name)


def _wheels(target: Path, processor: str, python: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    platforms = [f"manylinux_{glibc}_{processor}" for glibc in GLIBC] + [f"manylinux2014_{processor}"]
    if processor == "x86_64":
        platforms += ["manylinux2010_x86_64", "manylinux1_x86_64"]
    short = python.replace(".", "")
    where = [word for one in platforms for word in ("--platform", one)]
    where += ["--python-version", python, "--implementation", "cp"]
    where += [word for abi in (f"cp{short}", "abi3", "none") for word in ("--abi", abi)]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--only-binary", ":all:", "--dest", str(target), *where]
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements.lock")], check=True)


def _manifest(top: Path, version: str) -> None:
    files = {
        str(path.relative_to(top)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(top.rglob("*"))
        if path.is_file()
    }
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^([a-z0-9][\w.-]*)==(\S+)(.*)", lock, re.MULTILINE)
    # The bundle is for Linux.
    packages = {name: pin for name, pin, marker in pinned if "win32" not in marker}
    told = {"portal": version, "packages": packages, "files": files}
    (top / "manifest.json").write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode = 0o755 if member.isdir() or member.name.endswith(".sh") else 0o644
    return member


if __name__ == "__main__":
    main()
