"""Reads of members and requests, narrowed to where the actor's permission reaches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import aliased

from portal.database import session
from portal.identity.actor import Actor, Reach
from portal.identity.models import Account
from portal.members.models import Member, MemberMerge, Request
from portal.organizations.models import Organization


def within(reach: Reach, path: Any) -> ColumnElement[bool] | None:
    """Return the clause that keeps an organization ``path`` column inside ``reach``; None: everywhere."""
    if reach.everywhere:
        return None
    if not reach.paths:
        return false()
    return or_(*(path.startswith(own, autoescape=True) for own in reach.paths))


def member_at(member_id: int, actor: Actor, permission: str) -> Member | None:
    """Return a member whom the actor may treat with ``permission``; None reads the same as unknown."""
    found = session.execute(
        select(Member, Organization.path)
        .outerjoin(Organization, Organization.id == Member.organization_id)
        .where(Member.id == member_id)
    ).first()
    if found is None or not actor.reach(permission).covers(found.path):
        return None
    return found.Member


def look_alikes(member: Member, actor: Actor, permission: str, *, limit: int = 10) -> list[Any]:
    """Return open records in this district that may be the same person: of the same name or phone number."""
    alike = [Member.name == member.name]
    if member.phone_index:
        alike.append(Member.phone_index == member.phone_index)
    found = (
        select(
            Member.uid, Member.name, Member.birth_date, Member.phone_tail, Organization.name.label("branch")
        )
        .outerjoin(Organization, Organization.id == Member.organization_id)
        .where(
            Member.district_id == member.district_id,
            Member.id != member.id,
            Member.closed_on.is_(None),
            or_(*alike),
        )
    )
    narrowed = within(actor.reach(permission), Organization.path)
    if narrowed is not None:
        found = found.where(narrowed)
    return list(session.execute(found.order_by(Member.id).limit(limit)))


def merges(
    actor: Actor,
    permission: str,
    *,
    since: datetime,
    of: int | None = None,
    before: int | None = None,
    limit: int = 30,
) -> list[Any]:
    """Return the merges since an instant whose two records are both within reach, the newest first.

    ``of`` keeps those that absorbed one record; ``before`` those older than an id.
    """
    found = _merges(actor, permission).where(MemberMerge.merged_at >= since)
    if of is not None:
        found = found.where(MemberMerge.absorbed_id == of)
    if before is not None:
        found = found.where(MemberMerge.id < before)
    return list(session.execute(found.order_by(MemberMerge.id.desc()).limit(limit)))


def merge_at(merge_id: int, actor: Actor, permission: str) -> Any:
    """Return a merge whose two records are both within reach; None reads the same as unknown."""
    return session.execute(_merges(actor, permission).where(MemberMerge.id == merge_id)).first()


def _merges(actor: Actor, permission: str) -> Select[Any]:
    """Select merges with ``Kept`` and ``Absorbed`` (records), their branches, who merged and who undid."""
    kept, absorbed = aliased(Member, name="Kept"), aliased(Member, name="Absorbed")
    home, former = aliased(Organization), aliased(Organization)
    merger, undoer = aliased(Account), aliased(Account)
    names: list[Any] = [
        home.name.label("home"),
        former.name.label("former"),
        merger.display_name.label("merged_by"),
        undoer.display_name.label("undone_by"),
    ]
    found: Select[Any] = (
        select(MemberMerge, kept, absorbed, *names)
        .join(kept, kept.id == MemberMerge.kept_id)
        .join(absorbed, absorbed.id == MemberMerge.absorbed_id)
        .outerjoin(home, home.id == kept.organization_id)
        .outerjoin(former, former.id == absorbed.organization_id)
        .outerjoin(merger, merger.id == MemberMerge.merged_by)
        .outerjoin(undoer, undoer.id == MemberMerge.undone_by)
    )
    reach = actor.reach(permission)
    for path in (home.path, former.path):
        narrowed = within(reach, path)
        if narrowed is not None:
            found = found.where(narrowed)
    return found


def branch_name(organization_id: int | None) -> str:
    """Return the name of an organization, or nothing."""
    if organization_id is None:
        return ""
    return session.scalar(select(Organization.name).where(Organization.id == organization_id)) or ""


def own_requests(actor: Actor, *, before: int | None = None, limit: int = 20) -> list[Request]:
    """Return an account's requests, newest first, older than the id ``before``."""
    found = select(Request).where(Request.asked_by == actor.account_id)
    if before is not None:
        found = found.where(Request.id < before)
    return list(session.scalars(found.order_by(Request.id.desc()).limit(limit)))


def answerable(actor: Actor, *, before: int | None = None, limit: int = 30) -> list[Request]:
    """Return the open requests this actor may answer, oldest first, after the id ``before``."""
    found = (
        select(Request)
        .outerjoin(Organization, Organization.id == Request.organization_id)
        .where(Request.state == "open", Request.asked_by != actor.account_id)
    )
    permissions = session.scalars(
        select(Request.answer_permission).where(Request.state == "open").distinct()
    ).all()
    clauses = []
    for permission in permissions:
        reach = _reach(actor, permission)
        if reach.everywhere:
            clauses.append(Request.answer_permission == permission)
        elif reach.paths:
            clauses.append((Request.answer_permission == permission) & within(reach, Organization.path))
    if not clauses:
        return []
    found = found.where(or_(*clauses))
    if before is not None:
        found = found.where(Request.id > before)
    return list(session.scalars(found.order_by(Request.id).limit(limit)))


def request_for_answer(request_id: int, actor: Actor) -> Request | None:
    """Return a request the actor may answer (open or answered); None reads the same as unknown."""
    row = session.get(Request, request_id)
    if row is None:
        return None
    path = session.scalar(select(Organization.path).where(Organization.id == row.organization_id))
    return row if _reach(actor, row.answer_permission).covers(path) else None


def _reach(actor: Actor, permission: str) -> Reach:
    try:
        return actor.reach(permission)
    except KeyError:
        # The permission's plugin is not installed any more: its requests wait for it.
        return Reach()
