"""Which Debian this machine is, and where it takes its packages from: for tests that make another one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest


def release() -> str:
    """Return the name of this machine's release; skip where there is none."""
    text = Path("/etc/os-release").read_text()
    found = re.search(r"^VERSION_CODENAME=(\S+)", text, re.MULTILINE)
    return found[1] if found else pytest.skip("no release of Debian or Ubuntu")


def mirror() -> str:
    """Return where this machine takes the packages of its release from; skip where apt does not say."""
    if shutil.which("apt-get") is not None:
        words = ["apt-get", "indextargets", "--format", "$(SITE) $(CODENAME) $(COMPONENT)"]
        words += ["Created-By: Packages"]
        told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
        for line in told.splitlines():
            site, _, rest = line.partition(" ")
            if rest == f"{release()} main":
                return site
    return pytest.skip("apt names no mirror of this release")
