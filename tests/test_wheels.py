"""The portal as a wheel, and a plugin as a wheel beside it: nothing is missing where they are unpacked."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.config import ROOT
from tests.house_copy import check, copy_house, run

pytestmark = pytest.mark.xdist_group("wheels")  # one workshop for all

CARRIED = ("templates", "static", "migrations", "portal", "plugins")


def pip(*words: str) -> None:
    """Run pip without asking a registry for anything."""
    offline = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    line = [sys.executable, "-m", "pip", words[0], *offline, *words[1:]]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def wheel(source: Path, target: Path) -> Path:
    """Build the wheel of a project."""
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(target), str(source))
    (made,) = target.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with the portal unpacked from its wheel in ``site``, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("workshop")
    portal = wheel(copy_house(folder / "house"), folder / "portal-wheel")
    shutil.rmtree(folder / "house")
    pip("install", "--target", str(folder / "site-packages"), str(portal))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def place(workshop: Path, tmp_path: Path) -> dict[str, str]:
    """Return the environment of an installation of that wheel."""
    return {
        "PYTHONPATH": str(workshop / "site-packages"),
        "PORTAL_ENV": "development",
        "PORTAL_DATA": str(tmp_path / "data"),
        "PORTAL_TLS": "0",
    }


def test_the_portals_wheel_carries_all_that_pages_and_migrations_are_made_of(workshop: Path):
    (made,) = (workshop / "portal-wheel").glob("*.whl")
    inside = set(zipfile.ZipFile(made).namelist())
    wanted = set()
    for room in CARRIED:
        for path in (ROOT / room).rglob("*"):
            name = path.relative_to(ROOT)
            # A plugin's tests stay at home; those of the skeleton are what a new plugin is made of.
            skipped = "__pycache__" in name.parts or path.suffix in {".mo", ".pyc"}
            skipped = skipped or room == "plugins" and "tests" in name.parts
            if path.is_file() and not skipped:
                packed = room in {"templates", "static", "migrations"}
                wanted.add(f"portal/_house/{name.as_posix()}" if packed else name.as_posix())
    assert wanted - inside == set()
    assert len(wanted) > 500
    loose = {name.split("/")[0] for name in inside}
    assert {name for name in loose if not name.endswith(".dist-info")} == {"portal", "plugins"}


def test_the_portal_runs_from_its_wheel_alone(workshop: Path, place: dict[str, str], tmp_path: Path):
    check(tmp_path, "portal", "db", "upgrade", **place)
    check(tmp_path, "portal", "db", "check", **place)
    check(tmp_path, "portal", "district", "add", "990001", "试验区", "--kind", "county", **place)
    (tmp_path / "visit.py").write_text(VISIT, encoding="utf-8")
    told = check(tmp_path, "visit", **place | {"PYTHONPATH": f"{workshop / 'site-packages'}:{tmp_path}"})
    assert str(workshop / "site-packages") in told and "200 200 200" in told
    # A plugin folder has no place in somebody else's packages.
    refused = run(tmp_path, "portal", "plugins", "new", "wall", **place)
    assert refused.returncode == 2 and "--wheel" in refused.stderr
    refused = run(tmp_path, "portal", "db", "revision", "core", "-m", "x", **place)
    assert refused.returncode == 2 and "pip install -e" in refused.stderr


VISIT = """
import portal
from portal.app import create_app
client = create_app().test_client()
pages = [client.get(path).status_code for path in ("/", "/d/990001/", "/static/portal.css")]
print(portal.__file__, *pages)
"""


def test_a_plugin_from_a_wheel_of_its_own_works(workshop: Path, place: dict[str, str], tmp_path: Path):
    check(
        tmp_path,
        "portal",
        "plugins",
        "new",
        "wall",
        "--wheel",
        "--name",
        "心愿墙",
        "--english",
        "Wishes",
        **place,
    )
    project = tmp_path / "portal-wall"
    site = tmp_path / "site-packages"
    pip("install", "--target", str(site), str(wheel(project, tmp_path / "wheels")))
    source, project = project, tmp_path / "elsewhere"
    project.mkdir()
    both = place | {"PYTHONPATH": f"{workshop / 'site-packages'}:{site}"}
    check(project, "portal", "db", "upgrade", **both)
    assert "wall" in check(project, "portal", "plugins", "list", **both)
    check(project, "portal", "plugins", "doctor", **both)
    check(project, "portal", "district", "add", "990001", "试验区", "--kind", "county", **both)
    check(project, "portal", "plugins", "on", "wall", "--district", "990001", **both)
    # Its own tests, out of the wheels alone: pages, migration, English words, job, hooks.
    shutil.copytree(source / "portal_wall" / "tests", site / "portal_wall" / "tests")
    words = ["-q", "-x", "-p", "portal.testing", "-p", "no:cacheprovider", "--pyargs", "portal_wall"]
    words += ["-c", str(source / "pyproject.toml"), "--rootdir", str(project)]
    testing = {"PYTHONPATH": both["PYTHONPATH"]}
    told = check(project, "pytest", *words, **testing)
    assert "passed" in told
    check(project, "portal", "plugins", "off", "wall", "--district", "990001", **both)
    gone = check(project, "portal", "plugins", "purge", "wall", "--yes", "--i-know-rows", "0", **both)
    assert "0 rows in 1 tables are gone" in gone and "it is still installed" in gone
    again = run(project, "portal", "plugins", "doctor", **both)
    assert again.returncode == 1 and "wall: its tables are at nothing" in again.stdout
    # What is unpacked is nobody's source.
    refused = run(project, "portal", "db", "revision", "wall", "-m", "more", **both)
    assert refused.returncode == 2 and "pip install -e" in refused.stderr
    assert list((site / "portal_wall" / "migrations").glob("0002*")) == []


def test_a_plugin_in_its_own_folder_is_worked_on_there(workshop: Path, place: dict[str, str], tmp_path: Path):
    check(tmp_path, "portal", "plugins", "new", "wall", "--wheel", **place)
    project = tmp_path / "portal-wall"
    check(project, "ruff", "check", ".")
    check(project, "ruff", "format", "--check", ".")
    # What ``pip install -e .`` leaves behind: the entry point, beside the source.
    egg_info = "import setuptools; setuptools.setup(script_args=['-q', 'egg_info'])"
    (tmp_path / "setup_only.py").write_text(egg_info)
    check(project, "setup_only", **place | {"PYTHONPATH": str(tmp_path)})
    both = place | {"PYTHONPATH": f"{workshop / 'site-packages'}:{project}"}
    check(project, "portal", "db", "upgrade", **both)
    model = project / "portal_wall" / "models.py"
    text = model.read_text(encoding="utf-8")
    column = '    pinned: Mapped[bool] = mapped_column(default=False, server_default="0")\n'
    model.write_text(text.replace("    __table_args__", f"{column}\n    __table_args__"), encoding="utf-8")
    check(project, "portal", "db", "revision", "wall", "-m", "pinned", **both)
    assert (project / "portal_wall" / "migrations" / "0002_pinned.py").exists()
    check(project, "portal", "db", "upgrade", **both)
    told = check(project, "portal", "catalogue", "update", **both)
    assert "portal_wall en:" in told and "portal en:" not in told
    testing = {"PYTHONPATH": both["PYTHONPATH"]}
    assert "passed" in check(project, "pytest", "-q", "-x", "-p", "no:cacheprovider", **testing)
