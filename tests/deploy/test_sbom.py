"""The lock files are pinned with hashes, and the bill of materials says what is in them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal import VERSION
from portal.config import ROOT

# A script and no package: the tests' own folder of that name would be found first.
_SPEC = importlib.util.spec_from_file_location("sbom", ROOT / "deploy" / "sbom.py")
assert _SPEC is not None and _SPEC.loader is not None
sbom = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(sbom)

HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-mutation.lock"])
def test_every_package_is_pinned_with_hashes(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    found = sbom.packages(text)
    named = re.findall(r"^[A-Za-z0-9][^=\s]*", text, re.MULTILINE)
    assert [one["name"] for one in found] == named and len(named) > 30
    assert sum(len(one["hashes"]) for one in found) == text.count("--hash=")


@pytest.mark.parametrize(
    "lock",
    [
        "flask>=3\n",
        "flask==3.1.0\n",
        f"flask==3.1.0 \\\n    {HASH}\nclick==8.3\n",
        "flask @ https://x.invalid\n",
    ],
)
def test_a_loose_package_is_found(lock: str):
    with pytest.raises(ValueError, match=r"not pinned|without a hash"):
        sbom.packages(lock)


def test_installing_asks_for_the_hashes():
    """Pinned hashes that nobody compares are ornaments."""
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install .*-r \S+", made)
    assert len(installs) == 3 and all("--require-hashes" in one for one in installs)


def test_the_bill_names_every_package_and_every_vendored_file(tmp_path: Path):
    argv = [sys.executable, str(ROOT / "deploy" / "sbom.py"), "--to", str(tmp_path)]
    subprocess.run(argv, check=True, capture_output=True)
    bill = json.loads((tmp_path / f"portal-{VERSION}.cdx.json").read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["metadata"]["component"]["version"]) == ("CycloneDX", VERSION)
    known = {one["name"]: one for one in bill["components"]}
    lock = dict(re.findall(r"^([a-z0-9][\w.-]*)==([^\s;]+)", (ROOT / "requirements.lock").read_text(), re.M))
    assert {name: known[name]["version"] for name in lock} == lock
    files = [one for one in (ROOT / "static" / "vendor").rglob("*") if one.is_file() and one.suffix != ".md"]
    assert len(files) > 3 and len(known) == len(lock) + len(files)
    for file in files:
        [digest] = known[str(file.relative_to(ROOT))]["hashes"]
        assert digest["content"] == hashlib.sha256(file.read_bytes()).hexdigest()
