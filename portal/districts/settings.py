"""Declared settings per district: own row, then the nearest ancestor, then the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app, g
from sqlalchemy import select

from portal import clock, crypto
from portal.database import everything, in_scope, session, transaction
from portal.districts.models import SettingValue
from portal.districts.service import hold
from portal.districts.setting_values import checked
from portal.plugin import DistrictRef, Setting

_EXTENSION = "portal.settings"


class UndeclaredSetting(KeyError):
    """Nobody declared a setting of this name."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A value and the district it came from (None: the default)."""

    value: Any
    source: int | None


def declare(settings: Mapping[str, Setting]) -> None:
    """Add declarations to the running application; called once at start."""
    current_app.extensions.setdefault(_EXTENSION, {}).update(settings)


def declared() -> Mapping[str, Setting]:
    """Return every declared setting by key."""
    found: Mapping[str, Setting] = current_app.extensions.get(_EXTENSION, {})
    return found


def get(district: DistrictRef, key: str) -> Any:
    """Return the effective value of ``key`` here; secrets come decrypted.

    Raises:
        UndeclaredSetting: a misspelt or unknown key.
    """
    return explain(district, key).value


def explain(district: DistrictRef, key: str) -> Explained:
    """Return the effective value and the district it came from."""
    setting = declared().get(key)
    if setting is None:
        raise UndeclaredSetting(key)
    source, kept = standing(district, setting)
    return Explained(setting.default if source is None else opened(setting, source, kept), source)


def decided(key: str) -> dict[int, Any]:
    """Return what districts decided themselves: district id -> value; one query, wherever one stands.

    For work that goes over all districts: those below inherit. Not for secrets.

    Raises:
        UndeclaredSetting: a misspelt or unknown key.
    """
    if key not in declared():
        raise UndeclaredSetting(key)
    with everything():
        found = session.execute(
            select(SettingValue.district_id, SettingValue.value).where(SettingValue.key == key)
        ).all()
    return {district_id: value for district_id, value in found}


def standing(district: DistrictRef, setting: Setting, *, above: bool = False) -> tuple[int | None, Any]:
    """Return the district a value comes from (None: the default) and the value as it is kept there.

    A secret stays encrypted. ``above`` leaves the district's own value out: what inheriting would bring.
    """
    path = [int(part) for part in district.path.split("/") if part]
    own = _rows(district, path)
    places = path if setting.inherit else path[-1:]
    for district_id in reversed(places):
        if (district_id, setting.key) in own and not (above and district_id == district.id):
            return district_id, own[district_id, setting.key]
    return None, None


def put(district_id: int, key: str, value: Any, *, by: int | None) -> Any:
    """Set the own value of a district; None goes back to inheriting. Return the own value before, or None.

    Raises:
        UndeclaredSetting: a misspelt or unknown key.
        BadValue: none this setting can have.
    """
    setting = declared().get(key)
    if setting is None:
        raise UndeclaredSetting(key)
    kept = None if value is None else checked(setting, value)
    with in_scope([district_id], write=district_id), transaction():
        hold(district_id)
        row = session.execute(
            select(SettingValue)
            .where(SettingValue.district_id == district_id, SettingValue.key == key)
            .execution_options(populate_existing=True)
        ).scalar_one_or_none()
        before = None if row is None else opened(setting, district_id, row.value)
        if kept is None:
            if row is not None:
                session.delete(row)
        elif kept != before:
            if setting.secret:
                kept = crypto.encrypt("setting.value", f"{district_id}:{key}", kept).hex()
            if row is None:
                row = SettingValue(district_id=district_id, key=key)
                session.add(row)
            row.value, row.changed_by, row.changed_at = kept, by, clock.now()
        session.flush()
    forget()
    return before


def forget() -> None:
    """Read the settings anew from here on: somebody else may have changed them since this request began."""
    g.pop("setting_rows", None)


def opened(setting: Setting, district_id: int, value: Any) -> Any:
    """Return a kept value as it is used: a secret decrypted."""
    if setting.secret:
        return crypto.decrypt("setting.value", f"{district_id}:{setting.key}", bytes.fromhex(value))
    return value


def _rows(district: DistrictRef, path: list[int]) -> dict[tuple[int, str], Any]:
    # One query per request, whatever the number of settings asked for.
    cached = g.setdefault("setting_rows", {})
    if district.id not in cached:
        wanted = select(SettingValue.district_id, SettingValue.key, SettingValue.value).where(
            SettingValue.district_id.in_(path)
        )
        with everything():  # those above are outside of the scope
            cached[district.id] = {(row.district_id, row.key): row.value for row in session.execute(wanted)}
    return cached[district.id]
