"""What an application works out for itself, once a process: statements, addresses, what is installed.

Every test has its own application and its own engine. The SQL and the addresses are the same in all of them;
to compile both anew each time took every other second of the suite. What is installed is read from some
hundred folders, twice for each application.
"""

from __future__ import annotations

import gc
import sys
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from typing import Any

from sqlalchemy import Dialect, Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from portal import registry
from portal.database import engine as engines
from portal.web.rules import LateRule

_dialects: dict[str, tuple[Dialect, LRUCache[Any, Any]]] = {}
#: What ``Rule.compile`` writes into a rule, by what it reads.
_rules: dict[tuple[Any, ...], tuple[Any, ...]] = {}
_WRITTEN = ("_parts", "_trace", "_converters", "arguments")
_READ = ("rule", "host", "subdomain", "merge_slashes", "strict_slashes", "is_leaf", "websocket")


def share() -> None:
    """Give every engine of this process the statements of the first, every rule the work of its first."""
    prepare, compile_rule = engines._prepare, Rule.compile

    def prepared(engine: Engine) -> None:
        prepare(engine)
        # SQLAlchemy's key of a statement begins with the dialect, so that is shared, too.
        dialect, statements = _dialects.get(engine.name, (None, None))
        if dialect is not None and statements is not None and dialect.server_version_info is not None:
            engine.dialect, engine._compiled_cache = dialect, statements
        else:  # the first; or the one before never met its server, and does not know it
            engine._compiled_cache = LRUCache(5000)
            _dialects[engine.name] = engine.dialect, engine._compiled_cache

    def compiled(rule: Rule) -> None:
        kinds = tuple(sorted((name, id(kind)) for name, kind in rule.map.converters.items()))
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (*(getattr(rule, name) for name in _READ), rule.map.host_matching, defaults, kinds)
        if key not in _rules:
            compile_rule(rule)
            builders: Any = (rule._build, rule._build_unknown)
            _rules[key] = (
                *(getattr(rule, name) for name in _WRITTEN),
                *(one.__func__ for one in builders),
            )
        *written, build, unknown = _rules[key]
        for name, value in zip(_WRITTEN, written, strict=True):
            setattr(rule, name, value)
        rule._build, rule._build_unknown = build.__get__(rule), unknown.__get__(rule)

    @cache
    def found(group: str, _places: tuple[str, ...]) -> EntryPoints:
        return entry_points(group=group)

    def installed(*, group: str) -> EntryPoints:
        return found(group, tuple(sys.path))

    registry.entry_points = installed  # type: ignore[assignment]  # for the tests alone
    engines._prepare = prepared
    LateRule.compile = compiled  # type: ignore[method-assign, assignment]  # for the tests alone


def pytest_collection_finish() -> None:
    """Look no more for garbage among what stays to the end: a seventh of the time of a test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
