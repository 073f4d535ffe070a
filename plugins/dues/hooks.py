"""What the start page and the member's page show of dues, and what a person's rights ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import delete, func, select, update

from portal.api import (
    Actor,
    Card,
    DistrictRef,
    Erasure,
    Hidden,
    MemberRef,
    NavItem,
    Objection,
    Panel,
    Todo,
    fen,
    ledger,
    ngettext,
    payments,
    rows,
    sentences,
    session,
    transaction,
)
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from . import page_words as words
from . import staff
from .models import (
    DuesAssessment,
    DuesConsent,
    DuesMemberOpening,
    DuesObligation,
    DuesRelief,
    DuesReliefStep,
    DuesReminder,
    DuesVoucher,
    DuesVoucherLine,
)
from .models.obligation import PAYABLE
from .queries.proposals import waiting
from .queries.statement import Statement, statement
from .service import bases, books, moves

NAV = NavItem(key="dues", label=_l("党费"), endpoint="dues.statement", icon="wallet2", order=30)


def nav(actor: Actor) -> list[NavItem]:
    """Return the member's place in the navigation, and the staff's on the desk."""
    found = [NAV] if actor.member_id is not None and actor.can("dues.pay") else []
    return [*found, *staff.nav(actor)]


def card(actor: Actor) -> list[Card]:
    """Return what I owe and why, for the start page."""
    if actor.member_id is None or not actor.can("dues.pay"):
        return []
    found = statement(actor.member_id)
    if found is None or "branch" in found.timeline.missing and not found.timeline.lines:
        return []
    return [_card(found)]


def _card(found: Statement) -> Card:
    line = found.timeline
    url = url_for("dues.statement")
    if line.missing or line.owed_fen == 0:
        text = words.missing(line.missing, "")[0] if line.missing else _("到这个月的党费都交了。")
        return Card(key="dues", title=_("党费"), text=text, url=url, action=_("看看"), order=10)
    why = found.current.sentence if found.current else ""
    text = sentences(words.arrears(line.arrears), why) if line.arrears else why
    return Card(
        key="dues",
        title=_("要交的党费"),
        value=fen(line.owed_fen),
        text=text,
        url=url,
        action=_("去交党费"),
        tone="warn" if line.arrears else "plain",
        order=10,
    )


def todos(actor: Actor) -> list[Todo]:
    """Return what waits for this person, as a member and as staff."""
    return [*_own_todos(actor), *staff.todos(actor)]


def _own_todos(actor: Actor) -> list[Todo]:
    """Return the payment whose end is not known, and the base that waits for my word."""
    if actor.member_id is None or not actor.can("dues.pay"):
        return []
    found: list[Todo] = []
    paying = payments.underway(member_id=actor.member_id, purpose=books.PURPOSE)
    if paying is not None:
        text = _("有一笔%(sum)s的付款还没有结果", sum=fen(paying.amount_fen))
        found.append(
            Todo(key="dues.paying", label=text, url=url_for("pay.show", uid=paying.uid, back=1), order=10)
        )
    proposal = waiting(actor.member_id)
    if proposal is not None and proposal.assessed.state == "draft":
        text = _("请看一遍支部登记的党费基数")
        found.append(Todo(key="dues.base", label=text, url=url_for("dues.base"), order=20))
    return found


def panels(actor: Actor, member: MemberRef) -> list[Panel]:
    """Return the dues panel of a member's page, for the member's own branch and the member."""
    from .views.panel import may_see

    if not may_see(actor, member_id=member.id, organization_id=member.organization_id):
        return []
    return [Panel(key="dues", title=_("党费"), url=url_for("dues.panel", member_uid=member.uid), order=30)]


def hidden(district: DistrictRef) -> list[Hidden]:
    """Return what nobody sees while dues are switched off: months still open. Money keeps coming in."""
    table: Any = DuesObligation.__table__.c
    count = session.execute(
        select(func.count()).where(table.district_id == district.id, table.state.in_(PAYABLE))
    ).scalar_one()
    if not count:
        return []
    text = ngettext("%(num)s个月没交的党费", "%(num)s个月没交的党费", count)
    return [Hidden(text=text, count=count)]


def export(member: MemberRef) -> Mapping[str, Any]:
    """Return everything kept about a member's dues, ready for JSON; sums in fen."""
    return {
        "opening": _plain(DuesMemberOpening, member.id),
        "assessments": _plain(DuesAssessment, member.id),
        "months": _plain(DuesObligation, member.id),
        "reliefs": _plain(DuesRelief, member.id),
        "consents": _plain(DuesConsent, member.id),
        "reminders": _plain(DuesReminder, member.id),
        "vouchers": _plain(DuesVoucher, member.id),
        "credit_fen": books.credit_of(member.district_id, member.id),
        "entries": _entries(member),
    }


