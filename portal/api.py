"""THE public surface: a plugin imports this module and nothing else of the portal."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext, ngettext

from portal import clock, crypto
from portal.current import district, district_or_none, registry
from portal.database import (
    Conflict,
    DistrictScoped,
    Fen,
    Json,
    Model,
    ScopeError,
    UtcDateTime,
    Versioned,
    append_only,
    everything,
    in_scope,
    is_postgresql,
    rows,
    session,
    swap,
    transaction,
    trigger,
    writing,
)
from portal.districts import settings
from portal.hookspecs import hookimpl
from portal.identity.actor import Actor, Reach
from portal.members.models import Affiliation, Member, Person, Request
from portal.organizations.models import BRANCH_KINDS, Organization, Unit
from portal.plugin import (
    Broken,
    Card,
    Channel,
    DistrictRef,
    Erasure,
    Hidden,
    Job,
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
)
from portal.registry import NotAvailable
from portal.web.access import public, requires, signed_in
from portal.web.frame import civil, fen, mask_name, mask_phone, month, say, yuan
from portal.web.headers import allow_form_target
from portal.web.htmx import go, render, wants_fragment

__all__ = [
    "BRANCH_KINDS",
    "Actor",
    "Affiliation",
    "Broken",
    "Card",
    "Channel",
    "Conflict",
    "DistrictRef",
    "DistrictScoped",
    "Erasure",
    "Fen",
    "Hidden",
    "Job",
    "Json",
    "Member",
    "MemberRef",
    "Model",
    "NavItem",
    "NotAvailable",
    "Objection",
    "Organization",
    "Panel",
    "Permission",
    "Person",
    "Plugin",
    "Reach",
    "Request",
    "ScopeError",
    "Service",
    "Setting",
    "SheetColumns",
    "Todo",
    "Unit",
    "UtcDateTime",
    "Versioned",
    "allow_form_target",
    "append_only",
    "civil",
    "clock",
    "crypto",
    "district",
    "district_or_none",
    "everything",
    "fen",
    "gettext",
    "go",
    "hookimpl",
    "in_scope",
    "is_postgresql",
    "lazy_gettext",
    "mask_name",
    "mask_phone",
    "month",
    "ngettext",
    "public",
    "registry",
    "render",
    "requires",
    "rows",
    "say",
    "session",
    "settings",
    "signed_in",
    "swap",
    "transaction",
    "trigger",
    "wants_fragment",
    "writing",
    "yuan",
]
