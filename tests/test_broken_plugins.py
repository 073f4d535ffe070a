"""A plugin that raises on import, in a hook or in a job: the portal goes on and says so (security.md 18)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal import jobs
from portal.app import create_app
from portal.database import session, transaction
from portal.registry import PluginUnavailable, Registry
from portal.testing import World, settings
from tests.guards.package import portal_with

BROKEN = {"at_import", "no_access", "wrong_api", "wrong_hook", "wrong_permission", "wrong_slug"}


@pytest.fixture
def app(data_dir: Path) -> Iterator[Flask]:
    """Return the portal with every faulty plugin there is."""
    with portal_with("tests.broken", data_dir) as made:
        yield made


@pytest.fixture
def registry(app: Flask) -> Registry:
    found: Registry = app.extensions["portal.registry"]
    return found


def test_the_portal_starts_without_the_broken_ones_and_knows_why(registry: Registry):
    assert set(registry.broken) == BROKEN
    assert set(registry.plugins) == {"good", "in_hook", "in_job", "slow"}
    assert registry.broken["at_import"].error == "ImportError: a library is missing"
    assert "nav_itmes" in registry.broken["wrong_hook"].error
    said = registry.broken["wrong_api"].error
    assert "wants portal API >=2,<3, this is 1." in said and "install another version" in said
    assert all(broken.detail for broken in registry.broken.values())


def test_a_raising_hook_costs_its_own_place_and_no_other(world: World, caplog: pytest.LogCaptureFixture):
    here = world.district(plugins=("good", "in_hook"))
    browser = world.browser(world.account(world.member(world.organization(here))))
    with caplog.at_level(logging.ERROR, logger="portal.registry"):
        page = browser.get(f"/d/{here.code}/").get_data(as_text=True)
    assert "好卡片" in page and "好插件" in page
    assert "半张卡片" not in page
    said = caplog.text
    assert "nav_items" in said and "home_cards" in said and "in_hook" in said and here.code in said


def test_a_raising_job_is_kept_as_a_dead_letter_and_others_run(world: World, app: Flask):
    here = world.district(plugins=("in_job",))
    app.extensions["portal.jobs"].backoff = ()
    with world.writing(here), transaction():
        jobs.enqueue("in_job.fail", {}, district_id=here.id)
    session.remove()
    assert jobs.run_due() == 1
    (dead,) = jobs.dead()
    assert dead.name == "in_job.fail" and "RuntimeError" in dead.last_error
    assert world.browser().get("/readyz").status_code == 200


def test_a_view_without_access_is_not_served(world: World, app: Flask):
    here = world.district(plugins=("no_access", "good"))
    everybody = world.browser(world.account(world.member(world.organization(here)), role=""))
    assert everybody.get(f"/d/{here.code}/no_access/").status_code == 404
    assert everybody.get(f"/d/{here.code}/good/").get_data(as_text=True) == "good works"


def test_no_question_about_a_persons_rights_is_answered_without_a_plugin(world: World, registry: Registry):
    here = world.district()
    member = world.member(world.organization(here))
    with pytest.raises(PluginUnavailable, match="at_import"):
        registry.ask("member_export", district=world.ref(here), member=world.member_ref(member))


def test_safe_mode_starts_with_no_plugin_at_all(data_dir: Path):
    app = create_app(settings(data_dir, safe_mode=True))
    assert app.extensions["portal.registry"].plugins == {}
    assert app.test_client().get("/healthz").status_code == 200


def test_development_raises_at_once(data_dir: Path, monkeypatch: pytest.MonkeyPatch):
    registry = Registry(strict=True)
    with pytest.raises(ImportError, match="a library is missing"):
        registry.load(package="tests.broken")
