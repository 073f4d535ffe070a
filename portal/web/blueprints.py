"""The list of the core's own pages: one line a room."""

from __future__ import annotations

from importlib import import_module

from flask import Blueprint, Flask

#: ``module:attribute`` of each blueprint, in the order of the house.
ROOMS = (
    "portal.web.pages:pages",
    "portal.health.views:health",
    "portal.admin.views:admin",
    "portal.admin.views_settings:config",
    "portal.admin.views_sight:roles",
    "portal.admin.views_stops:pages",
    "portal.admin.views_workdays:pages",
    "portal.admin.queue:queue",
    "portal.admin.money:money",
    "portal.identity.doors:identity",
    "portal.notices.views:notices",
    "portal.notices.views_choices:notice_choices",
    "portal.organizations.views:finding",
    "portal.members.views_me:members",
    "portal.members.views_privacy:privacy",
    "portal.members.views_account:account",
    "portal.members.views_answer:answering",
    "portal.members.views_acts:acts",
    "portal.members.views_helping:helping",
    "portal.members.views_merges:merges",
    "portal.members.views_paper:paper",
    "portal.members.views_rebind:rebind",
    "portal.web.pay:pay",
    "portal.sheets.imports.views:imports",
    "portal.desk.views:desk",
    "portal.desk.delegations:delegations",
)
#: Only in the demo.
DEMO = ("portal.demo.views:demo",)
#: Only where a developer or a test looks.
WORKSHOP = ("portal.web.catalogue:dev", "portal.web.catalogue_parts:parts")


def core_blueprints(app: Flask) -> list[Blueprint]:
    """Return the core's blueprints for this kind of installation."""
    names = list(ROOMS)
    if app.config["ENV_NAME"] in {"development", "testing"}:
        names += WORKSHOP
    if app.config["DEMO"]:
        names += DEMO
    found = []
    for name in names:
        module, _, attribute = name.partition(":")
        found.append(getattr(import_module(module), attribute))
    return found