def _plain(model: Any, member_id: int) -> list[dict[str, Any]]:
    keep = [
        column
        for column in model.__table__.c
        if column.name not in ("district_id", "version") and not column.name.endswith("_by")
    ]
    found = session.execute(rows(model, *keep).where(model.__table__.c.member_id == member_id))
    return [
        {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in row._asdict().items()
        }
        for row in found
    ]


def _entries(member: MemberRef) -> dict[str, int]:
    book = ledger.find_book(district_id=member.district_id, purpose=books.PURPOSE)
    return ledger.balances(book, member_id=member.id) if book else {}


def erase(member: MemberRef) -> Erasure:
    """Erase what may go: bases and reasons. The months, entries and vouchers are books and stay 15 years.

    Source: accounting files are kept (domain.md §9.2, FROM MEMORY); PIPL Art. 47 lets what a law keeps stay.
    """
    with transaction() as current:
        kept = current.execute(
            rows(DuesObligation, func.count()).where(DuesObligation.__table__.c.member_id == member.id)
        ).scalar_one()
        erased = 0
        for model, values in (
            (DuesAssessment, {"base_fen": None, "reason": ""}),
            (DuesRelief, {"reason": "—", "document": "", "end_reason": ""}),
            (DuesConsent, {"note": ""}),
        ):
            own: Any = model.__table__
            done: Any = current.execute(
                update(own)
                .where(own.c.member_id == member.id, own.c.district_id == member.district_id)
                .values(**values)
            )
            erased += done.rowcount
        told: Any = DuesReminder.__table__
        gone: Any = current.execute(
            delete(told).where(told.c.member_id == member.id, told.c.district_id == member.district_id)
        )
        erased += gone.rowcount
        reliefs = select(DuesRelief.id).where(DuesRelief.__table__.c.member_id == member.id)
        steps: Any = DuesReliefStep.__table__
        noted = steps.c.relief_id.in_(reliefs) & (steps.c.district_id == member.district_id)
        current.execute(update(steps).where(noted).values(note=""))
        # Whose line it is only the name says: a sheet that names them goes as a whole.
        erased += bases.forget(naming=member.name)
    reason = _("党费的账和凭证要保存15年，到期再删；基数和事由已抹去。") if kept else ""
    return Erasure(erased=erased, kept=kept, reason=reason)


def objections(member: MemberRef, act: str) -> list[Objection]:
    """Return what has to be cleared up before a member moves, merges, leaves or is erased."""
    found = statement(member.id)
    said: list[Objection] = []
    if found is not None and found.timeline.arrears:
        months = words.month_list(line.month for line in found.timeline.arrears)
        text = _("%(months)s的党费还没登记，请先和支部核对。", months=months)
        # A transfer is not stopped by dues: the letter says how far they are paid.
        said.append(Objection(code="dues.arrears", text=text, blocks=act == "erase"))
    if found is not None and found.credit_fen > 0:
        text = _("还有%(sum)s没用上，要先交成党费或退回。", sum=fen(found.credit_fen))
        said.append(Objection(code="dues.credit", text=text, blocks=act in ("erase", "leave")))
    if act == "merge":
        # Asked of the record that would be absorbed: the books never follow (service/moves.py).
        hindered = moves.hindrance(member)
        text = hindered or _("合并后，两条登记的党费基数、少交免交和提醒并成一份；撤销合并时各回各的。")
        said.append(Objection(code="dues.merge", text=text, blocks=bool(hindered)))
    if payments.has_open_attempt(member_id=member.id, purpose=books.PURPOSE):
        said.append(
            Objection(code="dues.attempt", text=_("有一笔付款还在查结果，请等查清再办。"), blocks=True)
        )
    return said


def parting(*, kept: MemberRef, since: datetime) -> list[Objection]:
    """Return what a merge taken back leaves as it is: what was paid since was paid for the kept record."""
    line, voucher = DuesVoucherLine.__table__.c, DuesVoucher.__table__.c
    paid = (
        select(line.month)
        .join(DuesVoucher, voucher.id == line.voucher_id)
        .where(voucher.district_id == kept.district_id, voucher.member_id == kept.id)
        .where(voucher.issued_at >= since, voucher.state == "valid")
    )
    months = sorted(set(session.scalars(paid)))
    if not months:
        return []
    text = _(
        "合并以后交的%(months)s党费记在“%(name)s”这条登记上，账和凭证不改，留在那里。恢复的登记从自己的缴至往后另算，同一个月可能两条都要交。",
        months=words.month_list(months),
        name=kept.name,
    )
    return [Objection(code="dues.paid_since", text=text, blocks=False)]
