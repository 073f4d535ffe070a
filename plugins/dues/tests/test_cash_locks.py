"""A sheet of many and whoever pays online lock in one order: the months, the vouchers' numbers, the book."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select

from plugins.dues.models import DuesCashLine, DuesObligation
from plugins.dues.service import allocation, books
from plugins.dues.service.receipts import Receipt
from plugins.dues.tests.conftest import receive
from plugins.dues.tests.test_cash import MONTHS, agrees, base, day, key, sheet, write
from portal.api import clock, session

__all__ = ["day"]


@pytest.mark.postgresql  # SQLite lets one write at a time
def test_a_payer_on_the_second_line_waits_for_no_sheet_that_waits_for_them(day):
    branch, (first, second, _), one, two = day
    taken = {f"take-{each.id}": "1" for each in (first, second)}
    write(branch, one, **taken, **{f"through-{each.id}": "2026-11" for each in (first, second)})
    made = sheet()
    with branch.inside():  # whoever stands on the last line
        last = select(DuesCashLine.member_id).where(DuesCashLine.sheet_id == made.id)
        if session.scalars(last.order_by(DuesCashLine.id)).all()[-1] == first.id:
            first, second = second, first
    url, form = f"{base(branch)}/{made.id}/confirm", {"_once": key(), "version": str(made.version)}
    receipt = Receipt(
        district_id=branch.district.id,
        member_id=second.id,
        months=tuple(MONTHS),
        amount_fen=5790,
        source_key="ONLINE",
        paid_on=clock.today(),
        way="test",
    )
    barrier, failed = threading.Barrier(2), []
    session.remove()

    def online() -> None:
        try:
            with branch.world.app.app_context(), branch.inside():
                assert len(allocation._months(receipt)[0]) == 3
                barrier.wait()
                time.sleep(1)  # until the sheet has come to these months, and waits
                _voucher, parts = allocation.settle(receipt)
                receive(branch, second, 5790, key="ONLINE")
                books.post(branch.district.id, allocation._postings(receipt, parts), actor="test")
        except BaseException as error:
            failed.append(error)

    payer = threading.Thread(target=online)
    payer.start()
    barrier.wait()
    answer = two.post(url, data={**form, "counted": "115.80"})
    payer.join()
    assert (answer.status_code, failed) == (303, [])
    with branch.inside():
        found = select(DuesObligation.paid_fen).where(DuesObligation.member_id.in_((first.id, second.id)))
        assert session.scalars(found).all() == [1930] * 6
        assert books.credit_of(branch.district.id, second.id) == 5790
    agrees(branch)
