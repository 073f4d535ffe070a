"""Reads of the district tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import literal, select, table, union_all
from sqlalchemy.sql import column

from portal.database import session
from portal.districts.models import District, PluginSwitch
from portal.districts.switch import Row, plugins_on
from portal.plugin import DistrictRef

# identity owns this table; districts reads two columns of it in the one query of the gate.
_ROLE_PERMISSION = table(
    "role_permission", column("district_id"), column("role"), column("permission"), column("allowed")
)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a district and those above it decided: plugins on, and overrides {(role, permission): allowed}."""

    plugins_on: frozenset[str]
    overrides: Mapping[tuple[str, str], bool]


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
    ).where(PluginSwitch.district_id.in_(path))
    overrides = select(
        literal("permission"),
        _ROLE_PERMISSION.c.district_id,
        _ROLE_PERMISSION.c.role,
        _ROLE_PERMISSION.c.permission,
        _ROLE_PERMISSION.c.allowed,
        literal(False),
    ).where(_ROLE_PERMISSION.c.district_id == path[-1])
    rows, allowed = [], {}
    for kind, district_id, first, second, flag, locked in session.execute(union_all(switches, overrides)):
        if kind == "switch":
            rows.append(Row(district_id, first, bool(flag), bool(locked)))
        else:
            allowed[first, second] = bool(flag)
    return Decisions(plugins_on(defaults, path, rows), allowed)


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
