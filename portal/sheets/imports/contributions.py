"""Columns of plugins in a core sheet, declared with ``register_sheets``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portal.current import registry
from portal.plugin import DistrictRef, SheetColumns
from portal.sheets.profiles import Column, Profile


def contributed(sheet: str, district: DistrictRef) -> list[SheetColumns]:
    """Return what the plugins switched on here add to a sheet, in the order of the plugins."""
    found: list[SheetColumns] = []
    for slug, contributions in registry().each("register_sheets"):
        if slug in district.plugins_on:
            found.extend(one for one in contributions if one.sheet == sheet)
    return found


def extended(profile: Profile, contributions: Sequence[SheetColumns]) -> Profile:
    """Add the plugins' columns to a core sheet."""
    columns: list[Column] = [column for one in contributions for column in one.columns]
    return profile.with_columns(columns)


def own_values(one: SheetColumns, values: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the values of one contribution."""
    names = {column.name for column in one.columns}
    return {name: value for name, value in values.items() if name in names}
