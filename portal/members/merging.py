"""Two records of one person become one: preview, log, and for a while the way back (``unmerging``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from portal import audit, clock, crypto
from portal.current import registry
from portal.database import everything, session, swap, transaction
from portal.districts import context
from portal.identity.models import Account
from portal.jobs import job
from portal.members import delegation_ends
from portal.members.events import ref
from portal.members.journal import Journal
from portal.members.models import (
    OPEN_STATES,
    Affiliation,
    Member,
    MemberMerge,
    Office,
    Request,
    StatusEvent,
)
from portal.members.objections import refuse_objections
from portal.members.service import check_open
from portal.organizations.service import NotAllowed
from portal.plugin import Objection
from portal.words import lazy_gettext as _

#: How long a merge can be undone (design of the register, members.md "Tables": "undone for 30 days").
UNDO = timedelta(days=30)


def merge(
    kept: Member, absorbed: Member, *, versions: tuple[int, int], reason: str, actor: Any
) -> MemberMerge:
    """Merge two records of one person in a district; the absorbed one is closed, nothing is lost.

    What moves, here and in every plugin, goes through one journal, which ``unmerging.undo`` reads backwards.

    Raises:
        NotAllowed: no reason, two districts, or a plugin objects.
    """
    if kept.district_id != absorbed.district_id or kept.id == absorbed.id:
        raise NotAllowed(_("请选本地的两条登记。"))
    if not reason.strip():
        raise NotAllowed(_("请写明合并的原因。"))
    check_open(kept)
    check_open(absorbed)
    refuse_objections(absorbed, "merge")
    journal, uid = Journal(), crypto.new_uid()
    with transaction():
        swap(kept, version=versions[0], states=OPEN_STATES)
        swap(absorbed, version=versions[1], states=OPEN_STATES)
        _absorb(kept, absorbed, journal)
        registry().ask(
            "member_merged",
            district=context.ref(kept.district_id),
            kept=ref(kept),
            absorbed=ref(absorbed),
            journal=journal,
        )
        made = MemberMerge(
            uid=uid,
            district_id=kept.district_id,
            kept_id=kept.id,
            absorbed_id=absorbed.id,
            reason=reason.strip()[:200],
            merged_at=clock.now(),
            merged_by=getattr(actor, "account_id", actor),
            journal_sealed=journal.seal(uid),
        )
        session.add(made)
        session.flush()
        session.refresh(absorbed)
        audit.record(
            "member.merge", kept, actor=actor, district=kept.district_id, detail={"absorbed": absorbed.id}
        )
    return made


def _absorb(kept: Member, absorbed: Member, journal: Journal) -> None:
    """Close the record that goes, and hand what hangs on it over to the one that is kept."""
    journal.change(
        Member,
        Member.id == absorbed.id,
        state="left",
        closed_on=clock.today(),
        remark=f"并入 {kept.uid}",
    )
    for table in (StatusEvent, Office, Request):
        journal.change(table, table.member_id == absorbed.id, member_id=kept.id)
    delegation_ends.absorb(kept, absorbed, journal)
    journal.change(
        Affiliation,
        Affiliation.member_id == absorbed.id,
        Affiliation.valid_to.is_(None),
        ~Affiliation.void,
        void=True,
        end_reason="merged",
    )


def about_logins(kept: Member, absorbed: Member) -> list[Objection]:
    """Return what becomes of the login of the record that goes: an account stays with its person."""
    people = [absorbed.person_id, kept.person_id]
    found = select(Account.person_id).where(Account.person_id.in_(people), Account.disabled_at.is_(None))
    with_login = set(session.scalars(found))
    if absorbed.person_id not in with_login:
        return []
    if kept.person_id in with_login:
        text = _("两条登记都有登录账户，合并后本人请用保留的那条登记的账户登录。")
    else:
        text = _("本人是用要并入的登记登录的。合并后那个账户里没有登记了，请给本人打印首次登录码。")
    return [Objection(code="core.login", text=text, blocks=False)]


def undoable_until(merged: MemberMerge) -> datetime:
    """Return the instant after which a merge stays as it is."""
    return merged.merged_at + UNDO


def forget(member_id: int) -> None:
    """Empty what merges kept about a person whose data is erased; such a merge cannot be undone any more."""
    own = or_(MemberMerge.kept_id == member_id, MemberMerge.absorbed_id == member_id)
    session.execute(
        update(MemberMerge).where(own).values(journal_sealed=None, version=MemberMerge.version + 1)
    )


@job("members.forget_merges", daily=time(3, 30))
def forget_old(_payload: Mapping[str, Any]) -> None:
    """Empty the journals of merges that cannot be undone any more: they hold what records said."""
    with everything(), transaction():
        old = MemberMerge.merged_at < clock.now() - UNDO
        session.execute(
            update(MemberMerge)
            .where(old, MemberMerge.journal_sealed.is_not(None))
            .values(journal_sealed=None, version=MemberMerge.version + 1)
        )
