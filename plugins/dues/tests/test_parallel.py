"""Many receipts at once: every one has its voucher, and the numbers have no gap."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import select

from plugins.dues.models import DuesObligation, DuesVoucher
from plugins.dues.service import allocation, books
from plugins.dues.tests.conftest import Branch, agrees, create_months, pay, receive
from portal.api import Conflict, session

AT_ONCE, EACH = 10, 5


def at_once(branch: Branch, work: Callable[[int], None]) -> None:
    """Do the work of ten people at the same instant, each in a thread."""
    session.remove()
    start, failures = threading.Barrier(AT_ONCE), []

    def one(number: int) -> None:
        try:
            with branch.world.app.app_context():
                start.wait()
                work(number)
                session.remove()
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=one, args=(number,)) for number in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []


def test_ten_receipts_for_one_month_pay_it_once(branch: Branch) -> None:
    member = branch.member()
    pay(branch, member, 930, ["2026-09"], key="first")
    at_once(branch, lambda number: pay(branch, member, 1000, ["2026-09"], key=f"F{number}") and None)
    with branch.inside():
        month = session.scalars(select(DuesObligation)).one()
        assert (month.paid_fen, month.state) == (1930, "paid")
        credits = session.scalars(select(DuesVoucher.credit_fen).order_by(DuesVoucher.credit_fen)).all()
        assert list(credits) == [0, 0] + [1000] * (AT_ONCE - 1)
        assert books.credit_of(branch.district.id, member.id) == 1000 * (AT_ONCE - 1)
    agrees(branch)


def test_fifty_receipts_at_once_are_numbered_without_gaps(branch: Branch) -> None:
    members = [branch.member() for _ in range(AT_ONCE)]

    def work(number: int) -> None:
        for turn in range(EACH):
            pay(branch, members[number], 500, ["2026-09", "2026-10"], key=f"F{number}-{turn}")

    at_once(branch, work)
    with branch.inside():
        numbers = session.scalars(select(DuesVoucher.number).order_by(DuesVoucher.number)).all()
    assert list(numbers) == list(range(1, AT_ONCE * EACH + 1))
    agrees(branch)


def test_ten_forms_spend_one_credit_once(branch: Branch) -> None:
    # Each for another month: no month's lock keeps them apart.
    member = branch.member(paid_through="2025-12")
    months = [f"2026-{number:02d}" for number in range(1, AT_ONCE + 1)]
    create_months(branch, *months)
    with branch.inside():
        receive(branch, member, 1930, key="F")

    def work(number: int) -> None:
        with suppress(Conflict), branch.inside():
            allocation.use_credit(
                district_id=branch.district.id,
                member_id=member.id,
                months=[months[number]],
                source_key=f"C{number}",
                actor="test",
            )

    at_once(branch, work)
    with branch.inside():
        assert books.credit_of(branch.district.id, member.id) == 0
        assert session.scalars(select(DuesVoucher.number)).all() == [1]
    agrees(branch)
