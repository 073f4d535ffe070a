"""Which hook asked which plugin: told to deployers, in names and numbers only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from portal import tracing
from portal.cli.group import portal
from portal.testing import World
from tests.guards.package import portal_with


@pytest.fixture
def broken(data_dir: Path) -> Iterator[Flask]:
    """Return the portal with a plugin that works and others that fail in their hooks."""
    with portal_with("tests.broken", data_dir) as made:
        yield made


@pytest.fixture
def told(data_dir: Path) -> Iterator[Flask]:
    with portal_with("plugins", data_dir, trace_hooks=True) as made:
        yield made


def trace(app: Flask, *words: str) -> Result:
    obj = ScriptInfo(create_app=lambda: app)
    return CliRunner().invoke(portal, ["plugins", "trace", *words], obj=obj)


def test_calls_sizes_and_failures_are_noted(broken: Flask):
    world = World(broken)
    here = world.ref(world.district(plugins=("good", "in_hook")))
    registry = broken.extensions["portal.registry"]
    with broken.test_request_context(), tracing.traced() as calls:
        registry.collect("home_cards", district=here, actor=None)
    assert {(call.slug, call.hook) for call in calls} == {("good", "home_cards"), ("in_hook", "home_cards")}
    by_slug = {call.slug: call for call in calls}
    assert by_slug["good"].size == 1 and not by_slug["good"].error and by_slug["good"].seconds > 0
    assert by_slug["in_hook"].error == "RuntimeError"
    with broken.test_request_context():
        registry.collect("home_cards", district=here, actor=None)
    assert len(calls) == 2, "nobody asked to know any more"


def test_the_command_names_plugins_and_errors_and_nobody(broken: Flask):
    world = World(broken)
    here = world.district(plugins=("good", "in_hook"))
    member = world.member(world.organization(here), name="赵秘密")
    done = trace(broken, "--district", here.code)
    assert done.exit_code == 1 and "calls failed" in done.output
    assert any(line.split()[:2] == ["home_cards", "good"] for line in done.output.splitlines())
    assert "RuntimeError" in done.output
    assert "赵秘密" not in done.output and member.uid not in done.output


@pytest.mark.parametrize("role", ["member", "secretary", "treasurer", "district_admin", "resident"])
def test_the_command_asks_as_a_role_and_changes_nothing(app: Flask, world: World, role: str):
    here = world.district(plugins=("dues",))
    world.member(world.organization(here))
    done = trace(app, "--district", here.code, "--as", role)
    assert done.exit_code == 0, done.output
    calls = {tuple(line.split()[:2]): line.split()[3] for line in done.output.splitlines()[1:]}
    assert (calls["nav_items", "dues"] == "0") is (role == "resident")
    assert trace(app, "--district", "999999").exit_code == 2
    assert trace(app, "--district", here.code, "--as", "king").exit_code == 2


def test_the_header_is_for_deployers_alone(told: Flask):
    world = World(told)
    here = world.district(plugins=("dues",))
    branch = world.organization(here)
    for role, heard in (("deployer", True), ("district_admin", False), ("", False)):
        account = world.account(world.member(branch), role=role, district=here if role else None)
        answer = world.browser(account).get(f"/d/{here.code}/")
        assert ("dues.nav_items;dur=" in answer.headers.get("Server-Timing", "")) is heard, role
    assert "Server-Timing" not in world.browser().get(f"/d/{here.code}/").headers


def test_nobody_is_told_where_it_is_not_set(app: Flask, world: World):
    here = world.district(plugins=("dues",))
    account = world.account(world.member(world.organization(here)), role="deployer", district=here)
    assert "Server-Timing" not in world.browser(account).get(f"/d/{here.code}/").headers
