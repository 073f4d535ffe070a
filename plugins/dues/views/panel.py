"""The dues panel of a member's page: for the member, and for whoever collects in the member's branch."""

from __future__ import annotations

from flask import Response, abort, g
from sqlalchemy import select

from portal.api import Actor, Member, audit, district, render, session, signed_in

from .. import page_words as words
from ..queries.statement import statement
from ..service.places import path_of
from . import dues


def may_see(actor: Actor, *, member_id: int, organization_id: int | None) -> bool:
    """Tell whether an actor may see what a member owes: the member, and the collectors of the branch."""
    if actor.member_id == member_id:
        return actor.can("dues.pay")
    if organization_id is None or not actor.can("dues.collect"):
        return False
    return actor.can("dues.collect", path_of(organization_id))


@dues.get("/panel/<member_uid>")
@signed_in
def panel(member_uid: str) -> Response:
    """Show what a member owes, without the base: that stays between the member and the assessment."""
    member = session.scalar(select(Member).where(Member.uid == member_uid))
    if member is None or not may_see(g.actor, member_id=member.id, organization_id=member.organization_id):
        abort(404)
    if g.actor.member_id != member.id:
        audit.record_view(("member", member.id), actor=g.actor, district=district(), action="dues.view")
    return render("dues/panel.html", block="panel", found=statement(member.id), words=words)
