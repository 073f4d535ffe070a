"""The branch's year as the 党费收缴台账, on the screen and as a sheet: the same rows, the same rights."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask import Response, abort, g, request

from portal.api import audit, clock, district, hands_out, render, requires, sheet_kit, transaction
from portal.api import gettext as _

from .. import page_words as words
from ..amounts import percent, yuan
from ..category_words import on_screen
from ..queries import ledger as queries
from ..queries.branch import BranchPlace
from . import dues
from .branch import own_branch
from .downloads import attachment

#: 月工资收入, 月应缴, 全年应缴, 全年实缴.
_SUMS = (2, 4, 5, 6)
_YEAR = re.compile(r"20\d\d", re.ASCII)


@dues.get("/ledger")
@requires("dues.collect")
def ledger() -> Any:
    """Show the year: what each member owed and paid."""
    chosen, places = own_branch()
    year, with_bases = _year(), _with_bases(chosen)
    found = queries.lines(chosen.id, year, with_bases=with_bases)
    if with_bases and found:
        audit.record_view(
            ("organization", chosen.id), actor=g.actor, district=district(), action="dues.ledger.view"
        )
    headers, rows, total = table(found, with_bases=with_bases)
    now = int(clock.month()[:4])
    return render(
        "dues/ledger.html",
        branch=chosen,
        branches=[(str(one.id), one.name) for one in places],
        year=year,
        years=[(str(one), _("%(year)s年", year=one)) for one in range(now + 1, now - 4, -1)],
        headers=headers,
        rows=rows,
        total=total,
        with_bases=with_bases,
    )


@dues.post("/ledger")
@hands_out
@requires("dues.collect")
def ledger_export() -> Response:
    """Hand the same rows out as a sheet; the export is on record (rule K13)."""
    chosen, _places = own_branch()
    year, with_bases = _year(), _with_bases(chosen)
    kind = request.form.get("as", "xlsx")
    if kind not in ("xlsx", "csv"):
        abort(400)
    found = queries.lines(chosen.id, year, with_bases=with_bases)
    headers, shown, total = table(found, with_bases=with_bases)
    rows: list[list[Any]] = [_numbers(row) for row in shown]
    if not with_bases:
        total[-1] = _("月工资收入和执行标准属于敏感信息，您的权限看不到，留空。")
    with transaction():
        audit.record(
            "dues.ledger.export",
            ("organization", chosen.id),
            actor=g.actor,
            district=district(),
            detail={"rows": len(rows), "year": year, "kind": kind, "bases": with_bases},
        )
    name = f"{chosen.name}{year}年党费收缴台账.{kind}"
    if kind == "csv":
        return attachment(
            b"".join(sheet_kit.write_csv(headers, [*rows, _numbers(total)])), name, sheet_kit.CSV
        )
    stream = io.BytesIO()
    widths = [6, 14, 14, 16, 12, 12, 12, 36]
    sheet_kit.write_xlsx(stream, headers, [*rows, _numbers(total)], name="党费收缴台账", widths=widths)
    return attachment(stream.getvalue(), name, sheet_kit.XLSX)


def table(
    found: list[queries.LedgerLine], *, with_bases: bool
) -> tuple[list[str], list[list[str]], list[str]]:
    """Return headers, rows and the row of totals as they stand in the sheet; amounts in yuan."""
    headers = ["序号", "党员姓名", "月工资收入", "执行标准", "月应缴", "全年应缴", "全年实缴", "备注"]
    rows = [
        [
            str(number),
            line.name,
            "" if line.base_fen is None else yuan(line.base_fen),
            percent(line.rate) if line.rate is not None else on_screen(line.category_label),
            "" if line.monthly_fen is None else yuan(line.monthly_fen),
            yuan(line.due_fen),
            yuan(line.paid_fen),
            _remark(line),
        ]
        for number, line in enumerate(found, start=1)
    ]
    due, paid = sum(line.due_fen for line in found), sum(line.paid_fen for line in found)
    return headers, rows, ["", "合计", "", "", "", yuan(due), yuan(paid), ""]


def _numbers(row: Sequence[str]) -> list[Any]:
    """Turn the row's number and its sums into numbers: staff add them up in their spreadsheet."""
    found: list[Any] = list(row)
    for column in _SUMS:
        if row[column]:
            found[column] = Decimal(row[column])
    if row[0]:
        found[0] = int(row[0])
    return found


def _remark(line: queries.LedgerLine) -> str:
    said = []
    if line.monthly_fen is None:
        said.append(_("还没核定"))
    if line.waived:
        said.append(_("免交：%(months)s", months=words.month_list(line.waived)))
    if line.reduced:
        said.append(_("少交：%(months)s", months=words.month_list(line.reduced)))
    return "；".join(said)


def _with_bases(chosen: BranchPlace) -> bool:
    return bool(g.actor.can("dues.assess", chosen.path))


def _year() -> int:
    text = request.values.get("year") or request.values.get("month", "")[:4] or clock.month()[:4]
    if not _YEAR.fullmatch(text):
        abort(404)
    return int(text)
