"""Write docs/api.md from ``portal.api`` itself: every name, its signature, what it says of itself."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

from portal import API_VERSION, api
from portal.database import Model

HEAD = f"""# The API: every name a plugin may import from `portal.api`

Version {API_VERSION}. Written from the code by `portal docs api --write`; `tests/test_docs.py` compares.
What a version promises stands in [plugins.md](plugins.md), "What you can rely on". Money is integer fen;
instants are aware and in UTC; civil days and months (`YYYY-MM`) are those of Asia/Shanghai. Tests import
`portal.testing` too: the last section.
"""
TESTS = """## For tests: `portal.testing`

A pytest plugin (`pytest_plugins = ["portal.testing"]` in a project of its own). Fixtures are asked for by
name; all else is imported from `portal.testing`, the names of `crowd` from `portal.testing.crowd`.
"""
#: What differs from run to run, or says in many words where a type comes from.
_NOISE = (
    (re.compile(r" at 0x[0-9a-f]+"), ""),
    (re.compile(r"ForwardRef\('([^']*)'\)"), r"\1"),
    (re.compile(r"<class '([\w.]+)'>"), r"\1"),
    (re.compile(r"\b(?:collections\.abc|typing|decimal|datetime|portal(?:\.\w+)+)\.(?=[A-Za-z])"), ""),
)
#: Wiring of the application: public inside the core, no business of a plugin.
_NOT_OURS = {"configure", "record_on"}


def text() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for title, names in _groups().items():
        parts += [f"## {title}\n", *(_entry(name) for name in names)]
    parts += [TESTS, *_lines(_testing())]
    return "\n".join(parts).rstrip() + "\n"


def _groups() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {
        "Functions and decorators": [],
        "Classes": [],
        "Tables of the core": [],
        "Errors": [],
        "Modules": [],
        "Values and types": [],
    }
    for name in sorted(api.__all__, key=str.lower):
        found[_group(getattr(api, name))].append(name)
    return found


def _group(thing: Any) -> str:
    if isinstance(thing, ModuleType):
        return "Modules"
    if inspect.isclass(thing):
        if issubclass(thing, Exception):
            return "Errors"
        return "Tables of the core" if issubclass(thing, Model) and thing is not Model else "Classes"
    return "Functions and decorators" if inspect.isroutine(thing) else "Values and types"


def _entry(name: str) -> str:
    thing = getattr(api, name)
    notes = [f"Since {api.SINCE.get(name, '1.0')}."]
    if name in api.DEPRECATED:
        gone = api.DEPRECATED[name]
        notes.append(f"**Deprecated** since {gone.since}: use `{gone.instead}`.")
    lines = [f"### `{name}`\n", f"```text\n{_shape(name, thing)}\n```\n"]
    lines.append(" ".join([_said(name, thing), *notes]) + "\n")
    inside = _lines(_inside(thing)) if isinstance(thing, ModuleType) else _lines(_methods(thing))
    return "\n".join([*lines, *inside, ""] if inside else lines)


def _lines(things: Iterable[tuple[str, Any]]) -> list[str]:
    found = []
    for name, thing in things:
        found.append(f"- `{_shape(name, thing)}` {_said(name, thing)}".rstrip())
        found += [f"  {line}" for line in _lines(_methods(thing))]
    return found


def _methods(thing: Any) -> list[tuple[str, Any]]:
    """Return what a class of ours can be asked; tables, errors and test classes speak for themselves."""
    if not inspect.isclass(thing) or issubclass(thing, Exception | enum.Enum | Model) or _is_library(thing):
        return []
    found = [
        (name, value) for kind in thing.__mro__ if not _is_library(kind) for name, value in vars(kind).items()
    ]
    return [
        (name, getattr(value, "__func__", value))
        for name, value in sorted(dict(reversed(found)).items())
        if not name.startswith(("_", "test_", "pytest_")) and _is_told(thing, value)
    ]


def _is_told(kind: Any, value: Any) -> bool:
    if not inspect.isroutine(value) and not isinstance(value, property):
        return False
    # What a Protocol asks for counts without a word; elsewhere what has none is the wiring of a library.
    return bool(value.__doc__) or getattr(kind, "_is_protocol", False)


def _is_library(kind: type) -> bool:
    return not kind.__module__.startswith("portal.")


def _testing() -> list[tuple[str, Any]]:
    """Return what tests are written with; what pytest itself calls is no business of theirs."""
    # By name: this reads what stands there and needs none of it, and an installation has no pytest.
    testing, crowd = import_module("portal.testing"), import_module("portal.testing.crowd")
    names = [name for name in testing.__all__ if not name.startswith(("_", "pytest_"))]
    found = [(name, getattr(testing, name)) for name in sorted(names, key=str.lower)]
    return found + [(f"crowd.{name}", getattr(crowd, name)) for name in ("crash", "crowd", "inside")]


def _shape(name: str, thing: Any) -> str:
    if isinstance(thing, ModuleType):
        return f"from portal.api import {name}"
    if inspect.isclass(thing) and issubclass(thing, enum.Enum):
        return f"class {name}: {', '.join(one.name for one in thing)}"
    if inspect.isclass(thing) and issubclass(thing, Model) and thing is not Model:
        return f"class {name}: {', '.join(column.key for column in thing.__table__.columns)}"
    return _signature(name, thing)


def _signature(name: str, thing: Any) -> str:
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return f"class {name}"
    if isinstance(thing, property):
        return f"{name}: {_Bare.of(getattr(thing.fget, '__annotations__', {}).get('return', ''))}"
    if not callable(thing) or _is_alias(thing):
        return f"{name} = {_value(thing)}"
    try:
        asked = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    told = [one for one in asked.parameters.values() if one.name not in {"self", "cls"}]
    bare = [one.replace(annotation=_Bare.of(one.annotation)) for one in told]
    found = str(asked.replace(parameters=bare, return_annotation=_Bare.of(asked.return_annotation)))
    for noise, instead in _NOISE:
        found = noise.sub(instead, found)
    if inspect.isclass(thing):
        found = found.removesuffix(" -> None")
        found = "" if found in {"()", "(*args, **kwargs)", "(*args: Any, **kwargs: Any)"} else found
        return f"class {name}{found}"
    return f"{name}{found}"


class _Bare:
    """An annotation as it is written, without the quotes of one that is evaluated later."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words

    @classmethod
    def of(cls, annotation: Any) -> Any:
        return cls(annotation) if isinstance(annotation, str) else annotation


