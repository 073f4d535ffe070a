"""What the bookings plugin contributes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portal.api import DistrictRef, Job, NavItem, Permission, Plugin, Setting, Todo, hookimpl
from portal.api import lazy_gettext as _l

from . import demo, demo_large, jobs_agreements, models, permissions, settings, sharing, views

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
        return [views.bookings]

    @hookimpl
    def register_permissions(self) -> Iterable[Permission]:
        return permissions.PERMISSIONS

    @hookimpl
    def register_settings(self) -> Iterable[Setting]:
        return settings.SETTINGS

    @hookimpl
    def register_demo(self, district: DistrictRef, seed: int) -> None:
        demo.register(district, seed)

    @hookimpl
    def seed_demo(self, seed: int) -> None:
        demo_large.register(seed)

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        return jobs_agreements.JOBS

    @hookimpl
    def nav_items(self, district: DistrictRef, actor: Any) -> Iterable[NavItem]:
        return sharing.nav(actor)

    @hookimpl
    def todo_items(self, district: DistrictRef, actor: Any) -> Iterable[Todo]:
        return sharing.todos(actor)


plugin = Bookings()
