"""``portal plugins doctor``: a verdict on every plugin with what to do, and exit 1 while one is not well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from portal import api, clock, database
from portal.app import create_app
from portal.cli.plugin_doctor import loading
from portal.config import ROOT
from portal.database import everything, session, transaction
from portal.database.engine import as_owner
from portal.districts.models import PluginSwitch
from portal.registry import PluginUnavailable
from portal.testing import World, settings
from portal.web.access import public


def doctor(data: Path, *, site: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as a deployer would; ``site`` is one more place where packages are installed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    paths = os.pathsep.join(map(str, filter(None, (ROOT, site))))
    place = {"PORTAL_ENV": "testing", "PORTAL_DATA": str(data), "PORTAL_TLS": "no", "PYTHONPATH": paths}
    return subprocess.run(
        [sys.executable, "-m", "portal", "plugins", "doctor"],
        env={**clean, **place, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def installed(site: Path, slug: str, code: str) -> None:
    """Install a plugin as pip would: a module, and an entry point beside it."""
    about = site / f"{slug}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {slug}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[portal.plugins]\n{slug} = {slug}_code:plugin\n")
    (site / f"{slug}_code").mkdir()
    (site / f"{slug}_code" / "__init__.py").write_text(code, encoding="utf-8")


ELSEWHERE = "PORTAL_TEST_POSTGRESQL" in os.environ

FINE = '''"""A plugin."""
from portal.api import Plugin
class Fine(Plugin):
    """Is well."""
    slug, name, description, version, portal = "{slug}", "好", "没有毛病", "1.0", "{portal}"
plugin = Fine()
'''


@pytest.mark.skipif(ELSEWHERE, reason="a process of its own: SQLite's file")
def test_all_well_says_so_and_one_that_is_not_says_what_to_do(data_dir: Path, tmp_path: Path):
    well = doctor(data_dir)
    assert well.returncode == 0 and "dues: ok" in well.stdout and "error" not in well.stdout
    site = tmp_path / "site"
    installed(site, "lacking", "import a_library_nobody_has\n")
    installed(site, "ahead", FINE.format(slug="ahead", portal=">=2,<3"))
    installed(site, "fine", FINE.format(slug="fine", portal=">=1,<2"))
    found = doctor(data_dir, site=site)
    assert found.returncode == 1
    assert "fine: ok" in found.stdout and "dues: ok" in found.stdout
    lines = found.stdout.splitlines()
    for slug, why, cure in (
        ("lacking", "ModuleNotFoundError", "pip install what is missing"),
        ("ahead", "wants portal API >=2,<3", "install a version of the plugin that fits"),
    ):
        (number,) = (n for n, line in enumerate(lines) if line.startswith(f"error: {slug}: broken"))
        assert why in lines[number] and cure in lines[number + 1]
    assert "Traceback" in found.stderr
    left = doctor(data_dir, site=site, PORTAL_PLUGINS_EXCLUDE="lacking,ahead")
    assert left.returncode == 0 and "note: ahead: left out by plugins_exclude" in left.stdout
    safe = doctor(data_dir, site=site, PORTAL_SAFE_MODE="1")
    assert safe.returncode == 0 and "safe mode: no plugin is loaded" in safe.stdout


@pytest.mark.skipif(ELSEWHERE, reason="a process of its own: SQLite's file")
def test_a_schema_that_waits_and_data_without_code_are_named(data_dir: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    empty = doctor(tmp_path / "empty")
    assert empty.returncode == 1 and "error: dues: its tables are at nothing" in empty.stdout
    assert "-> portal db upgrade" in empty.stdout
    app = create_app(settings(data_dir))
    with app.app_context():
        here = World(app).district(plugins=("dues",))
        session.remove()
        with everything(), as_owner() as connection:
            connection.execute(text("CREATE TABLE alembic_version_gone (version_num varchar(32))"))
        with everything(), transaction():
            row = PluginSwitch(district_id=here.id, plugin="lost", on=True, changed_at=clock.now())
            session.add(row)
        session.remove()
        database.db.engine.dispose()
    found = doctor(data_dir)
    assert found.returncode == 0
    assert "note: gone: not installed; its tables are kept" in found.stdout
    assert "warning: lost: not installed; its switches are switched on" in found.stdout
    assert "portal plugins purge gone" in found.stdout


def test_whoever_asks_for_a_deprecated_name_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch):
    gone = api.Deprecated(since="1.1", instead="go", value=lambda: api.go)
    monkeypatch.setattr(api, "DEPRECATED", {"leave": gone})
    monkeypatch.setattr(api, "ASKED", {("leave", "plugins.old.views")})
    (found,) = loading(app.extensions["portal.registry"])
    assert found.text == "plugins.old.views: uses portal.api.leave, deprecated since 1.1"
    assert "go instead" in found.command


@pytest.mark.parametrize(
    ("less", "gone"), [({"safe_mode": True}, {"bookings", "dues"}), ({"plugins_exclude": "dues"}, {"dues"})]
)
def test_a_person_s_rights_are_not_half_answered_without_a_plugin_that_has_data(
    less: dict[str, object], gone: set[str], data_dir: Path
):
    app = create_app(settings(data_dir, **less))
    with app.app_context():
        world = World(app)
        here = world.district(plugins=())
        member = world.member(world.organization(here))
        registry = app.extensions["portal.registry"]
        assert registry.left_out == gone, "only what has tables can hold something about a person"
        with pytest.raises(PluginUnavailable, match="dues"):
            registry.ask("member_export", district=world.ref(here), member=world.member_ref(member))
        # The pages of the core stand.
        browser = world.browser(world.account(member))
        assert browser.get(f"/d/{here.code}/").status_code == 200
        page = browser.get(f"/d/{here.code}/me/").get_data(as_text=True)
        assert "党费" not in page
        session.remove()
        database.db.engine.dispose()


def test_the_page_says_so_in_words(data_dir: Path):
    app = create_app(settings(data_dir, safe_mode=True))
    app.config["SHOW_ERRORS"] = True

    @app.get("/asks-everybody")
    @public
    def asks() -> str:
        raise PluginUnavailable("dues")

    answer = app.test_client().get("/asks-everybody")
    assert answer.status_code == 503 and "有一项服务没有装好" in answer.get_data(as_text=True)
