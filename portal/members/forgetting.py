"""What was written about a member goes with the erasure; who they were as well, if nowhere else.

The record's own columns are emptied by ``rights.erase``, what plugins hold by their ``member_erase``, what
the core's rooms above this one hold by what they declare with ``also``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update

from portal import clock, notices
from portal.database import everything, session, written_over
from portal.identity import claims, forgetting
from portal.identity.models import Account
from portal.jobs import Postpone, enqueue, job
from portal.members.models import Affiliation, Member, MemberMerge, Person, Request, RequestStep, StatusEvent
from portal.organizations import unmatched

#: What the rooms above forget; each is called in the transaction of the erasure, the record still readable.
_ALSO: list[Callable[[Member], None]] = []


def also(function: Callable[[Member], None]) -> Callable[[Member], None]:
    """Declare what a room above the members keeps about one, and how it is forgotten."""
    _ALSO.append(function)
    return function


def elsewhere(member: Member) -> None:
    """Empty what other rooms hold, by what the record still says; call before its columns are emptied."""
    for forget in _ALSO:
        forget(member)
    account = select(Account.phone_index).where(Account.person_id == member.person_id)
    numbers = {one for one in (member.phone_index, session.scalar(account)) if one}
    unmatched.forget_phones(numbers)
    notices.forget_numbers(numbers)
    enqueue("members.overwrite", {}, dedupe_key=f"members.overwrite:{member.id}")


@job("members.overwrite")
def _overwrite(_payload: Mapping[str, Any]) -> None:
    """Let nothing of what was erased stand in the database's own log; again while somebody still reads it."""
    session.rollback()
    if not written_over():
        raise Postpone(clock.now() + timedelta(minutes=1))


def of(member: Member, *, by: Any) -> None:
    """Empty what people wrote about a member, in the caller's transaction.

    The account goes too unless it is still needed: by another record of the same person that is not erased,
    or by roles, which are ended first where they are to go.
    """
    requests = select(Request.id).where(Request.member_id == member.id)
    for model, mine, values in (
        (Request, Request.member_id == member.id, {"subject": "", "payload": {}}),
        (RequestStep, RequestStep.request_id.in_(requests), {"note": ""}),
        (StatusEvent, StatusEvent.member_id == member.id, {"document": ""}),
        (Affiliation, Affiliation.member_id == member.id, {"end_reason": ""}),
        (
            MemberMerge,
            or_(MemberMerge.kept_id == member.id, MemberMerge.absorbed_id == member.id),
            {"reason": "", "undo_reason": ""},
        ),
    ):
        more = {"version": model.version + 1} if hasattr(model, "version") else {}
        session.execute(update(model).where(mine).values(**values, **more))
    if needed(member):
        return
    forgetting.forget(member.person_id, by=by, district=member.district_id)
    # Nobody finds them by their national id either; the same person coming again is somebody new.
    session.execute(update(Person).where(Person.id == member.person_id).values(ric_index=None))


def needed(member: Member) -> bool:
    """Tell whether the account stays when this record is erased: for another record, or for roles."""
    account = session.scalar(select(Account.id).where(Account.person_id == member.person_id))
    if account is not None and claims.holds_roles(account):
        return True
    with everything():  # a record may stand in any district
        other = select(Member.id).where(
            Member.person_id == member.person_id, Member.id != member.id, Member.name != forgetting.GONE
        )
        return session.execute(other.limit(1)).first() is not None
