"""Which plugins are on: pure functions, used by every screen, every request and the apply file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: What a district can say of a plugin, as forms, the apply file and the trail write it.
STATES = ("inherit", "on", "off", "locked-on", "locked-off")


@dataclass(frozen=True, slots=True)
class Row:
    """An explicit switch: district id, plugin, on, locked."""

    district_id: int
    plugin: str
    on: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class Effective:
    """Whether a plugin is on here, and which district decided (None: the plugin's default)."""

    on: bool
    source: int | None
    locked: bool


Rows = Mapping[tuple[int, str], Row]


def effective(plugin: str, default: bool, path: Sequence[int], rows: Rows) -> Effective:
    """Walk root to leaf: the last explicit row wins; a locked row ends the walk."""
    state = Effective(on=default, source=None, locked=False)
    for district_id in path:
        row = rows.get((district_id, plugin))
        if row is None:
            continue
        state = Effective(on=row.on, source=district_id, locked=row.locked)
        if row.locked:
            break
    return state


def plugins_on(defaults: Mapping[str, bool], path: Sequence[int], rows: Iterable[Row]) -> frozenset[str]:
    """Return the slugs switched on at the end of ``path`` (district ids, root first)."""
    by_place = {(row.district_id, row.plugin): row for row in rows}
    return frozenset(
        slug for slug, default in defaults.items() if effective(slug, default, path, by_place).on
    )


def state_of(row: Row | None) -> str:
    """Return what a district itself says, one of ``STATES``."""
    if row is None:
        return "inherit"
    return f"{'locked-' if row.locked else ''}{'on' if row.on else 'off'}"


def said(state: str) -> tuple[bool | None, bool]:
    """Return (on, locked) of a state; on is None for inherit.

    Raises:
        ValueError: none of ``STATES``.
    """
    if state not in STATES:
        raise ValueError(state)
    return None if state == "inherit" else state.endswith("on"), state.startswith("locked-")


def with_state(rows: Rows, district_id: int, plugin: str, state: str) -> dict[tuple[int, str], Row]:
    """Return the rows as they would be if the district said ``state``."""
    on, locked = said(state)
    changed = {place: row for place, row in rows.items() if place != (district_id, plugin)}
    if on is not None:
        changed[district_id, plugin] = Row(district_id, plugin, on, locked)
    return changed


def turned(
    plugin: str, default: bool, paths: Mapping[int, Sequence[int]], before: Rows, after: Rows
) -> tuple[list[int], list[int]]:
    """Return the districts of ``paths`` (id -> path) where the plugin goes off, and where it comes on."""
    off: list[int] = []
    on: list[int] = []
    for district_id, path in paths.items():
        was = effective(plugin, default, path, before).on
        will = effective(plugin, default, path, after).on
        if was != will:
            (on if will else off).append(district_id)
    return off, on
