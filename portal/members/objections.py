"""What speaks against an act on a member's record: asked of every plugin, on or off."""

from __future__ import annotations

from portal.current import registry
from portal.districts import context
from portal.members.events import ref
from portal.members.models import Member
from portal.organizations.service import NotAllowed
from portal.plugin import Objection


def objections(member: Member, act: str) -> list[Objection]:
    """Return every plugin's reasons to wait before ``act`` (transfer, merge, erase, leave)."""
    answers = registry().ask(
        "member_objections", district=context.ref(member.district_id), member=ref(member), act=act
    )
    return [objection for found in answers.values() for objection in found or ()]


def refuse_objections(member: Member, act: str) -> None:
    """Stop an act that some plugin cannot live with.

    Raises:
        NotAllowed: with every blocking reason.
    """
    blocking = [one.text for one in objections(member, act) if one.blocks]
    if blocking:
        raise NotAllowed("；".join(map(str, blocking)))
