"""Which plugins are on: one pure function, used by every screen and every request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


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


def effective(
    plugin: str, default: bool, path: Sequence[int], rows: Mapping[tuple[int, str], Row]
) -> Effective:
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
