"""What the bookings plugin contributes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portal.api import (
    AccountRef,
    Actor,
    Card,
    DistrictRef,
    Erasure,
    Hidden,
    Job,
    Journal,
    MemberRef,
    NavItem,
    Objection,
    Permission,
    Plugin,
    Setting,
    Todo,
    hookimpl,
)
from portal.api import lazy_gettext as _l

from . import (
    copies,
    demo,
    demo_large,
    house,
    jobs,
    jobs_agreements,
    jobs_days_off,
    member_hooks,
    models,
    permissions,
    rights,
    settings,
    sharing,
    staff,
    views,
    whose,
)

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

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        return [*jobs.JOBS, *jobs_agreements.JOBS, *jobs_days_off.JOBS]

    @hookimpl
    def register_demo(self, district: DistrictRef, seed: int) -> None:
        demo.register(district, seed)

    @hookimpl
    def seed_demo(self, seed: int) -> None:
        demo_large.register(seed)

    @hookimpl
    def nav_items(self, district: DistrictRef, actor: Actor) -> Iterable[NavItem]:
        return [
            *member_hooks.nav(),
            *staff.nav(actor),
            *sharing.nav(actor),
        ]

    @hookimpl
    def home_cards(self, district: DistrictRef, actor: Actor) -> Iterable[Card]:
        return member_hooks.card(actor)

    @hookimpl
    def todo_items(self, district: DistrictRef, actor: Actor) -> Iterable[Todo]:
        return [
            *member_hooks.todos(actor),
            *staff.todos(actor),
            *sharing.todos(actor),
        ]

    @hookimpl
    def switch_off_warnings(self, district: DistrictRef) -> Iterable[Hidden]:
        return house.hidden(district)

    @hookimpl
    def account_export(self, district: DistrictRef, account: AccountRef) -> Mapping[str, Any]:
        return copies.of(whose.of_account(account, district.id))

    @hookimpl
    def account_erase(self, district: DistrictRef, account: AccountRef) -> Erasure:
        return rights.erase(whose.of_account(account, district.id))

    @hookimpl
    def account_objections(self, district: DistrictRef, account: AccountRef, act: str) -> Iterable[Objection]:
        return rights.objections(whose.of_account(account, district.id), act)

    @hookimpl
    def member_export(self, district: DistrictRef, member: MemberRef) -> Mapping[str, Any]:
        return copies.of(whose.of_member(member))

    @hookimpl
    def member_erase(self, district: DistrictRef, member: MemberRef) -> Erasure:
        return rights.erase(whose.of_member(member))

    @hookimpl
    def member_objections(self, district: DistrictRef, member: MemberRef, act: str) -> Iterable[Objection]:
        if act == "merge":
            return house.merging(member)
        return rights.objections(whose.of_member(member), act)

    @hookimpl
    def organization_objections(
        self, district: DistrictRef, organization: int, act: str
    ) -> Iterable[Objection]:
        return house.dissolving(organization)

    @hookimpl
    def member_merged(
        self, district: DistrictRef, kept: MemberRef, absorbed: MemberRef, journal: Journal
    ) -> None:
        house.merged(kept=kept, absorbed=absorbed, journal=journal)


plugin = Bookings()
