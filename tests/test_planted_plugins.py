"""The running checks of test_every_plugin find what they are for: each is held against a planted plugin."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal.testing import World
from tests.guards import running
from tests.guards.package import portal_with
from tests.guards.town import Town

START = "/d/999911/"


@pytest.fixture
def app(data_dir: Path) -> Iterator[Flask]:
    """Return the portal with the planted plugins, and no other."""
    with portal_with("tests.planted", data_dir) as made:
        yield made


@pytest.fixture
def town(world: World, app: Flask) -> Town:
    return Town(world, app)


def test_a_planted_route_that_answers_when_off_is_found(world: World, town: Town):
    assert running.answering_when_off(world, town, "stays") == ["GET /stays/: 200"]


def test_a_planted_route_past_the_gate_is_found(
    world: World, town: Town, app: Flask, monkeypatch: pytest.MonkeyPatch
):
    """The gate is the one place that asks the switch for routes: without it, every route answers."""
    monkeypatch.setattr("portal.web.gate._owner", lambda blueprints: None)
    found = running.answering_when_off(world, town, "stays")
    assert found == [f"GET {START}stays/: 200", "GET /stays/: 200"]


def test_a_planted_card_that_is_shown_when_off_is_found(world: World, town: Town):
    assert running.shown_when_off(world, town, "stays") == [f'{START}: id="card-stays']


def test_a_planted_collect_that_asks_no_switch_is_found(
    world: World, town: Town, app: Flask, monkeypatch: pytest.MonkeyPatch
):
    """The registry is the one place that asks the switch for cards: without it, the card is still there."""
    registry = app.extensions["portal.registry"]
    collect = registry.collect

    def everywhere(hook: str, *, district: Any, **arguments: Any) -> list[Any]:
        on = dataclasses.replace(district, plugins_on=frozenset(registry.plugins))
        return collect(hook, district=on, **arguments)

    monkeypatch.setattr(registry, "collect", everywhere)
    assert running.shown_when_off(world, town, "dear") == [f'{START}: id="card-dear']


def test_a_planted_job_that_runs_when_off_is_found(
    world: World, town: Town, app: Flask, monkeypatch: pytest.MonkeyPatch
):
    assert running.run_when_off(world, town, "stays") == []
    monkeypatch.setattr(app.extensions["portal.jobs"], "switched_on", lambda district_id, slug: True)
    assert running.run_when_off(world, town, "stays") == ["stays.work: done"]


def test_a_planted_card_and_page_that_ask_once_a_row_are_found(world: World, app: Flask):
    found = running.dearer_with_more(world, app, "dear")
    assert [line.partition(":")[0].split("/d/")[0].strip() for line in found] == ["member"] * 2 + [
        "secretary"
    ] * 2
    assert [line.partition(":")[0].rstrip("/").endswith("/dear") for line in found] == [False, True] * 2
    few, many = (int(number) for number in found[0].partition(": ")[2].split(", then "))
    assert many - few == 3  # one for each member more


def test_a_plugin_without_such_a_fault_passes(world: World, town: Town, app: Flask):
    assert running.answering_when_off(world, town, "dear") == []
    assert running.shown_when_off(world, town, "dear") == []
    assert running.dearer_with_more(world, app, "stays") == []
