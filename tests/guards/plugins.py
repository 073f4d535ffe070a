"""What every plugin must keep to, as functions that say what is wrong with one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask

from portal.database import Model
from portal.identity import permissions
from portal.plugin import Plugin
from portal.registry import Registry
from portal.web import access

WORDS = ("slug", "name", "description", "version", "portal")


def metadata(plugin: Plugin, folder: Path) -> list[str]:
    """Return what a plugin leaves unsaid about itself."""
    found = [f"{word} is missing" for word in WORDS if not getattr(plugin, word, None)]
    if plugin.slug != folder.name:
        found.append(f"slug {plugin.slug!r} is not its folder's name {folder.name!r}")
    if not isinstance(plugin.order, int):
        found.append("order is not a number")
    readme = folder / "README.md"
    if not readme.exists() or len(readme.read_text(encoding="utf-8")) < 200:
        found.append("README.md is missing or says nothing")
    return found


def prefixes(registry: Registry, slug: str, folder: Path) -> list[str]:
    """Return the names a plugin gives that do not carry its own."""
    named = [
        *(("permission", one.name) for one in registry.of(slug, "register_permissions")),
        *(("setting", one.key) for one in registry.of(slug, "register_settings")),
        *(("job", one.name) for one in registry.of(slug, "register_jobs")),
    ]
    found = [f"{kind} {name}" for kind, name in named if not name.startswith(f"{slug}.")]
    for blueprint in registry.of(slug, "register_blueprints"):
        if blueprint.name != slug and not blueprint.name.startswith(f"{slug}_"):
            found.append(f"blueprint {blueprint.name}")
    templates = folder / "templates"
    found += [
        f"template {path.relative_to(templates)}"
        for path in sorted(templates.rglob("*.html"))
        if path.relative_to(templates).parts[0] != slug
    ]
    package = type(registry.plugins[slug]).__module__.rsplit(".", 1)[0]
    for mapper in Model.registry.mappers:
        table = str(getattr(mapper.local_table, "name", ""))
        if mapper.class_.__module__.startswith(f"{package}.") and not table.startswith(f"{slug}_"):
            found.append(f"table {table}")
    return found


def foreign_keys(slug: str) -> list[str]:
    """Return foreign keys of a plugin's tables that lead to another plugin, or not to a primary key."""
    found = []
    for table in Model.metadata.sorted_tables:
        if not table.name.startswith(f"{slug}_"):
            continue
        for key in table.foreign_keys:
            target = key.column
            if not target.primary_key:
                found.append(f"{table.name}.{key.parent.name} leads to {target}, no primary key")
    return found


def undeclared(app: Flask, slug: str) -> list[str]:
    """Return a plugin's views that declare no access, or ask for a permission nobody declared."""
    known = permissions.declared()
    found = []
    for endpoint, view in app.view_functions.items():
        if app.extensions["portal.owners"].get(endpoint.split(".")[0]) != slug or endpoint.endswith(
            ".static"
        ):
            continue
        said: Any = access.of(view)
        if said is None:
            found.append(f"{endpoint} declares no access")
        elif said.permission and said.permission not in known:
            found.append(f"{endpoint} asks for {said.permission}, which nobody declares")
    return found
