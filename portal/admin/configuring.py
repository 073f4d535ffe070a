"""Change a district's own value of a setting, with a line in the trail that holds no secret."""

from __future__ import annotations

from typing import Any

from portal import audit
from portal.database import transaction
from portal.districts import settings
from portal.districts.setting_values import told

ACTION = "setting.change"


def subject(owner: str) -> tuple[str, str]:
    """Return what a district's trail calls the settings of ``core`` or of a plugin."""
    return "settings", owner


def change(district_id: int, key: str, value: Any, *, actor: Any) -> bool:
    """Set the own value of a district, None inherits again; the same again changes nothing (False).

    Raises:
        UndeclaredSetting: a misspelt or unknown key.
        BadValue: none this setting can have.
    """
    account = getattr(actor, "account_id", actor)
    with transaction():
        before = settings.put(district_id, key, value, by=account)
        if before == value:
            return False
        setting = settings.declared()[key]
        audit.record(
            ACTION,
            subject(key.partition(".")[0]),
            actor=account,
            district=district_id,
            detail={"key": key, "before": told(setting, before), "after": told(setting, value)},
        )
    return True
