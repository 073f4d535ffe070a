"""What the rest of the house hears about a member: told after commit, retried by the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.current import registry
from portal.database import session
from portal.districts import context
from portal.jobs import enqueue, job
from portal.members.models import Member
from portal.plugin import MemberRef


def ref(member: Member) -> MemberRef:
    """Return a member as hooks see it."""
    return MemberRef(
        id=member.id,
        uid=member.uid,
        person_id=member.person_id,
        district_id=member.district_id,
        name=member.name,
        organization_id=member.organization_id,
    )


def announce_move(member: Member, *, origin: int | None, target: int | None, key: str) -> None:
    """Queue ``member_moved`` for every plugin that listens; part of the mover's transaction.

    ``key`` names the move (its new affiliation), so that a repeated announcement counts once.
    """
    for slug, _call in registry().implementers("member_moved"):
        enqueue(
            "members.moved",
            {"plugin": slug, "member": member.id, "origin": origin, "target": target},
            district_id=member.district_id,
            dedupe_key=f"member_moved:{slug}:{key}",
        )


@job("members.moved")
def _tell_moved(payload: Mapping[str, Any]) -> None:
    member = session.get_one(Member, payload["member"])
    registry().tell(
        "member_moved",
        payload["plugin"],
        district=context.ref(member.district_id),
        member=ref(member),
        origin=payload["origin"],
        target=payload["target"],
    )
