"""What every plugin gets tested for without writing a test: one run for each plugin found."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from plugins import __path__ as PLUGIN_PATH
from portal import database, jobs
from portal.app import create_app
from portal.config import ROOT
from portal.database import everything, history, session, transaction
from portal.districts import service
from portal.identity import permissions
from portal.registry import Registry
from portal.testing import World, settings
from tests.guards import plugins as guard
from tests.guards import running
from tests.guards.running import its_rules, switch
from tests.guards.town import Town, changed, state

FOLDERS = {
    path.parent.name: path.parent for path in sorted(Path(next(iter(PLUGIN_PATH))).glob("*/__init__.py"))
}

pytestmark = pytest.mark.parametrize("slug", list(FOLDERS))


@pytest.fixture
def registry(app: Flask) -> Registry:
    found: Registry = app.extensions["portal.registry"]
    return found


@pytest.fixture
def town(world: World, app: Flask) -> Iterator[Town]:
    yield Town(world, app)


# --- what it says of itself -----------------------------------------------------------------------


def test_it_is_loaded(slug: str, registry: Registry):
    assert slug in registry.plugins and slug not in registry.broken


def test_its_metadata_is_complete(slug: str, registry: Registry):
    assert guard.metadata(registry.plugins[slug], FOLDERS[slug]) == []


def test_every_name_carries_its_prefix(slug: str, registry: Registry):
    assert guard.prefixes(registry, slug, FOLDERS[slug]) == []


def test_its_foreign_keys_lead_to_primary_keys(slug: str, app: Flask):
    assert guard.foreign_keys(slug) == []


def test_every_view_says_who_may_call_it(slug: str, app: Flask):
    assert guard.undeclared(app, slug) == []


def test_its_files_are_small_enough_to_hold_in_a_head(slug: str):
    sizes = {
        path: len(path.read_text(encoding="utf-8").splitlines())
        for path in FOLDERS[slug].rglob("*.py")
        if not {"migrations", "tests"} & set(path.parts)
    }
    # A file that grows past three hundred lines has two subjects; a few lines over are no reason to split.
    assert {str(path): size for path, size in sizes.items() if size > 320} == {}


def test_every_public_function_has_a_docstring(slug: str):
    silent = []
    for path in FOLDERS[slug].rglob("*.py"):
        if {"tests", "migrations"} & set(path.parts):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                if ast.get_docstring(node) is None:
                    silent.append(f"{path.name}:{node.lineno} {node.name}")
    assert silent == []


def test_the_switch_decides_its_default(slug: str, registry: Registry):
    assert isinstance(registry.plugins[slug].on_by_default, bool)


# --- switched off ---------------------------------------------------------------------------------


def test_off_means_404_on_every_route(slug: str, world: World, town: Town):
    assert running.answering_when_off(world, town, slug) == []


def test_off_means_no_place_card_todo_or_panel(slug: str, world: World, town: Town):
    assert running.shown_when_off(world, town, slug) == []


def test_off_means_no_permission(slug: str, world: World, town: Town, app: Flask):
    switch(world, town.left.district, slug, on=False)
    here = world.ref(town.left.district)
    for name in permissions.declared():
        if name.startswith(f"{slug}."):
            assert permissions.roles_allowed(name, plugins_on=here.plugins_on, overrides={}) == frozenset()


def test_off_means_its_jobs_wait(slug: str, world: World, town: Town):
    assert running.run_when_off(world, town, slug) == []
    assert jobs.overview().dead == 0


def test_switching_off_and_on_again_loses_nothing(slug: str, world: World, town: Town, app: Flask):
    before = state(app)
    switch(world, town.left.district, slug, on=False)
    switch(world, town.left.district, slug, on=True)
    assert changed(before, state(app)) == ["plugin_switch"]


# --- pages ----------------------------------------------------------------------------------------


def test_display_hooks_survive_an_empty_district(slug: str, world: World, registry: Registry):
    here = world.district(plugins=(slug,))
    branch = world.organization(here)
    for account in (world.account(), world.account(role="district_admin", district=here)):
        assert world.browser(account).get(f"/d/{here.code}/").status_code == 200
    assert world.browser(world.account(world.member(branch))).get(f"/d/{here.code}/").status_code == 200
    reference = world.ref(here)
    with world.writing(here):
        for hook in ("switch_off_warnings", "payment_providers", "notice_channels"):
            for name, call in registry.implementers(hook):
                if name == slug:
                    list(call(district=reference) or ())


def test_each_page_renders_whole_as_a_fragment_and_after_a_history_restore(slug: str, town: Town):
    browser = town.browser(town.left, "all")
    for rule in its_rules(town, slug, "GET"):
        path = town.path(rule, town.left)
        whole = browser.get(path)
        assert whole.status_code in {200, 303, 404, 422}, f"{path}: {whole.status_code}"
        if whole.status_code != 200 or whole.mimetype != "text/html":
            continue
        fragment = browser.get(path, headers={"HX-Request": "true"})
        assert fragment.status_code == 200, path
        assert "HX-Request" in fragment.headers["Vary"], path
        restored = browser.get(path, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
        has_frame = "<!doctype" in whole.get_data(as_text=True)[:20].lower()
        assert ("<!doctype" in restored.get_data(as_text=True)[:20].lower()) == has_frame, path


def test_an_empty_form_is_refused_in_words(slug: str, town: Town):
    browser = town.browser(town.left, "all")
    for rule in its_rules(town, slug, "POST"):
        path = town.path(rule, town.left)
        answer = browser.post(path)
        # Nothing to send (withdraw, read): 303 back; something to send: 400, 409 or 422, never a 500.
        # An export is a POST because it is written into the trail; it sends a file.
        if "attachment" not in answer.headers.get("Content-Disposition", ""):
            assert answer.status_code in {303, 400, 404, 405, 409, 422}, f"{path}: {answer.status_code}"


def test_no_page_costs_more_queries_for_more_members(slug: str, world: World, app: Flask):
    assert running.dearer_with_more(world, app, slug) == []


# --- its schema, and life without it --------------------------------------------------------------


def test_its_schema_goes_up_down_and_up_again(slug: str, tmp_path: Path):
    app = create_app(settings(tmp_path / "schema"))
    with app.app_context():
        packages = {name: folder for name, folder in FOLDERS.items()}
        if slug not in history.folders(packages):
            if any(table.startswith(f"{slug}_") for table in database.Model.metadata.tables):
                pytest.skip("its first revision is not written yet")
            return
        history.upgrade(packages)
        tables = own_tables(slug)
        assert tables
        history.downgrade(packages, slug=slug, revision="base")
        assert own_tables(slug) == set()
        history.upgrade(packages)
        assert own_tables(slug) == tables
        assert history.pending(packages) == {}
        session.remove()
        database.db.engine.dispose()


def own_tables(slug: str) -> set[str]:
    from sqlalchemy import inspect

    return {name for name in inspect(database.db.engine).get_table_names() if name.startswith(f"{slug}_")}


def test_the_portal_starts_without_it(slug: str, data_dir: Path):
    app = create_app(settings(data_dir, plugins_exclude=slug))
    with app.app_context(), everything(), transaction():
        here = service.create(code="999933", name="试验区", kind="county")
        code = here.code
    client = app.test_client()
    assert slug not in app.extensions["portal.registry"].plugins
    assert client.get("/").status_code == 200
    assert client.get(f"/d/{code}/").status_code == 200
    assert client.get(f"/d/{code}/{slug}/").status_code == 404
    with app.app_context():
        session.remove()
        database.db.engine.dispose()


@pytest.mark.long
@pytest.mark.hard
def test_the_other_suites_pass_with_its_folder_removed(slug: str, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT,
        copy,
        ignore=shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", "test-results"),
    )
    shutil.rmtree(copy / "plugins" / slug)
    # Of the guards what is about plugins; whole suites of the core, as a person's rights reach every plugin.
    guards = ["test_layers.py", "test_every_plugin.py", "web/test_gate.py", "jobs"]
    whole = ["members/test_rights.py", "members/test_acts.py", "ledger/test_posting.py"]
    chosen = "layers or gate or queue or loaded or prefix or empty or renders"
    names = " or ".join(Path(suite).stem for suite in whole)
    passes(
        copy, *(f"tests/{suite}" for suite in guards + whole), "-k", f"not planted and ({chosen} or {names})"
    )


def passes(copy: Path, *words: str) -> None:
    """Run tests in a copy of the house; they pass, and there are some."""
    quick = ["-q", "-x", "-p", "no:cacheprovider", "-m", "not hard and not browser"]
    found = subprocess.run(
        [sys.executable, "-m", "pytest", *quick, *words],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert found.returncode == 0, found.stdout[-3000:]


def test_the_run_without_its_folder_is_made_for_every_plugin(slug: str):
    """Whoever adds a plugin adds nothing here: folders are found, and none is left out."""
    assert FOLDERS[slug].parent == ROOT / "plugins" and (FOLDERS[slug] / "plugin.py").exists()
    assert set(FOLDERS) == {path.parent.name for path in (ROOT / "plugins").glob("*/plugin.py")}
