"""What the bookings plugin contributes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portal.api import Permission, Plugin, Setting, hookimpl
from portal.api import lazy_gettext as _l

from . import models, permissions, settings, views

__all__ = ["Bookings", "models", "plugin"]


class Bookings(Plugin):
    """Site bookings."""

    slug = "bookings"
    name = _l("场地预约")
    description = _l("党群服务中心和共享场地的房间：找、约、改、用，一个时间只给一家")
    order = 20
    version = "0.1.0"
    on_by_default = True

    @hookimpl
    def register_blueprints(self) -> Iterable[Any]:
        return [views.bookings, views.feed]

    @hookimpl
    def register_permissions(self) -> Iterable[Permission]:
        return permissions.PERMISSIONS

    @hookimpl
    def register_settings(self) -> Iterable[Setting]:
        return settings.SETTINGS


plugin = Bookings()
