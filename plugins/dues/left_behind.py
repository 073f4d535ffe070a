"""What a branch would leave behind if it were dissolved: cash on its way, decisions nobody could take."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func

from portal.api import Fen, Objection, fen, ngettext, rows, session

from .models import DuesCashSheet, DuesObligation, DuesRelief
from .models.obligation import PAYABLE


def objections(organization_id: int) -> list[Objection]:
    """Return what has to be brought to its end first, and the months that stay unpaid in the books."""
    found = []
    count = _count(DuesCashSheet, organization_id, "draft", "handed_over")
    if count:
        text = ngettext("%(num)s张现金登记单还没核对完", "%(num)s张现金登记单还没核对完", count)
        found.append(Objection(code="dues.cash", text=text))
    count = _count(DuesCashSheet, organization_id, "confirmed", more=_sheet.c.deposit_id.is_(None))
    if count:
        text = ngettext("%(num)s张现金登记单的钱还没存到银行", "%(num)s张现金登记单的钱还没存到银行", count)
        found.append(Objection(code="dues.deposit", text=text))
    count = _count(DuesRelief, organization_id, "proposed", "branch_approved")
    if count:
        text = ngettext("%(num)s件少交免交还没审批完", "%(num)s件少交免交还没审批完", count)
        found.append(Objection(code="dues.relief", text=text))
    return [*found, *_unpaid(organization_id)]


_sheet: Any = DuesCashSheet.__table__


def _count(model: Any, organization_id: int, *states: str, more: Any = None) -> int:
    table = model.__table__
    found = rows(model, func.count()).where(
        table.c.organization_id == organization_id, table.c.state.in_(states)
    )
    return int(session.execute(found if more is None else found.where(more)).scalar_one())


def _unpaid(organization_id: int) -> list[Objection]:
    """Say which months stay open in the books: they belong to people who are gone, and stop nothing."""
    own: Any = DuesObligation.__table__.c
    found = rows(
        DuesObligation,
        func.count().label("months"),
        func.coalesce(func.sum(own.due_fen - own.relief_fen - own.paid_fen, type_=Fen), 0).label("open_fen"),
    ).where(own.organization_id == organization_id, own.state.in_(PAYABLE))
    row = session.execute(found).one()
    if not row.months:
        return []
    text = ngettext(
        "%(num)s个月的党费没有交清，共%(sum)s，账上会一直留着。",
        "%(num)s个月的党费没有交清，共%(sum)s，账上会一直留着。",
        row.months,
        sum=fen(row.open_fen),
    )
    return [Objection(code="dues.unpaid", text=text, blocks=False)]
