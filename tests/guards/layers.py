"""Who may import whom (docs/architecture.md, "Who may import whom")."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.guards.imports import Import, imports

#: From the ground up; a room imports from lower floors, and from its own floor only where said below.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"plugin", "hookspecs"}),
    frozenset(
        {
            "clock",
            "config",
            "words",
            "crypto",
            "failpoints",
            "registry",
            "tracing",
            "pace",
            "current",
            "VERSION",
            "API_VERSION",
        }
    ),
    frozenset({"database"}),
    frozenset({"audit", "notices", "jobs", "files", "workdays"}),
    frozenset({"districts"}),
    frozenset({"identity"}),
    frozenset({"organizations"}),
    frozenset({"members"}),
    frozenset({"claims", "ledger"}),
    frozenset({"payments", "sheets"}),
    frozenset({"web", "logs"}),
    frozenset({"health", "admin", "desk", "demo", "api", "wiring", "backup", "keys"}),
    frozenset({"app"}),
    frozenset({"cli"}),
    frozenset({"testing", "__main__"}),
)
#: Neighbours on one floor that know each other: helpers queue jobs, everybody on the ground has a clock.
NEIGHBOURS = {
    "audit": {"jobs"},
    "notices": {"jobs", "audit"},
    "workdays": {"audit"},
    "hookspecs": {"plugin"},
    "registry": {"API_VERSION", "tracing", "pace"},
    "pace": {"clock"},
    "current": {"registry"},
    "crypto": {"clock"},
    "config": {"crypto"},
    "api": {"wiring"},
    # Long lists and handed-out sheets are the same everywhere.
    "admin": {"desk", "health"},
    "backup": {"health", "keys"},
}
#: Pages, and what several views of a room share (``views_…``), stand on the web's helpers whatever room they
#: are in. There is no list of exceptions: a file that answers requests says so by its name.
PAGES = re.compile(r"^(views(_\w+)?|\w+_views)$")
#: Within a room: models <- service, queries <- forms <- views.
STEPS = {"models": 0, "service": 1, "queries": 1, "forms": 2, "views": 3}

_FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def problems(root: Path) -> list[str]:
    """Return every import and name that breaks the plan of the house in the tree at ``root``."""
    slugs = sorted(p.parent.name for p in (root / "plugins").glob("*/__init__.py"))
    found = [problem for one in imports(root, "portal") for problem in _core(one)]
    found += [problem for one in imports(root, "plugins") for problem in _plugin(one)]
    for path in sorted((root / "portal").rglob("*.py")):
        found += _names_a_plugin(root, path, slugs)
    return found


def _core(one: Import) -> list[str]:
    first = one.target.split(".")[0]
    if first in {"plugins", "paysim", "tests", "bench"}:
        return [f"{one}: the core knows nothing of {first}"]
    if first != "portal" or one.typing or len(one.path.parts) < 2:
        return []
    room, other = _room(one.path), one.target.split(".")[1] if "." in one.target else ""
    if other == room:
        return _inside(one, room)
    return _between(one, room, other)


def _between(one: Import, room: str, other: str) -> list[str]:
    if room == "__init__":
        return [f"{one}: the package itself imports nothing"]
    if room not in _FLOOR:
        return [f"{one.path}: portal.{room} has no floor; add it to the plan"]
    if other not in _FLOOR:
        return [f"{one}: portal.{other} has no floor; add it to the plan"]
    is_page = PAGES.match(one.path.stem) is not None
    floor = max(_FLOOR[room], _FLOOR["web"] + 0.5) if is_page else _FLOOR[room]
    if _FLOOR[other] < floor or other in NEIGHBOURS.get(room, set()):
        return []
    return [f"{one}: {room} stands below {other}, or beside it"]


def _inside(one: Import, room: str) -> list[str]:
    if len(one.path.parts) < 3:
        return []
    step = _step(one.path.stem)
    parts = one.target.split(".")
    wanted = _step(parts[2]) if len(parts) > 2 else None
    if step is not None and wanted is not None and wanted > step:
        return [f"{one}: {one.path.stem} stands below {parts[2]} in {room}"]
    return []


def _step(name: str) -> int | None:
    for word, number in STEPS.items():
        if name == word or name.startswith(f"{word}_") or name.endswith(f"_{word}"):
            return number
    return None


def _room(path: Path) -> str:
    return path.stem if len(path.parts) == 2 else path.parts[1]


def _plugin(one: Import) -> list[str]:
    parts = one.target.split(".")
    own = one.path.parts[1] if len(one.path.parts) > 2 else ""
    in_tests = "tests" in one.path.parts
    if parts[0] == "plugins":
        return [] if len(parts) > 1 and parts[1] == own else [f"{one}: a plugin knows no other plugin"]
    if parts[0] == "paysim" and not in_tests:
        return [f"{one}: the simulator is for tests"]
    if parts[0] != "portal" or one.typing and parts[1:2] == ["api"]:
        return []
    allowed = {"api", "testing"} if in_tests else {"api"}
    if len(parts) > 1 and parts[1] in allowed:
        return []
    return [f"{one}: a plugin imports portal.api and nothing else of the portal"]


def _names_a_plugin(root: Path, path: Path, slugs: list[str]) -> list[str]:
    """Find a plugin's slug as a name, an attribute or in a string that is not a docstring."""
    if not slugs:
        return []
    pattern = re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, slugs)) + r")(?![\w-])")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = []
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            text = node.value
        elif isinstance(node, ast.Name):
            text = node.id
        elif isinstance(node, ast.Attribute):
            text = node.attr
        named = pattern.search(text)
        if named:
            found.append(f"{path.relative_to(root)}:{node.lineno} names the plugin {named[1]!r}")
    return found
