"""The checks of test_every_plugin find what they are for: each is shown a plugin with that fault."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask
from sqlalchemy import Column, ForeignKey, Integer, String, Table

from portal.api import Job, Model, Permission, Plugin, Setting, hookimpl, requires
from portal.registry import Registry
from tests.guards import plugins as guard


class Faulty(Plugin):
    """Carries other names everywhere."""

    slug, name, description, version = "faulty", "坏", "", "1.0"

    @hookimpl
    def register_permissions(self) -> Iterable[Permission]:
        return [Permission(name="core.all", label="全部")]

    @hookimpl
    def register_settings(self) -> Iterable[Setting]:
        return [Setting(key="merchant", label="商户")]

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        return [Job(name="night", run=lambda payload: None)]

    @hookimpl
    def register_blueprints(self) -> Iterable[Any]:
        return [Blueprint("shop", __name__)]


@pytest.fixture
def faulty() -> Registry:
    registry = Registry()
    registry.plugins["faulty"] = Faulty()
    registry._manager.register(registry.plugins["faulty"], name="faulty")
    return registry


def test_missing_words_and_readme_are_found(tmp_path: Path):
    found = guard.metadata(Faulty(), tmp_path)
    assert any("description" in line for line in found)
    assert any("folder's name" in line for line in found)
    assert any("README" in line for line in found)


def test_names_without_prefix_are_found(faulty: Registry, tmp_path: Path):
    (tmp_path / "templates" / "shop").mkdir(parents=True)
    (tmp_path / "templates" / "shop" / "page.html").write_text("x")
    assert guard.prefixes(faulty, "faulty", tmp_path) == [
        "permission core.all",
        "setting merchant",
        "job night",
        "blueprint shop",
        "template shop/page.html",
    ]


def test_a_foreign_key_to_something_else_is_found():
    table = Table(
        "faulty_row",
        Model.metadata,
        Column("id", Integer, primary_key=True),
        Column("code", String, ForeignKey("district.code")),
    )
    try:
        assert guard.foreign_keys("faulty") == ["faulty_row.code leads to district.code, no primary key"]
    finally:
        Model.metadata.remove(table)


def test_views_without_access_are_found(app: Flask):
    @requires("faulty.nothing")
    def asks_for_nothing() -> str:
        return ""

    app.extensions["portal.owners"]["faulty"] = "faulty"
    app.view_functions["faulty.open"] = lambda: ""
    app.view_functions["faulty.ask"] = asks_for_nothing
    assert guard.undeclared(app, "faulty") == [
        "faulty.open declares no access",
        "faulty.ask asks for faulty.nothing, which nobody declares",
    ]
