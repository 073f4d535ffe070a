"""The roles held in one district: the list, one of them, and the people a role could be given to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, or_, select

from portal import clock, crypto
from portal.current import district
from portal.database import rows, session
from portal.database.scope import within_scope
from portal.desk import listing
from portal.identity import accounts, addresses, role_words
from portal.identity.models import Account, Grant
from portal.identity.people import tidy_phone
from portal.members.models import Member
from portal.organizations.models import Organization
from portal.sheets.values.text import squeeze
from portal.web.frame import civil, mask_phone
from portal.words import gettext as _

WHEN = ("open", "now", "coming", "past", "all")
FOUND = 20
_A: Any = Account.__table__
_G: Any = Grant.__table__
_M: Any = Member.__table__
_O: Any = Organization.__table__


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody a role could be given to; without an account not yet, nor while it is disabled."""

    uid: str
    name: str
    phone: str
    branch: str
    organization_id: int | None
    roles: tuple[str, ...]
    account: Account | None

    @property
    def stopped(self) -> bool:
        return self.account is not None and self.account.disabled_at is not None


def listed(*, text: str, role: str, when: str) -> Select[Any]:
    """Select the roles of this district and its branches that are asked for."""
    by = _A.alias("by")
    second = _A.alias("second")
    found = (
        rows(
            Grant,
            _G.c.id,
            _G.c.account_id,
            _G.c.role,
            _G.c.valid_from,
            _G.c.valid_to,
            _G.c.granted_at,
            _G.c.reason,
            _G.c.ended_reason,
            _A.c.display_name,
            _O.c.name.label("organization"),
            by.c.display_name.label("giver"),
            second.c.display_name.label("second"),
        )
        .join(_A, _A.c.id == _G.c.account_id)
        .outerjoin(_O, _O.c.id == _G.c.organization_id)
        .outerjoin(by, by.c.id == _G.c.granted_by)
        .outerjoin(second, second.c.id == _G.c.confirmed_by)
    )
    today = clock.today()
    lasts = or_(_G.c.valid_to.is_(None), _G.c.valid_to > today)
    wanted = {
        "open": lasts,
        "now": lasts & (_G.c.valid_from <= today),
        "coming": lasts & (_G.c.valid_from > today),
        "past": _G.c.valid_to <= today,
    }
    if when in wanted:
        found = found.where(wanted[when])
    if role:
        found = found.where(_G.c.role == role)
    if text:
        found = found.where(_A.c.display_name.contains(text, autoescape=True))
    return found


def page(found: Select[Any]) -> listing.Page:
    """Read the page of the list that the address asks for."""
    sorts = {"name": _A.c.display_name, "role": _G.c.role, "from": _G.c.valid_from}
    return listing.page(found, sorts=sorts, ident=_G.c.id)


def one(grant_id: int) -> Any:
    """Return one role of this district as the list has it, or None."""
    return session.execute(
        listed(text="", role="", when="all").add_columns(_G.c.organization_id).where(_G.c.id == grant_id)
    ).first()


def state(row: Any) -> str:
    """Return ``now``, ``coming`` or ``past``."""
    today = clock.today()
    if row.valid_to is not None and row.valid_to <= today:
        return "past"
    return "coming" if row.valid_from > today else "now"


def last_day(row: Any) -> str:
    """Say the last day of a role; it is kept as the first day without it."""
    return civil(row.valid_to - timedelta(days=1)) if row.valid_to else _("长期")


def sheet(found: Select[Any]) -> tuple[list[str], list[list[str]]]:
    """Return headers and lines of the handed-out sheet."""
    headers = [
        _("姓名"),
        _("角色"),
        _("在哪里"),
        _("第一天"),
        _("最后一天"),
        _("理由"),
        _("谁给的"),
        _("谁确认的"),
    ]
    lines = [
        [
            row.display_name,
            role_words.name(row.role),
            row.organization or district().name,
            row.valid_from.isoformat(),
            (row.valid_to - timedelta(days=1)).isoformat() if row.valid_to else "",
            row.reason,
            row.giver or "",
            row.second or "",
        ]
        for row in session.execute(found.order_by(_A.c.display_name, _G.c.id))
    ]
    return headers, lines


