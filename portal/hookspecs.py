"""Every hook: one function, one docstring. Imports nothing of the portal but the handed-over types.

Start-up hooks (``register_*``) take nothing. Run-time hooks take ``district`` first and are called
with keywords by ``portal.registry`` only: ``collect`` for display (obeys the switch), ``ask`` for
decisions (errors propagate), ``tell`` for events after commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from portal.plugin import (
        AccountRef,
        Card,
        Channel,
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
        Service,
        Setting,
        SheetColumns,
        Todo,
    )

hookspec = pluggy.HookspecMarker("portal")
hookimpl = pluggy.HookimplMarker("portal")


# --- start-up, unfiltered -------------------------------------------------------------------------


@hookspec
def register_blueprints() -> Iterable[Any]:
    """Return the Flask blueprints; the first is named as the slug, mounted at ``/d/<code>/<slug>``."""
    raise NotImplementedError


@hookspec
def register_permissions() -> Iterable[Permission]:
    """Return the permissions with their default roles."""
    raise NotImplementedError


@hookspec
def register_settings() -> Iterable[Setting]:
    """Return the declared settings."""
    raise NotImplementedError


@hookspec
def register_jobs() -> Iterable[Job]:
    """Return the background jobs."""
    raise NotImplementedError


@hookspec
def register_commands() -> Iterable[Any]:
    """Return click commands or groups for the ``portal`` command line."""
    raise NotImplementedError


@hookspec
def register_sheets() -> Iterable[SheetColumns]:
    """Return columns this plugin adds to a core sheet."""
    raise NotImplementedError


@hookspec
def register_services() -> Iterable[Service]:
    """Return implementations of core Protocols."""
    raise NotImplementedError


@hookspec
def register_demo(district: DistrictRef, seed: int) -> None:
    """Write this plugin's demo data for one demo district; called once, inside a transaction."""


@hookspec
def seed_demo(seed: int) -> None:
    """Write this plugin's data for a large demo by statements over whole tables; once, in a transaction."""


# --- display: collect, obeys the switch -----------------------------------------------------------


@hookspec
def nav_items(district: DistrictRef, actor: Any) -> Iterable[NavItem]:
    """Return this actor's places in the navigation."""
    raise NotImplementedError


@hookspec
def home_cards(district: DistrictRef, actor: Any) -> Iterable[Card]:
    """Return cards for this actor's start page."""
    raise NotImplementedError


@hookspec
def todo_items(district: DistrictRef, actor: Any) -> Iterable[Todo]:
    """Return what waits for this actor."""
    raise NotImplementedError


@hookspec
def member_panels(district: DistrictRef, actor: Any, member: MemberRef) -> Iterable[Panel]:
    """Return lazy panels for a member's page, as far as this actor may see them."""
    raise NotImplementedError


@hookspec
def payment_providers(district: DistrictRef) -> Iterable[Any]:
    """Return the ProviderSpec of each way to pay."""
    raise NotImplementedError


@hookspec
def notice_channels(district: DistrictRef) -> Iterable[Channel]:
    """Return ways to reach people."""
    raise NotImplementedError


@hookspec
def switch_off_warnings(district: DistrictRef) -> Iterable[Hidden]:
    """Return what would be hidden when this plugin is switched off here."""
    raise NotImplementedError


# --- decisions: ask, ignores the switch -----------------------------------------------------------


@hookspec
def member_export(district: DistrictRef, member: MemberRef) -> Mapping[str, Any]:
    """Return everything this plugin holds about a member, ready for JSON."""
    raise NotImplementedError


@hookspec
def member_erase(district: DistrictRef, member: MemberRef) -> Erasure:
    """Erase or anonymise what may go; say what must be kept and why."""
    raise NotImplementedError


@hookspec
def member_objections(district: DistrictRef, member: MemberRef, act: str) -> Iterable[Objection]:
    """Return reasons to wait before ``act`` (``transfer``, ``merge``, ``erase``, ``leave``)."""
    raise NotImplementedError


@hookspec
def account_export(district: DistrictRef, account: AccountRef) -> Mapping[str, Any]:
    """Return everything this plugin holds about an account and no member here, ready for JSON."""
    raise NotImplementedError


@hookspec
def account_erase(district: DistrictRef, account: AccountRef) -> Erasure:
    """Erase or anonymise what hangs on an account here; say what must be kept and why."""
    raise NotImplementedError


@hookspec
def account_objections(district: DistrictRef, account: AccountRef, act: str) -> Iterable[Objection]:
    """Return reasons to wait before ``act`` (``erase``) on an account."""
    raise NotImplementedError


@hookspec
def organization_objections(district: DistrictRef, organization: int, act: str) -> Iterable[Objection]:
    """Return reasons to wait before ``act`` (``dissolve``) on an organization (its id)."""
    raise NotImplementedError


@hookspec
def member_merged(district: DistrictRef, kept: MemberRef, absorbed: MemberRef, journal: Journal) -> None:
    """Move what belongs to ``absorbed`` over to ``kept`` by ``journal``, inside the merge's transaction."""


@hookspec
def member_unmerge_objections(
    district: DistrictRef, kept: MemberRef, absorbed: MemberRef, since: datetime
) -> Iterable[Objection]:
    """Return what undoing a merge of ``since`` means here: what stops it, what people must know first."""
    raise NotImplementedError


@hookspec
def member_unmerged(
    district: DistrictRef, kept: MemberRef, absorbed: MemberRef, stayed: Mapping[str, Iterable[int]]
) -> None:
    """Hear that a merge was undone, inside its transaction: the journal moved back all but ``stayed``."""


# --- events: tell, after commit, ignores the switch -----------------------------------------------


@hookspec
def member_moved(district: DistrictRef, member: MemberRef, origin: int | None, target: int | None) -> None:
    """Hear that a member's home branch changed (organization ids)."""
