"""Which slugs a new plugin may carry: names are prefixes of tables, so two that overlap would share them."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Collection
from pathlib import Path

from portal.registry import SLUG, overlapping

CORE = Path(__file__).resolve().parents[1]


def objection(slug: str, *, taken: Collection[str]) -> str:
    """Return why ``slug`` cannot name a new plugin, in words; "" when it can.

    ``taken`` are the slugs there are, loaded or not.
    """
    if not SLUG.match(slug) or slug.endswith("_") or "__" in slug:
        return "a slug is 2 to 31 small letters, digits and single underscores, and begins with a letter"
    if keyword.iskeyword(slug):
        return f"{slug!r} is a word of Python"
    if slug in taken:
        return f"there is a plugin {slug!r} already"
    shared = overlapping(slug, taken)
    if shared:
        return f"{slug!r} and the plugin {shared!r} would share the prefix of their tables; choose another"
    tables = core_tables(slug)
    if tables:
        return f"the core has a table {tables[0]!r}, which would read as this plugin's; choose another"
    where = named_by_the_core(slug)
    if where:
        return f"the core uses this word itself ({where}), and it names no plugin; choose another"
    return ""


def core_tables(slug: str) -> list[str]:
    """Return the tables of the core that carry ``slug`` as their prefix, or as their name."""
    # Importing the application makes every table of the core known.
    import portal.app  # noqa: F401  for its tables
    from portal.database import Model

    names = {
        str(getattr(mapper.local_table, "name", ""))
        for mapper in Model.registry.mappers
        if mapper.class_.__module__.startswith("portal.")
    }
    return sorted(name for name in names if name == slug or name.startswith(f"{slug}_"))


def named_by_the_core(slug: str) -> str:
    """Return the first place where the core says this word in code (``desk/views.py:12``), or ""."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(slug)}(?![\w-])")
    for path in sorted(CORE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not pattern.search(text):
            continue
        tree = ast.parse(text)
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            said = _said(node)
            if said and id(node) not in prose and pattern.search(said):
                return f"{path.relative_to(CORE.parent).as_posix()}:{getattr(node, 'lineno', 0)}"
    return ""


def _said(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
