"""The verbs on delegations, and one table of moves: ask, record, agree, consent, refuse, withdraw, revoke.

Four eyes hold here whatever page calls: whoever helps or is helped never speaks for the branch (rule K12).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import Forbidden

from portal import audit, clock, crypto
from portal.database import Conflict, session, swap, transaction
from portal.districts import context, settings
from portal.identity import people
from portal.identity.actor import Actor
from portal.identity.models import Account
from portal.members import delegation_notices, delegation_purposes
from portal.members.models import Member
from portal.members.models_delegation import CONSENT_HOW, HOW, OPEN, RELATIONS, Delegation
from portal.organizations.models import Organization
from portal.organizations.names import sort_key
from portal.organizations.service import NotAllowed
from portal.words import lazy_gettext as _

PERMISSION = "core.delegations"
MOST_HELPERS, MOST_HELPED = "core.helpers_most", "core.helped_most"

#: act -> (states it starts from, state it leads to, who may do it).
MOVES: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "agree": (("asked",), "agreed", ("member", "branch")),
    "consent": (("agreed",), "active", ("branch",)),
    "refuse": (("asked", "agreed"), "refused", ("member", "branch")),
    "withdraw": (("asked", "agreed"), "withdrawn", ("helper",)),
    "revoke": (("active",), "ended", ("helper", "member", "branch")),
    "lapse": (OPEN, "ended", ("system",)),
}


class AlreadyAsked(ValueError):
    """This account has asked for this name before, and the answer is still to come."""


def sides(row: Delegation, by: Actor) -> frozenset[str]:
    """Return in which parts somebody meets a delegation: helper, member, branch; nothing reads as unknown."""
    found = set()
    if row.account_id == by.account_id:
        found.add("helper")
    if row.member_id is not None and row.member_id == by.member_id:
        found.add("member")
    if not found and row.organization_id is not None and not _same_person(row, by):
        path = session.scalar(select(Organization.path).where(Organization.id == row.organization_id))
        if by.can(PERMISSION, path or ""):
            found.add("branch")
    return frozenset(found)


def _same_person(row: Delegation, by: Actor) -> bool:
    """Tell whether somebody is the helper or the helped under another of their accounts or records."""
    if by.person_id is None:
        return False
    helper = session.scalar(select(Account.person_id).where(Account.id == row.account_id))
    helped = session.scalar(select(Member.person_id).where(Member.id == row.member_id))
    return by.person_id in (helper, helped)


def ask(
    *, district_id: int, by: Actor, name: str, tail: str, relation: str, purposes: Sequence[str]
) -> Delegation:
    """Ask to act for a member known by name and the last four of the id; the same answer for any name.

    Raises:
        NotAllowed: a fault of the form itself, the own name, or too many questions open.
        AlreadyAsked: the same name again while the first question is open.
    """
    typed, end = people.tidy(name), people.tidy(tail).upper()
    if not 2 <= len(typed) <= 40:
        raise NotAllowed(_("请填要帮的人的姓名。"), field="name")
    if len(end) != 4:
        raise NotAllowed(_("请填身份证号的后4位。"), field="tail")
    chosen = _checked(district_id, relation, purposes)
    found = _matching(district_id, typed, end)
    if found is not None and by.person_id is not None and found.person_id == by.person_id:
        raise NotAllowed(_("自己的事自己就能办，不用登记代办。"), field="name")
    with transaction():
        _lock_account(by.account_id)
        waiting = _count(Delegation.account_id == by.account_id, states=("asked", "agreed"))
        if waiting >= settings.get(context.ref(district_id), MOST_HELPED):
            raise NotAllowed(_("您已经有几份申请在等答复，请等有了结果再提。"))
        row = _new(
            district_id=district_id,
            member=found,
            account_id=int(by.account_id or 0),
            label=_mask(typed),
            index=_index(typed, end),
            relation=relation,
            purposes=chosen,
            by=by,
        )
        delegation_notices.asked(row)
    return row


def record(
    *,
    member: Member,
    helper: Account,
    relation: str,
    purposes: Sequence[str],
    agreed_how: str,
    consented_how: str,
    valid_to: date | None,
    by: Actor,
) -> Delegation:
    """Write down at the desk, in one step, that a member wants a helper and that the branch consents.

    Raises:
        NotAllowed: a fault of the form, or a rule against it.
        AlreadyAsked: there is an open delegation between the two.
        Forbidden: whoever records is one of the two, or does not speak for this branch.
    """
    chosen = _checked(member.district_id, relation, purposes)
    if helper.person_id is not None and helper.person_id == member.person_id:
        raise NotAllowed(_("自己的事自己就能办，不用登记代办。"), field="phone")
    with transaction():
        row = _new(
            district_id=member.district_id,
            member=member,
            account_id=helper.id,
            label=_mask(member.name),
            index=_index(people.tidy(member.name), member.ric_tail.upper()),
            relation=relation,
            purposes=chosen,
            by=by,
        )
        move(row, "agree", version=row.version, by=by, how=agreed_how)
        move(row, "consent", version=row.version, by=by, how=consented_how, valid_to=valid_to)
    return row


def move(
    row: Delegation,
    act: str,
    *,
    version: int,
    by: Actor,
    how: str = "",
    reason: str = "",
    valid_to: date | None = None,
) -> Delegation:
    """Do ``act`` on a delegation; a branch that refuses or revokes says why (rule K10).

    Raises:
        Forbidden: this is not theirs to do. NotAllowed: what is missing. Conflict: it has moved on.
    """
    states, to, allowed = MOVES[act]
    mine = sides(row, by) & set(allowed)
    if not mine:
        raise Forbidden(act)
    side = next(one for one in ("member", "helper", "branch") if one in mine)
    if act in ("refuse", "revoke") and side == "branch" and not reason.strip():
        raise NotAllowed(_("请写明原因，双方都会看到。"), field="reason")
    now = clock.now()
    values: dict[str, Any] = {}
    if act == "agree":
        told = "portal" if side == "member" else how
        if told not in HOW or (side == "branch") is (told == "portal"):
            raise NotAllowed(_("请选本人是怎么同意的。"), field="agreed_how")
        values = {"agreed_how": told, "agreed_by": by.account_id, "agreed_at": now}
    if act == "consent":
        if how not in CONSENT_HOW:
            raise NotAllowed(_("请选支部是怎么同意的。"), field="consented_how")
        values = {
            "consented_how": how,
            "consented_by": by.account_id,
            "consented_at": now,
            "valid_from": clock.today(),
            "valid_to": valid_to,
        }
    if to not in OPEN:
        said = reason.strip()[:200]
        values = {"ended_at": now, "ended_by": by.account_id, "end_why": side, "end_reason": said}
    with transaction():
        if act == "consent":
            _may_begin(row, valid_to)
        swap(row, version=version, states=states, state=to, **values)
        audit.record(
            f"delegation.{act}", row, actor=by, district=row.district_id, detail={"side": side} | _how(how)
        )
        delegation_notices.moved(row, act, by=by)
    return row


def _how(how: str) -> dict[str, str]:
    return {"how": how} if how in (*HOW, *CONSENT_HOW) else {}


def _may_begin(row: Delegation, valid_to: date | None) -> None:
    """Look once more, with the two rows held: what was true when the question came may not be true today."""
    member = session.scalars(select(Member).where(Member.id == row.member_id).with_for_update()).one()
    _lock_account(row.account_id)
    session.refresh(member)
    if member.closed_on is not None or member.organization_id != row.organization_id:
        raise NotAllowed(_("这位同志已经不在这个支部，不能同意了。"))
    helper = session.get_one(Account, row.account_id)
    if helper.disabled_at is not None:
        raise NotAllowed(_("代办人的账户已经停用。"))
    if valid_to is not None and valid_to <= clock.today():
        raise NotAllowed(_("结束的日期要晚于今天。"), field="until")
    here = context.ref(row.district_id)
    if _count(Delegation.member_id == member.id, states=("active",)) >= settings.get(here, MOST_HELPERS):
        raise NotAllowed(_("这位同志的代办人已经够多了，请先停掉一位。"))
    if _count(Delegation.account_id == row.account_id, states=("active",)) >= settings.get(here, MOST_HELPED):
        raise NotAllowed(_("这位代办人帮的人已经够多了。多人的党费请支部收，不能由一个人包办。"))


def _lock_account(account_id: int | None) -> None:
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update())


def _count(*where: Any, states: tuple[str, ...]) -> int:
    counted = select(func.count()).select_from(Delegation).where(*where, Delegation.state.in_(states))
    return session.scalar(counted) or 0


def _checked(district_id: int, relation: str, purposes: Sequence[str]) -> list[str]:
    if relation not in RELATIONS:
        raise NotAllowed(_("请选你们的关系。"), field="relation")
    known = delegation_purposes.labels(context.ref(district_id))
    chosen = [slug for slug in known if slug in set(purposes)]
    if not chosen or len(chosen) != len(set(purposes)):
        raise NotAllowed(_("请选要代办的事。"), field="purpose")
    return chosen


def _new(
    *,
    district_id: int,
    member: Member | None,
    account_id: int,
    label: str,
    index: str,
    relation: str,
    purposes: list[str],
    by: Actor,
) -> Delegation:
    row = Delegation(
        uid=crypto.new_uid(),
        district_id=district_id,
        member_id=member.id if member else None,
        account_id=account_id,
        organization_id=member.organization_id if member else None,
        label=label,
        asked_index=index,
        relation=relation,
        purposes=purposes,
        state="asked",
        asked_by=int(by.account_id or 0),
        asked_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        raise AlreadyAsked from None
    audit.record("delegation.ask", row, actor=by, district=district_id)
    return row


def _matching(district_id: int, name: str, tail: str) -> Member | None:
    """Return the one open record in a branch of this name and end of id, or None."""
    alike = session.scalars(
        select(Member).where(
            Member.district_id == district_id,
            Member.sort_key == sort_key(name, person=True),
            Member.closed_on.is_(None),
            Member.organization_id.is_not(None),
        )
    )
    # Both are compared for every record, so that time says nothing about which was wrong.
    found = [
        one
        for one in alike
        if all((people.same_name(one.name, name), crypto.same(one.ric_tail.upper(), tail)))
    ]
    return found[0] if len(found) == 1 else None


def _index(name: str, tail: str) -> str:
    return crypto.blind_index("delegation", f"{name.casefold()}:{tail}")


def _mask(name: str) -> str:
    return f"{name[:1]}{'*' * max(1, len(name) - 1)}"


__all__ = ["AlreadyAsked", "Conflict", "MOVES", "PERMISSION", "ask", "move", "record", "sides"]
