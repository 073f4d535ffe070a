"""Many receipts at once: every one has its voucher, and the numbers have no gap."""

from __future__ import annotations

import threading

from sqlalchemy import select

from plugins.dues.models import DuesVoucher
from plugins.dues.tests.conftest import Branch, agrees, pay
from portal.api import session

AT_ONCE, EACH = 10, 5


def test_fifty_receipts_at_once_are_numbered_without_gaps(branch: Branch) -> None:
    members = [branch.member() for _ in range(AT_ONCE)]
    session.remove()
    start, failures = threading.Barrier(AT_ONCE), []

    def work(number: int) -> None:
        try:
            with branch.world.app.app_context():
                start.wait()
                for turn in range(EACH):
                    pay(branch, members[number], 500, ["2026-09", "2026-10"], key=f"F{number}-{turn}")
                session.remove()
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    with branch.inside():
        numbers = session.scalars(select(DuesVoucher.number).order_by(DuesVoucher.number)).all()
    assert list(numbers) == list(range(1, AT_ONCE * EACH + 1))
    agrees(branch)
