"""Taking a merge back: each row the merge touched goes home, what happened since stays where it happened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from portal import audit, clock
from portal.current import registry
from portal.database import Conflict, Versioned, session, swap, transaction
from portal.districts import context
from portal.members.events import ref
from portal.members.journal import Entry, model_of
from portal.members.merging import UNDO, undoable_until
from portal.members.models import STATES, Member, MemberMerge
from portal.members.unmerge_plan import Plan, planned
from portal.organizations.models import Organization
from portal.organizations.service import NotAllowed
from portal.plugin import Objection
from portal.registry import PluginUnavailable
from portal.words import gettext as _
from portal.words import ngettext


def hindrance(merged: MemberMerge, kept: Member, absorbed: Member) -> str:
    """Return why a merge cannot be undone, and what to do; "" when it can."""
    if merged.state != "merged":
        return _("这次合并已经撤销过了。")
    if clock.now() > undoable_until(merged):
        return ngettext(
            "合并已过%(num)s天，不能再撤销。真的是两个人，请把另一位重新登记。",
            "合并已过%(num)s天，不能再撤销。真的是两个人，请把另一位重新登记。",
            UNDO.days,
        )
    if merged.journal_sealed is None:
        return _("其中一条登记的个人资料已经删除，不能撤销了。")
    if session.scalar(
        select(MemberMerge.id).where(MemberMerge.absorbed_id == kept.id, MemberMerge.state == "merged")
    ):
        return _("保留的登记后来又并进了另一条。请先撤销那一次合并，再撤销这一次。")
    if session.scalar(
        select(Member.id).where(
            Member.district_id == absorbed.district_id,
            Member.person_id == absorbed.person_id,
            Member.closed_on.is_(None),
        )
    ):
        return _("这个人后来又登记了一次。请先结束后来的那条登记，再撤销合并。")
    return ""


def objections(merged: MemberMerge, kept: Member, absorbed: Member) -> list[Objection]:
    """Return what to know before a merge is undone, of every plugin, on or off.

    Raises:
        NotAllowed: a plugin that would have to be asked is not loaded.
    """
    try:
        answers = registry().ask(
            "member_unmerge_objections",
            district=context.ref(merged.district_id),
            kept=ref(kept),
            absorbed=ref(absorbed),
            since=merged.merged_at,
        )
    except PluginUnavailable:
        raise NotAllowed(_("有一项服务没有装好，现在不能撤销。请管理员看一看。")) from None
    found = [one for said in answers.values() for one in said or ()]
    home = session.get(Organization, absorbed.organization_id) if absorbed.organization_id else None
    if home is not None and home.dissolved_on is not None:
        text = _("“%(name)s”已经撤销，恢复以后请把登记转到别的党支部。", name=home.name)
        found.insert(0, Objection(code="core.dissolved", text=text, blocks=False))
    return found


def undo(merged: MemberMerge, *, versions: tuple[int, int, int], reason: str, actor: Any) -> Plan:
    """Part two merged records again; ``versions`` are those of the merge, the kept and the absorbed record.

    Raises:
        Conflict: undone already, or one of the records was changed since the preview.
        NotAllowed: no reason, too late, something is in the way, or a plugin objects.
    """
    kept, absorbed = (session.get_one(Member, found) for found in (merged.kept_id, merged.absorbed_id))
    if merged.version != versions[0]:
        raise Conflict(current=merged)
    if not reason.strip():
        raise NotAllowed(_("请写明撤销合并的原因。"))
    _refuse(merged, kept, absorbed)
    with transaction():
        # Both records first: a merge of either of them, or another undo, waits or gives way.
        swap(kept, version=versions[1], states=STATES)
        swap(absorbed, version=versions[2], states=("left",))
        _refuse(merged, kept, absorbed)
        plan = planned(merged, lock=True)
        swap(
            merged,
            version=versions[0],
            states=("merged",),
            state="undone",
            journal_sealed=None,
            undo_reason=reason.strip()[:200],
            undone_at=clock.now(),
            undone_by=getattr(actor, "account_id", actor),
        )
        try:
            # The last touched first: what made room for another row finds that one gone again.
            for entry in reversed(plan.touched):
                _put_back(entry)
        except IntegrityError:
            # registered anew between our look and our writing: only one open record of a person (rule K5)
            raise Conflict(current=merged) from None
        session.refresh(absorbed)
        registry().ask(
            "member_unmerged",
            district=context.ref(merged.district_id),
            kept=ref(kept),
            absorbed=ref(absorbed),
            stayed=plan.stayed(),
        )
        detail = {"merge": merged.id, "back": len(plan.back) + len(plan.altered), "stays": len(plan.stays)}
        for member in (kept, absorbed):
            audit.record("member.unmerge", member, actor=actor, district=merged.district_id, detail=detail)
    return plan


def _refuse(merged: MemberMerge, kept: Member, absorbed: Member) -> None:
    blocking = [str(one.text) for one in objections(merged, kept, absorbed) if one.blocks]
    if why := hindrance(merged, kept, absorbed) or "；".join(blocking):
        raise NotAllowed(why)


def _put_back(entry: Entry) -> None:
    model = model_of(entry.table)
    table = model.__table__
    if entry.removed:
        # Its number may have gone to another row.
        values = {name: held for name, held in entry.before.items() if name != "id"}
        session.execute(insert(table).values(**values))
    elif entry.before:
        counted = {"version": table.c.version + 1} if issubclass(model, Versioned) else {}
        session.execute(update(model).where(table.c.id == entry.id).values(entry.before | counted))
