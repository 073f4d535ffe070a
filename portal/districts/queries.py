"""Reads of the district tree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Select, Text, bindparam, cast, literal, select, table, union_all
from sqlalchemy.sql import column

from portal.database import everything, session
from portal.districts.models import District, PluginSwitch, SettingValue
from portal.districts.switch import Row, plugins_on
from portal.plugin import DistrictRef

# identity owns this table; districts reads two columns of it in the one query of the gate.
_ROLE_PERMISSION = table(
    "role_permission", column("district_id"), column("role"), column("permission"), column("allowed")
)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a district and those above it decided; ``overrides`` are {(role, permission): allowed}."""

    plugins_on: frozenset[str]
    overrides: Mapping[tuple[str, str], bool]
    #: Own values of settings along the path: {(district id, key): value}.
    settings: Mapping[tuple[int, str], Any]


def by_code(code: str) -> District | None:
    """Return the district with this code."""
    return session.execute(_by_code(), {"code": code}).scalar_one_or_none()


@cache
def _by_code() -> Select[District]:
    return select(District).where(District.code == bindparam("code"))


def place(code: str) -> Any:
    """Return the row of the district with this code, or None: plain columns, for the gate."""
    return session.execute(_place(), {"code": code}).first()


@cache
def _place() -> Select[Any]:
    table = District.__table__
    return select(table).where(table.c.code == bindparam("code"))


def ids_of(path: str) -> list[int]:
    """Return the ids along a district's path, the root's first and its own last."""
    return [int(part) for part in path.split("/") if part]


@cache
def _decisions() -> CompoundSelect[Any]:
    """Build the query once; a request hands it the path of its district."""
    path: Any = bindparam("path", expanding=True)
    here: Any = bindparam("here")
    switches = select(
        literal("switch"),
        PluginSwitch.__table__.c.district_id,
        PluginSwitch.__table__.c.plugin,
        literal(""),
        PluginSwitch.__table__.c.on,
        PluginSwitch.__table__.c.locked,
        literal(""),
    ).where(PluginSwitch.__table__.c.district_id.in_(path))
    overrides = select(
        literal("permission"),
        _ROLE_PERMISSION.c.district_id,
        _ROLE_PERMISSION.c.role,
        _ROLE_PERMISSION.c.permission,
        _ROLE_PERMISSION.c.allowed,
        literal(False),
        literal(""),
    ).where(_ROLE_PERMISSION.c.district_id == here)
    values = select(
        literal("setting"),
        SettingValue.__table__.c.district_id,
        SettingValue.__table__.c.key,
        literal(""),
        literal(False),
        literal(False),
        cast(SettingValue.__table__.c.value, Text),
    ).where(SettingValue.__table__.c.district_id.in_(path))
    return union_all(switches, overrides, values)


def decisions(path: list[int], defaults: Mapping[str, bool]) -> Decisions:
    """Read switches and permission overrides along ``path`` (district ids, root first) in one query."""
    rows, allowed, settings = [], {}, {}
    with everything():  # those above are outside of the scope
        found = session.execute(_decisions(), {"path": path, "here": path[-1]}).all()
    for kind, place, first, second, flag, locked, text in found:
        if kind == "switch":
            rows.append(Row(place, first, bool(flag), bool(locked)))
        elif kind == "permission":
            allowed[first, second] = bool(flag)
        else:
            settings[place, first] = json.loads(text)
    return Decisions(plugins_on(defaults, path, rows), allowed, settings)


def switches(plugin: str) -> dict[tuple[int, str], Row]:
    """Return every district's own switch of a plugin."""
    own = PluginSwitch.__table__.c
    with everything():
        found = session.execute(
            select(own.district_id, own.plugin, own.on, own.locked).where(own.plugin == plugin)
        ).all()
    return {(row.district_id, row.plugin): Row(*row) for row in found}


def reference(district: Any, on: frozenset[str]) -> DistrictRef:
    """Return the frozen view of a district (a row or a record of it) that hooks and templates get."""
    return DistrictRef(
        id=district.id,
        code=district.code,
        name=district.name,
        kind=district.kind,
        path=district.path,
        plugins_on=on,
        source_note=district.source_note,
        is_demo=district.is_demo,
    )
