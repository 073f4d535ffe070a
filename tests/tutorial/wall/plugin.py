"""What the wall contributes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portal.api import (
    Card,
    DistrictRef,
    Erasure,
    Hidden,
    Job,
    Journal,
    MemberRef,
    NavItem,
    Permission,
    Plugin,
    Setting,
    Todo,
    hookimpl,
)
from portal.api import lazy_gettext as _l

from . import demo, hooks, jobs, models, permissions, rights, settings, views

__all__ = ["Wall", "models", "plugin"]


class Wall(Plugin):
    """A wall of wishes."""

    slug = "wall"
    name = _l("心愿墙")
    description = _l("党员写下心愿，服务中心认领和答复")
    order = 140
    version = "0.1.0"
    portal = ">=1,<2"

    @hookimpl
    def register_blueprints(self) -> Iterable[Any]:
        return [views.wall]

    @hookimpl
    def register_permissions(self) -> Iterable[Permission]:
        return permissions.PERMISSIONS

    @hookimpl
    def register_settings(self) -> Iterable[Setting]:
        return settings.SETTINGS

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        return jobs.JOBS

    @hookimpl
    def register_demo(self, district: DistrictRef, seed: int) -> None:
        demo.register(district, seed)

    @hookimpl
    def nav_items(self, district: DistrictRef, actor: Any) -> Iterable[NavItem]:
        return hooks.nav(actor)

    @hookimpl
    def home_cards(self, district: DistrictRef, actor: Any) -> Iterable[Card]:
        return hooks.cards(actor)

    @hookimpl
    def todo_items(self, district: DistrictRef, actor: Any) -> Iterable[Todo]:
        return hooks.todos(actor)

    @hookimpl
    def switch_off_warnings(self, district: DistrictRef) -> Iterable[Hidden]:
        return hooks.hidden()

    @hookimpl
    def member_export(self, district: DistrictRef, member: MemberRef) -> Mapping[str, Any]:
        return rights.export(member)

    @hookimpl
    def member_erase(self, district: DistrictRef, member: MemberRef) -> Erasure:
        return rights.erase(member)

    @hookimpl
    def member_merged(
        self, district: DistrictRef, kept: MemberRef, absorbed: MemberRef, journal: Journal
    ) -> None:
        rights.merged(kept=kept, absorbed=absorbed, journal=journal)


plugin = Wall()
