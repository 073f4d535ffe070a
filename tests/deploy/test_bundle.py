"""The offline bundle, made and installed for real with the network cut off, then an installation in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest

from portal.cli.ports import free_port
from portal.config import ROOT
from tests.cli.test_init import WORDS
from tests.deploy import elf
from tests.deploy.test_deploy import _until_open

pytestmark = [pytest.mark.hard, pytest.mark.xdist_group("bundle")]
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def make(place: Path, *words: str) -> Path:
    """Make a bundle in a folder; return the packed file."""
    made = subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "bundle.py"), "--to", str(place), *words],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    (packed,) = place.glob("portal-*.tar")
    return packed


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle for this Python and both processors, unpacked."""
    place = tmp_path_factory.mktemp("bundle")
    packed = make(place, "--python", HERE)
    with tarfile.open(packed) as tar:
        tar.extractall(place / "out", filter="data")
    (top,) = (place / "out").iterdir()
    return top


def test_every_package_of_the_lock_file_is_there_for_both_processors(bundle: Path):
    names = [path.name for path in (bundle / "wheels").glob("*.whl")]
    pinned = json.loads((bundle / "manifest.json").read_text())["packages"]
    assert len(pinned) > 30
    for package, version in pinned.items():
        plain = re.sub(r"[-_.]+", "_", package).lower()
        own = [one for one in names if re.sub(r"[-.]+", "_", one).lower().startswith(f"{plain}_")]
        for processor in ("x86_64", "aarch64"):
            fitting = [one for one in own if one.endswith("-any.whl") or processor in one]
            assert fitting, f"{package} {version} for {processor}: {own}"
    assert not [one for one in names if "musllinux" in one or "win" in one or "macosx" in one]
    assert not (bundle / "source" / "tests").exists() and (bundle / "source" / "static").is_dir()


def test_no_library_needs_more_than_is_promised(bundle: Path):
    """A wheel's name is a promise of whoever built it; what the loader will ask for stands in its files."""
    promised = "glibc 2.28"
    assert promised in (ROOT / "docs" / "operate.md").read_text()
    limit = tuple(int(part) for part in promised.split()[1].split("."))
    seen: dict[str, set[tuple[int, ...]]] = {}
    for path in (bundle / "wheels").glob("*.whl"):
        with zipfile.ZipFile(path) as wheel:
            for name in wheel.namelist():
                data = wheel.read(name)
                if not data.startswith(b"\x7fELF"):
                    continue
                processor = elf.machine(data)
                assert path.stem.endswith(processor), f"{path.name}: {name} is for {processor}"
                for version in elf.needed(data):
                    kind, _, number = version.partition("_")
                    if kind != "GLIBC":
                        continue
                    # GLIBC_ABI_DT_RELR and the like are marks of much newer ones.
                    assert re.fullmatch(r"[\d.]+", number), f"{path.name}: {name} needs {version}"
                    asked = tuple(int(part) for part in number.split("."))
                    assert asked <= limit, f"{path.name}: {name} needs {version}"
                    seen.setdefault(processor, set()).add(asked)
    # A parser that finds nothing finds no fault.
    assert set(seen) == {"x86_64", "aarch64"} and all(max(one) > (2, 17) for one in seen.values())


def offline(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run without a network: in a namespace without one where that is allowed, else with every index gone."""
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "http_proxy": "http://127.0.0.1:9/"}
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PORTAL_", "PIP_", "PYTHONPATH"))
    }
    cut = shutil.which("unshare")
    if cut and subprocess.run([cut, "-rn", "true"], capture_output=True, check=False).returncode == 0:
        words = (cut, "-rn", *words)
    return subprocess.run(
        words,
        cwd=cwd,
        env={**clean, **nowhere, "PYTHON": sys.executable, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_it_installs_without_a_network_and_serves(bundle: Path, tmp_path: Path):
    target = tmp_path / "opt"
    without = tmp_path / "without"
    without.mkdir()
    for module, said in (("ensurepip", "install python3-venv"), ("pip", "pip")):
        (without / "sitecustomize.py").write_text(f"import sys; sys.modules['{module}'] = None")
        broken = offline("sh", "install.sh", str(target), cwd=bundle, PYTHONPATH=str(without))
        assert broken.returncode == 1 and said in broken.stderr, broken.stderr[-2000:]
        assert target.exists() == (module == "pip"), "pip is called half way"
    done = offline("sh", "install.sh", str(target), cwd=bundle)
    assert done.returncode == 0 and "as the manifest says" in done.stdout, done.stderr[-2000:]
    portal = str(target / ".venv" / "bin" / "portal")
    settings = {"PORTAL_CONFIG": str(tmp_path / "portal.toml")}
    made = offline(portal, "init", "--data", str(tmp_path / "data"), *WORDS, cwd=tmp_path, **settings)
    assert made.returncode == 0 and "code: " in made.stdout, made.stderr
    found = offline(portal, "doctor", "--json", cwd=tmp_path, **settings)
    errors = [one["text"] for one in json.loads(found.stdout) if one["severity"] == "error"]
    # The files belong to another number inside of the namespace; nothing else is wrong.
    assert [one for one in errors if "belongs to" not in one] == []
    port = free_port("127.0.0.1", 18900)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    served = subprocess.Popen(
        [portal, "serve", "--port", str(port), "--workers", "1"],
        cwd=tmp_path,
        env={**clean, **settings},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_open(port)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
            assert answer.read() == b"ready\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=30) as page:
            assert "/static/" in page.read().decode()
    finally:
        served.terminate()
        served.wait(30)
    again = offline("sh", "install.sh", str(target), cwd=bundle)
    assert again.returncode == 0, "over an older version"
    assert offline(portal, "db", "check", cwd=tmp_path, **settings).returncode == 0


def test_a_changed_missing_or_foreign_file_is_refused(bundle: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    wheel = next((copy / "wheels").glob("flask-*.whl"))
    kept = wheel.read_bytes()
    for change in (
        lambda: wheel.write_bytes(kept[:-1] + b"x"),
        lambda: wheel.unlink(),
        lambda: (wheel.write_bytes(kept), (copy / "source" / "more.py").write_text("import this")),
    ):
        change()
        refused = offline("sh", "install.sh", str(tmp_path / "opt"), cwd=copy)
        assert refused.returncode == 1 and "nothing was installed" in refused.stderr
        assert not (tmp_path / "opt").exists()
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("mine")
    (copy / "source" / "more.py").unlink()
    refused = offline("sh", "install.sh", str(full), cwd=copy)
    assert refused.returncode == 1 and (full / "thesis.txt").exists()
