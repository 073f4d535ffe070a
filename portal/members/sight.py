"""Who may see a member's record and why, by the very function that guards the pages; and who opened it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from portal import audit, clock
from portal.database import everything, session
from portal.districts.models import District
from portal.identity import permissions
from portal.identity.actor import Actor, Held
from portal.identity.models import STAFF_ROLES, Account, Grant
from portal.members.models import Member
from portal.organizations.models import Organization
from portal.plugin import DistrictRef
from portal.words import gettext
from portal.words import lazy_gettext as _

#: What a permission of the core lets its holder see of a member, and the data class of it (domain.md §9.1).
SEEN = {
    "core.members.read": (_("姓名、党支部、手机尾号"), 2),
    "core.members.read_private": (_("完整的电话"), 2),
    "core.members.edit": (_("登记的全部内容，身份证号只有后4位"), 3),
    "core.requests.answer": (_("您交来的申请"), 2),
    "core.login_codes": (_("姓名、党支部、手机尾号，核对身份证时"), 3),
    "core.audit": (_("谁办过什么，不含内容"), 1),
}
_ACTIONS = {
    "view": _("打开了您的登记"),
    "member.copy": _("取走了一份您的资料"),
    "member.create": _("登记了您的资料"),
    "member.change": _("改了您的登记"),
    "member.move": _("办了转接"),
    "member.correct_home": _("更正了党支部"),
    "account.paper_code": _("打印了登录码"),
    "account.rebind": _("改了您的手机号"),
    "account.claim": _("认领了登记"),
    "account.disable": _("停用了您的账号"),
    "account.enable": _("恢复了您的账号"),
}


@dataclass(frozen=True, slots=True)
class Seer:
    """Somebody who may see something of the record: what they are, and what they may see."""

    name: str
    roles: tuple[str, ...]
    sees: tuple[Any, ...]
    highest: int


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the trail about the record, as its owner reads it."""

    at: datetime
    who: str
    what: str


def seers(member: Member, *, district: DistrictRef, overrides: Mapping[tuple[str, str], bool]) -> list[Seer]:
    """Return everybody who holds a role today that reaches this member, with what it shows them."""
    path = session.scalar(select(Organization.path).where(Organization.id == member.organization_id)) or ""
    holders: dict[int, list[Held]] = defaultdict(list)
    names: dict[int, str] = {}
    for row in _grants(district):
        place = None if row.organization_id is None else row.path
        holders[row.account_id].append(Held(row.role, place, row.organization_id))
        names[row.account_id] = row.display_name
    shown = _shown(district)
    found = []
    for account_id, held in holders.items():
        actor = Actor(
            account_id=account_id, held=tuple(held), plugins_on=district.plugins_on, overrides=overrides
        )
        # Whoever reads the record anyway sees no more of it when checking a card.
        reads = actor.can("core.members.read", at=path)
        sees = [
            (words, level)
            for name, words, level in shown
            if actor.can(name, at=path) and not (reads and name == "core.login_codes")
        ]
        if sees:
            reaching = {one.role for one in held if one.path is None or path.startswith(one.path)}
            found.append(
                Seer(
                    names[account_id],
                    tuple(sorted(reaching)),
                    tuple(words for words, _level in sees),
                    max(level for _words, level in sees),
                )
            )
    return sorted(found, key=lambda one: (-one.highest, one.roles, one.name))


def _grants(district: DistrictRef) -> Sequence[Any]:
    """Return the roles in force at this district, above it, and at its organizations, with their holders."""
    above = [int(part) for part in district.path.split("/") if part]
    today = clock.today()
    with everything():
        return session.execute(
            select(
                Grant.account_id,
                Grant.role,
                Grant.organization_id,
                Organization.path,
                Account.display_name,
            )
            .join(Account, Account.id == Grant.account_id)
            .join(District, District.id == Grant.district_id)
            .outerjoin(Organization, Organization.id == Grant.organization_id)
            .where(
                Grant.role.in_(STAFF_ROLES),
                Grant.valid_from <= today,
                or_(Grant.valid_to.is_(None), Grant.valid_to > today),
                Account.disabled_at.is_(None),
                or_(
                    Grant.district_id == district.id,
                    Grant.organization_id.is_(None) & Grant.district_id.in_(above),
                ),
            )
            .order_by(Grant.account_id, Grant.id)
        ).all()


def _shown(district: DistrictRef) -> list[tuple[str, Any, int]]:
    """Return the permissions that show something of a person: the core's, then those of services here."""
    found = [(name, words, level) for name, (words, level) in SEEN.items()]
    for name, permission in sorted(permissions.declared().items()):
        owner = name.split(".", 1)[0]
        if owner != "core" and owner in district.plugins_on and permission.roles & STAFF_ROLES:
            found.append((name, permission.label, 2))
    return found


def opened(member: Member, *, before: int | None = None, limit: int = 30) -> tuple[list[Act], int | None]:
    """Return who looked at or changed the record, the newest first, and where the older ones begin."""
    rows = audit.history(subject=("member", member.id), before=before, limit=limit + 1)
    actors = {row.actor_id for row in rows if row.actor_id is not None}
    people = select(Account.id, Account.display_name, Account.person_id).where(Account.id.in_(actors))
    known = {row.id: row for row in session.execute(people)}
    acts = [Act(row.at, _name(known.get(row.actor_id), member), _what(row.action)) for row in rows[:limit]]
    return acts, rows[limit - 1].id if len(rows) > limit else None


def _name(account: Any, member: Member) -> str:
    if account is None:
        return gettext("平台自动")
    return gettext("您自己") if account.person_id == member.person_id else str(account.display_name)


def _what(action: str) -> str:
    if action in _ACTIONS:
        return str(_ACTIONS[action])
    return gettext("打开了您的一项记录") if action.endswith(".view") else gettext("办了一件事")
