"""THE public surface: a plugin imports this module and nothing else of the portal.

What a version promises: docs/plugins.md, "What you can rely on". A name that came after 1.0 is in ``SINCE``;
one that is to go moves to ``DEPRECATED``, where it works on for at least one minor version and says so once.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal import audit, claims, clock, crypto, jobs, ledger, notices, payments, workdays
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
    connection,
    everything,
    forget,
    in_scope,
    insert_row,
    insert_rows,
    is_postgresql,
    prepared,
    rows,
    run_ready,
    session,
    swap,
    swap_row,
    transaction,
    trigger,
    within_scope,
    writing,
)
from portal.districts import settings
from portal.districts.context import looking_at
from portal.districts.context import ref as district_ref
from portal.districts.models import District
from portal.hookspecs import hookimpl
from portal.identity.actor import Actor, Reach
from portal.identity.holders import who_may
from portal.identity.models import Account, Grant
from portal.members import delegations, requests
from portal.members.models import Affiliation, Member, Person, Request
from portal.organizations import around
from portal.organizations.models import BRANCH_KINDS, Organization, Unit
from portal.payments.contract import (
    AccountField,
    BadNotification,
    Clock,
    Closed,
    CreateReq,
    FactState,
    Flow,
    Http,
    HttpReply,
    IdentifiesPayer,
    MerchantAccountInfo,
    NotFound,
    Notification,
    NotPaid,
    Ok,
    Outcome,
    PayInstruction,
    PaymentFact,
    PaymentProvider,
    ProviderSpec,
    RawRequest,
    RejectCategory,
    Rejected,
    Source,
    Unknown,
)
from portal.plugin import (
    AccountRef,
    Broken,
    Card,
    Channel,
    DistrictRef,
    Erasure,
    Hidden,
    Job,
    Journal,
    MemberRef,
    Message,
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
from portal.sheets import kit as sheet_kit
from portal.sheets import values as sheet_values
from portal.sheets.profiles import Column as SheetColumn
from portal.web import searching
from portal.web.access import asks_again, hands_out, public, requires, signed_in
from portal.web.charts import chart_rows
from portal.web.frame import civil, fen, mask_name, mask_phone, month, say, yuan
from portal.web.headers import allow_form_target
from portal.web.htmx import go, render, wants_fragment
from portal.web.maps import MapPlace, MapPlan, place_plan
from portal.web.once import once, required_version
from portal.web.pay import hand_over
from portal.web.screens import render_screen
from portal.web.throttle import slow_down
from portal.web.week import Calendar, CalendarClosure, CalendarEvent, CalendarResource, calendar_plan
from portal.web.wording import month_word, sentences
from portal.words import gettext, lazy_gettext, ngettext

__all__ = [
    "Account",
    "AccountField",
    "AccountRef",
    "Actor",
    "Affiliation",
    "BRANCH_KINDS",
    "BadNotification",
    "Broken",
    "Calendar",
    "CalendarClosure",
    "CalendarEvent",
    "CalendarResource",
    "Card",
    "Channel",
    "Clock",
    "Closed",
    "Conflict",
    "CreateReq",
    "District",
    "DistrictRef",
    "DistrictScoped",
    "Erasure",
    "FactState",
    "Fen",
    "Flow",
    "Grant",
    "Hidden",
    "Http",
    "HttpReply",
    "IdentifiesPayer",
    "Job",
    "Journal",
    "Json",
    "MapPlace",
    "MapPlan",
    "Member",
    "MemberRef",
    "MerchantAccountInfo",
    "Message",
    "Model",
    "NavItem",
    "NotAvailable",
    "NotFound",
    "NotPaid",
    "Notification",
    "Objection",
    "Ok",
    "Organization",
    "Outcome",
    "Panel",
    "PayInstruction",
    "PaymentFact",
    "PaymentProvider",
    "Permission",
    "Person",
    "Plugin",
    "ProviderSpec",
    "RawRequest",
    "Reach",
    "RejectCategory",
    "Rejected",
    "Request",
    "ScopeError",
    "Service",
    "Setting",
    "SheetColumn",
    "SheetColumns",
    "Source",
    "Todo",
    "Unit",
    "Unknown",
    "UtcDateTime",
    "Versioned",
    "allow_form_target",
    "append_only",
    "around",
    "asks_again",
    "audit",
    "calendar_plan",
    "chart_rows",
    "civil",
    "claims",
    "clock",
    "connection",
    "crypto",
    "delegations",
    "district",
    "district_or_none",
    "district_ref",
    "everything",
    "forget",
    "fen",
    "gettext",
    "go",
    "hand_over",
    "hands_out",
    "hookimpl",
    "in_scope",
    "insert_row",
    "insert_rows",
    "is_postgresql",
    "jobs",
    "lazy_gettext",
    "ledger",
    "looking_at",
    "mask_name",
    "mask_phone",
    "month",
    "month_word",
    "ngettext",
    "notices",
    "once",
    "payments",
    "place_plan",
    "prepared",
    "public",
    "registry",
    "render",
    "render_screen",
    "requests",
    "required_version",
    "requires",
    "rows",
    "run_ready",
    "say",
    "searching",
    "sentences",
    "session",
    "settings",
    "sheet_kit",
    "sheet_values",
    "signed_in",
    "slow_down",
    "swap",
    "swap_row",
    "transaction",
    "trigger",
    "wants_fragment",
    "who_may",
    "within_scope",
    "workdays",
    "writing",
    "yuan",
]


@dataclass(frozen=True, kw_only=True)
class Deprecated:
    """A name on its way out: since which version, what to use ``instead``, and what it still means."""

    since: str
    instead: str
    value: Callable[[], Any]


#: Name -> version it came with, for those that were not there from 1.0 on.
SINCE: dict[str, str] = {}
#: Name -> how it goes; such a name is in ``__all__``, but nowhere above.
DEPRECATED: dict[str, Deprecated] = {}
#: (name, module that asked) of deprecated names, for ``portal plugins doctor``.
ASKED: set[tuple[str, str]] = set()


def __getattr__(name: str) -> Any:
    """Hand out a deprecated name and say so, once for each module that asks."""
    gone = DEPRECATED.get(name)
    if gone is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    asker = str(sys._getframe(1).f_globals.get("__name__", "?"))
    if (name, asker) not in ASKED:
        ASKED.add((name, asker))
        text = f"portal.api.{name} is deprecated since {gone.since}: use {gone.instead}"
        logging.getLogger("portal.api").warning("%s (asked for by %s)", text, asker)
        warnings.warn(text, DeprecationWarning, stacklevel=2)
    return gone.value()