def people(typed: str) -> list[Person]:
    """Return whom a name, the last four digits of a number, a whole number or a user name may mean here.

    Members of this district, people who hold a role here, and whoever's number or user name is known whole.
    """
    text, digits = squeeze(typed)[:60], tidy_phone(typed)
    text = digits if digits.isdigit() and digits.isascii() else text
    if len(text) < 2:
        return []
    found: dict[int, Any] = {}
    for row in session.execute(_members(text).limit(FOUND)):
        found[row.id] = row
    if text.isdigit() and len(text) == 4:
        known: list[Account] = []
    else:
        holders = rows(Grant, _G.c.account_id).join(_A, _A.c.id == _G.c.account_id)
        named = holders.where(_A.c.display_name.contains(text, autoescape=True)).limit(FOUND)
        ids = set(session.scalars(named))
        known = [*session.scalars(select(Account).where(Account.id.in_(ids))), *accounts.find(text)]
    taken = {row.account_id for row in found.values() if row.account_id}
    members = [_member(row) for row in found.values()]
    others = {one.id: one for one in known if one.id not in taken and one.disabled_at is None}
    made = [*members, *(_other(one) for one in others.values())]
    return _with_roles(made)


def person(account_id: int) -> Person:
    """Return somebody who was found before, with the record in this district if there is one."""
    row = session.execute(_records().where(_A.c.id == account_id).limit(1)).first()
    made = _member(row) if row else _other(session.get_one(Account, account_id))
    return _with_roles([made])[0]


def _members(text: str) -> Select[Any]:
    clause: Any
    if text.isdigit() and len(text) == 4:
        clause = _M.c.phone_tail == text
    elif text.isdigit():
        clause = _M.c.phone_index == crypto.blind_index("phone", text)
    else:
        clause = listing.named(text, _M.c.name, _M.c.sort_key)
    found = _records()
    return found if clause is None else found.where(clause)


def _records() -> Select[Any]:
    return (
        rows(
            Member,
            _M.c.id,
            _M.c.name,
            _M.c.phone_tail,
            _M.c.organization_id,
            _O.c.name.label("branch"),
            _A.c.id.label("account_id"),
        )
        .outerjoin(_O, _O.c.id == _M.c.organization_id)
        .outerjoin(_A, _A.c.person_id == _M.c.person_id)
        .where(_M.c.closed_on.is_(None))
        .order_by(_M.c.sort_key, _M.c.id)
    )


def _member(row: Any) -> Person:
    account = session.get(Account, row.account_id) if row.account_id else None
    return Person(
        uid=account.uid if account else "",
        name=row.name,
        phone=f"****{row.phone_tail}",
        branch=row.branch or "",
        organization_id=row.organization_id,
        roles=(),
        account=account,
    )


def _other(account: Account) -> Person:
    return Person(
        uid=account.uid,
        name=account.display_name,
        phone=mask_phone(addresses.phone_of(account.uid, account.phone_sealed)),
        branch="",
        organization_id=None,
        roles=(),
        account=account,
    )


def _with_roles(made: list[Person]) -> list[Person]:
    ids = [person.account.id for person in made if person.account]
    held: dict[int, list[str]] = {}
    found = listed(text="", role="", when="open").where(_G.c.account_id.in_(ids))
    for row in session.execute(found):
        held.setdefault(row.account_id, []).append(role_words.name(row.role))
    return [replace(one, roles=tuple(held.get(one.account.id, ()))) if one.account else one for one in made]


def organizations(typed: str) -> list[Any]:
    """Return the living organizations here of this full name; else those that contain it, ten at most."""
    text = squeeze(typed)[:120]
    if not text:
        return []
    living = within_scope(select(_O.c.id, _O.c.name), _O.c.district_id).where(_O.c.dissolved_on.is_(None))
    exact = list(session.execute(living.where(_O.c.name == text)))
    if exact:
        return exact
    like = living.where(_O.c.name.contains(text, autoescape=True)).order_by(_O.c.name, _O.c.id)
    return list(session.execute(like.limit(10)))
