"""Do the cached sums of the months say what the ledger says?"""

from __future__ import annotations

from dataclasses import dataclass

from portal.api import ledger, rows, session

from ..models import DuesObligation
from ..service import books


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A month whose open sum here is not the ledger's (fen)."""

    member_id: int
    month: str
    here_fen: int
    ledger_fen: int


def differences(district_id: int) -> list[Difference]:
    """Compare every month's open sum with its memo account; an empty list is what there should be."""
    table = DuesObligation.__table__.c
    here = {
        ledger.chart.assessed(row.member_id, row.month).code: row
        for row in session.execute(
            rows(
                DuesObligation,
                table.member_id,
                table.month,
                (table.due_fen - table.relief_fen - table.paid_fen).label("open_fen"),
            ).where(table.district_id == district_id)
        )
    }
    book = ledger.find_book(district_id=district_id, purpose=books.PURPOSE)
    control = ledger.chart.assessment_control().code
    sums = ledger.balances(book, kind=ledger.Kind.MEMO) if book else {}
    sums.pop(control, None)
    found = []
    for code in sorted(set(here) | set(sums)):
        row = here.get(code)
        here_fen = row.open_fen if row else 0
        if here_fen != sums.get(code, 0):
            _, _, member_id, month = code.split(":")
            found.append(
                Difference(
                    member_id=int(member_id), month=month, here_fen=here_fen, ledger_fen=sums.get(code, 0)
                )
            )
    return found
