"""Taking back an import of members while nothing leans on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from portal import audit
from portal.database import session
from portal.identity.models import Account
from portal.members import service
from portal.members.events import ref
from portal.members.models import Affiliation, Member, Person, StatusEvent
from portal.plugin import DistrictRef, SheetColumns
from portal.sheets.imports.dependents import leaning, pieces
from portal.sheets.imports.importer import Applied, changed_since
from portal.words import lazy_gettext as _


def take_back(
    applied: Sequence[Applied], contributions: Sequence[SheetColumns], *, district: DistrictRef, actor: Any
) -> list[Any]:
    """Undo written rows in the caller's transaction; return reasons where something leans on them."""
    reasons: list[Any] = []
    new: list[Member] = []
    for one in applied:
        member = session.get(Member, one.target_id)
        if member is None or member.version != one.version:
            reasons.append(_("第%(number)s行：%(why)s", number=one.number, why=changed_since()))
        elif one.before is None:
            new.append(member)
        elif "*" in one.before:
            # what a plugin had before is its own knowledge; a core record cannot put it back
            reasons.append(_("第%(number)s行改过其他服务的内容，不能撤销，请逐个修改。", number=one.number))
        else:
            service.change(member, version=one.version, actor=actor, **one.before)
    if reasons:
        return reasons
    return _plugins_back(new, contributions, actor) or _remove(new, district, actor)


def _plugins_back(new: list[Member], contributions: Sequence[SheetColumns], actor: Any) -> list[Any]:
    members = [ref(member) for member in new]
    reasons: list[Any] = []
    for one in contributions:
        if one.take_back is not None and members:
            reasons.extend(one.take_back(members=members, actor=actor))
    return reasons


def _remove(new: list[Member], district: DistrictRef, actor: Any) -> list[Any]:
    ids = [member.id for member in new]
    people = [member.person_id for member in new]
    for piece in pieces(people):
        if session.scalar(select(Account.id).where(Account.person_id.in_(piece)).limit(1)) is not None:
            return [_("有的同志已经用手机登录过，不能整批撤销。")]
    for piece in pieces(ids):
        for model in (Affiliation, StatusEvent):
            session.execute(delete(model).where(model.district_id == district.id, model.member_id.in_(piece)))
    if leaning(Member.__table__, ids):
        return [_("有的同志已经有后来的记录（如党费、申请），不能整批撤销。")]
    for piece in pieces(ids):
        session.execute(delete(Member).where(Member.district_id == district.id, Member.id.in_(piece)))
    for member in new:
        session.expunge(member)
    _forget_people(people)
    for one in ids:
        audit.record("member.take_back", ("member", one), actor=actor, district=district)
    return []


def _forget_people(ids: list[int]) -> None:
    """Forget persons nobody refers to any more; one known elsewhere stays."""
    for piece in pieces(ids):
        for person_id in piece:
            if not leaning(Person.__table__, [person_id]):
                session.execute(delete(Person).where(Person.id == person_id))
