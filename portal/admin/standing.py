"""What is: the districts with what they say themselves of services and settings, read in three queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from portal.database import session
from portal.districts import settings
from portal.districts.models import District, PluginSwitch, SettingValue
from portal.districts.switch import Row

_D: Any = District.__table__
_S: Any = PluginSwitch.__table__
_V: Any = SettingValue.__table__


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The whole installation: districts by code (rows), explicit switches, own values of settings."""

    places: dict[str, Any] = field(default_factory=dict)
    switches: dict[tuple[int, str], Row] = field(default_factory=dict)
    #: Own values by (district id, key) as they are used, secrets decrypted.
    values: dict[tuple[int, str], Any] = field(default_factory=dict, repr=False)
    #: Keys with a value that nobody declares: of a plugin that is not loaded.
    undeclared: frozenset[str] = frozenset()


def now(codes: set[str] | None = None) -> Standing:
    """Read what is; ``codes`` limits the values of settings, which are decrypted, to these districts."""
    places = {row.code: row for row in session.execute(select(_D).order_by(_D.c.path))}
    switches = {
        (row.district_id, row.plugin): Row(row.district_id, row.plugin, row.on, row.locked)
        for row in session.execute(select(_S.c.district_id, _S.c.plugin, _S.c.on, _S.c.locked))
    }
    wanted = {row.id for row in places.values() if codes is None or row.code in codes}
    known, values, undeclared = settings.declared(), {}, set()
    for row in session.execute(select(_V.c.district_id, _V.c.key, _V.c.value)):
        if row.key not in known:
            undeclared.add(row.key)
        elif row.district_id in wanted:
            values[row.district_id, row.key] = settings.opened(known[row.key], row.district_id, row.value)
    return Standing(places=places, switches=switches, values=values, undeclared=frozenset(undeclared))
