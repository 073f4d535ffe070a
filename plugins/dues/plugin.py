"""What the dues plugin contributes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portal.api import Permission, Plugin, Setting, hookimpl
from portal.api import lazy_gettext as _l

from . import commands, models, permissions, settings

__all__ = ["Dues", "models", "plugin"]


class Dues(Plugin):
    """Party dues."""

    slug = "dues"
    name = _l("党费")
    description = _l("每月该交多少、为什么，交费、凭证和支部的收缴台账")
    order = 10
    version = "0.1.0"
    on_by_default = True

    @hookimpl
    def register_commands(self) -> Iterable[Any]:
        return [commands.dues]

    @hookimpl
    def register_permissions(self) -> Iterable[Permission]:
        return permissions.PERMISSIONS

    @hookimpl
    def register_settings(self) -> Iterable[Setting]:
        return settings.SETTINGS


plugin = Dues()
