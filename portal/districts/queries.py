"""Reads of the district tree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, cast, literal, select, table, union_all
from sqlalchemy.sql import column

from portal.database import session
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
    return session.execute(select(District).where(District.code == code)).scalar_one_or_none()


def decisions(path: list[int], defaults: Mapping[str, bool]) -> Decisions:
    """Read switches and permission overrides along ``path`` (district ids, root first) in one query."""
    switches = select(
        literal("switch"),
        PluginSwitch.district_id,
        PluginSwitch.plugin,
        literal(""),
        PluginSwitch.on,
        PluginSwitch.locked,
        literal(""),
    ).where(PluginSwitch.district_id.in_(path))
    overrides = select(
        literal("permission"),
        _ROLE_PERMISSION.c.district_id,
        _ROLE_PERMISSION.c.role,
        _ROLE_PERMISSION.c.permission,
        _ROLE_PERMISSION.c.allowed,
        literal(False),
        literal(""),
    ).where(_ROLE_PERMISSION.c.district_id == path[-1])
    values = select(
        literal("setting"),
        SettingValue.district_id,
        SettingValue.key,
        literal(""),
        literal(False),
        literal(False),
        cast(SettingValue.value, Text),
    ).where(SettingValue.district_id.in_(path))
    rows, allowed, settings = [], {}, {}
    for kind, place, first, second, flag, locked, text in session.execute(
        union_all(switches, overrides, values)
    ):
        if kind == "switch":
            rows.append(Row(place, first, bool(flag), bool(locked)))
        elif kind == "permission":
            allowed[first, second] = bool(flag)
        else:
            settings[place, first] = json.loads(text)
    return Decisions(plugins_on(defaults, path, rows), allowed, settings)


def reference(district: District, on: frozenset[str]) -> DistrictRef:
    """Return the frozen view of a district that hooks and templates get."""
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


def subtree_ids(district: DistrictRef | District) -> list[int]:
    """Return the ids of a district and everything below it."""
    found = session.scalars(
        select(District.id).where(District.path.startswith(district.path, autoescape=True))
    )
    return list(found)
