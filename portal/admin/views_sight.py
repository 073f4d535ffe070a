"""Who can see what: what each role may do here, and whom a permission or a record is open to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, g, request
from sqlalchemy import select

from portal.admin.views_roles import PERMISSION, roles
from portal.current import district, registry
from portal.database import session
from portal.identity import holders, permissions, role_words
from portal.identity.models import ROLES
from portal.members.models import Member
from portal.organizations.models import Organization
from portal.web.access import requires
from portal.web.htmx import render
from portal.words import gettext, lazy_gettext

#: How pages guard what is known of a member, by data class (docs/switchboard.md).
CLASSES = (
    ("2", lazy_gettext("姓名、支部、打码的电话和登记的其他内容"), "core.members.read"),
    ("3", lazy_gettext("完整的电话、住址"), "core.members.read_private"),
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A permission with the roles that have it here; ``changed`` are those a district decided otherwise."""

    name: str
    label: Any
    owner: Any
    on: bool
    roles: frozenset[str]
    changed: frozenset[str]

    @property
    def oneself(self) -> bool:
        """Tell whether it is for people's own things."""
        return bool(self.roles & set(role_words.IMPLIED))


@roles.get("/what")
@requires(PERMISSION)
def what() -> Any:
    """Show what each role may do here, as a table."""
    columns = [role for role in ROLES if role not in role_words.IMPLIED]
    return render(
        "admin/role_what.html",
        lines=_lines(),
        columns=columns,
        role_name=role_words.name,
    )


@roles.get("/who")
@requires(PERMISSION)
def who() -> Any:
    """Show whom a permission is open to, or, for a member, each permission that shows something of them."""
    wanted, uid = request.args.get("permission", ""), request.args.get("member", "")
    known = permissions.declared()
    if wanted and wanted not in known:
        abort(404)
    member, path = _member(uid) if uid else (None, None)
    groups = []
    for name, label in _asked_for(wanted, member):
        found = holders.holders(name, district(), overrides=g.actor.overrides, path=path)
        groups.append((label, known[name].roles & set(role_words.IMPLIED), found))
    return render(
        "admin/role_who.html",
        groups=groups,
        member=member,
        wanted=wanted,
        choices=[(line.name, _choice(line)) for line in _lines() if line.on],
        role_name=role_words.name,
    )


def _choice(line: Line) -> str:
    shown = next((label for _number, label, name in CLASSES if name == line.name), None)
    return f"{line.label}（{shown}）" if shown else str(line.label)


def _asked_for(wanted: str, member: Any) -> list[tuple[str, Any]]:
    if wanted:
        return [(wanted, permissions.declared()[wanted].label)]
    if member is not None:
        return [(name, label) for _number, label, name in CLASSES]
    return []


def _member(uid: str) -> tuple[Any, str]:
    """Return a member of this district, and the path of the home branch, where branch roles reach."""
    found = session.execute(
        select(Member, Organization.path)
        .outerjoin(Organization, Organization.id == Member.organization_id)
        .where(Member.uid == uid)
    ).first()
    if found is None or not g.actor.reach("core.members.read").covers(found.path):
        abort(404)
    return found.Member, found.path or ""


def _lines() -> list[Line]:
    on, overrides = district().plugins_on, g.actor.overrides
    plugins = registry().plugins
    lines = []
    for name, found in permissions.declared().items():
        owner = name.partition(".")[0]
        allowed = permissions.roles_allowed(name, plugins_on=on, overrides=overrides)
        live = owner == "core" or owner in on
        lines.append(
            Line(
                name=name,
                label=found.label,
                owner=plugins[owner].name if owner in plugins else gettext("中心"),
                on=live,
                roles=allowed,
                changed=(allowed ^ found.roles) if live else frozenset(),
            )
        )
    return lines
