"""What the dues plugin contributes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from portal.api import (
    AccountRef,
    Card,
    DistrictRef,
    Erasure,
    Hidden,
    Job,
    Journal,
    MemberRef,
    NavItem,
    Objection,
    Panel,
    Permission,
    Plugin,
    Service,
    Setting,
    SheetColumns,
    Todo,
    delegations,
    hookimpl,
    payments,
)
from portal.api import lazy_gettext as _l

from . import (
    commands,
    demo,
    demo_large,
    hooks,
    jobs,
    left_behind,
    models,
    paying,
    permissions,
    settings,
    sheets,
    views,
)
from .helping import PayDues
from .purpose import DuesPurpose
from .service import moves

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
    def register_blueprints(self) -> Iterable[Any]:
        return [views.dues, views.check]

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
    def register_commands(self) -> Iterable[Any]:
        return [commands.dues]

    @hookimpl
    def register_sheets(self) -> Iterable[SheetColumns]:
        return [sheets.MEMBER_COLUMNS]

    @hookimpl
    def register_services(self) -> Iterable[Service]:
        purpose, help_purpose = DuesPurpose(), PayDues()
        return [
            Service(protocol=payments.PaymentPurpose, implementation=purpose, key=purpose.slug),
            Service(protocol=delegations.Purpose, implementation=help_purpose, key=help_purpose.slug),
        ]

    @hookimpl
    def register_demo(self, district: DistrictRef, seed: int) -> None:
        demo.register(district, seed)

    @hookimpl
    def seed_demo(self, seed: int) -> None:
        demo_large.register(seed)

    @hookimpl
    def nav_items(self, district: DistrictRef, actor: Any) -> Iterable[NavItem]:
        return hooks.nav(actor)

    @hookimpl
    def home_cards(self, district: DistrictRef, actor: Any) -> Iterable[Card]:
        return hooks.card(actor)

    @hookimpl
    def todo_items(self, district: DistrictRef, actor: Any) -> Iterable[Todo]:
        return hooks.todos(actor)

    @hookimpl
    def member_panels(self, district: DistrictRef, actor: Any, member: MemberRef) -> Iterable[Panel]:
        return hooks.panels(actor, member)

    @hookimpl
    def switch_off_warnings(self, district: DistrictRef) -> Iterable[Hidden]:
        return hooks.hidden(district)

    @hookimpl
    def member_export(self, district: DistrictRef, member: MemberRef) -> Mapping[str, Any]:
        return hooks.export(member)

    @hookimpl
    def member_erase(self, district: DistrictRef, member: MemberRef) -> Erasure:
        return hooks.erase(member)

    @hookimpl
    def member_objections(self, district: DistrictRef, member: MemberRef, act: str) -> Iterable[Objection]:
        return hooks.objections(member, act)

    @hookimpl
    def account_export(self, district: DistrictRef, account: AccountRef) -> Mapping[str, Any]:
        return paying.export(account)

    @hookimpl
    def account_erase(self, district: DistrictRef, account: AccountRef) -> Erasure:
        return paying.erase(account)

    @hookimpl
    def account_objections(self, district: DistrictRef, account: AccountRef, act: str) -> Iterable[Objection]:
        return paying.objections(account)

    @hookimpl
    def organization_objections(
        self,
        district: DistrictRef,
        organization: int,
        act: str,
    ) -> Iterable[Objection]:
        return left_behind.objections(organization)

    @hookimpl
    def member_merged(
        self, district: DistrictRef, kept: MemberRef, absorbed: MemberRef, journal: Journal
    ) -> None:
        moves.merged(kept=kept, absorbed=absorbed, journal=journal)

    @hookimpl
    def member_unmerge_objections(
        self, district: DistrictRef, kept: MemberRef, absorbed: MemberRef, since: datetime
    ) -> Iterable[Objection]:
        return hooks.parting(kept=kept, since=since)

    @hookimpl
    def member_unmerged(
        self,
        district: DistrictRef,
        kept: MemberRef,
        absorbed: MemberRef,
        stayed: Mapping[str, Iterable[int]],
    ) -> None:
        moves.unmerged(absorbed=absorbed, stayed=stayed)

    @hookimpl
    def member_moved(
        self, district: DistrictRef, member: MemberRef, origin: int | None, target: int | None
    ) -> None:
        moves.moved(member=member, target=target)


plugin = Dues()