def _is_alias(thing: Any) -> bool:
    return not inspect.isclass(thing) and not inspect.isroutine(thing)


def _value(thing: Any) -> str:
    if isinstance(thing, dict):
        return f"{{{', '.join(map(repr, thing))}}} and what each is"
    if isinstance(thing, str | int | tuple | frozenset | set):
        return repr(sorted(thing) if isinstance(thing, frozenset | set) else thing)
    return _NAMED.get(id(thing), "") or type(thing).__name__


#: What a value is, where its own words are the library's.
_NAMED = {
    id(api.session): "the session of this request or job",
    id(api.Json): "JSON, JSONB on PostgreSQL",
    id(api.clock.SHANGHAI): "the zone Asia/Shanghai",
}
_SAID = {
    "Json": "The column type of plain data.",
    "session": "SQLAlchemy's session, kept to the district at hand.",
    "hookimpl": "Mark a method as this plugin's answer to a hook.",
    "BRANCH_KINDS": "The kinds of organization that members belong to.",
    "Outcome": "What a call to a payment channel came to: `Ok`, `Rejected` or `Unknown`.",
}


def _said(name: str, thing: Any) -> str:
    if name in _SAID:
        return _SAID[name]
    if not isinstance(thing, ModuleType) and not isinstance(thing, property) and _is_alias(thing):
        return ""  # a value: its type's words say nothing of it
    own = thing.__dict__.get("__doc__") if inspect.isclass(thing) else thing.__doc__
    words = " ".join(inspect.cleandoc(own or "").split(">>>")[0].split())
    # A dataclass without words gets its own signature for a docstring.
    return "" if words.startswith(f"{name}(") else words.replace("``", "`")


def _inside(module: ModuleType) -> list[tuple[str, Any]]:
    names = getattr(module, "__all__", None) or [
        name for name, value in vars(module).items() if not name.startswith("_") and _is_of(value, module)
    ]
    found = []
    for name in sorted(names, key=str.lower):
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            found += [(f"{name}.{one}", thing) for one, thing in _inside(value)]
        elif name not in _NOT_OURS and getattr(value, "__module__", "") != "typing":
            found.append((name, value))
    return found


def _is_of(value: Any, module: ModuleType) -> bool:
    if isinstance(value, ModuleType):
        return value.__name__.startswith(f"{module.__name__}.")
    own = getattr(value, "__module__", "") == module.__name__
    return own and (inspect.isroutine(value) or inspect.isclass(value))
