"""Everything at once in one branch: the verbs of dues wait for each other in one order, nobody for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from plugins.dues.models import DuesAssessment, DuesCashSheet, DuesVoucher
from plugins.dues.queries.statement import statement
from plugins.dues.service import allocation, assessments, bases, books, cash, obligations, vouchers
from plugins.dues.tests.conftest import Branch, agrees, pay, receive
from plugins.dues.tests.test_allocation import Treasurer
from portal.api import Actor, Flow, Member, PaymentFact, Source, clock, payments, session
from portal.testing import postgresql

# SQLite lets one write at a time.
pytestmark = pytest.mark.postgresql

ROUNDS = 6
NOW, NEXT = ["2026-09", "2026-10", "2026-11"], "2026-12"


class House:
    """A branch, its people, and what they do in a round: each verb is prepared, then all run at once."""

    def __init__(self, branch: Branch) -> None:
        self.branch, world = branch, branch.world
        self.collectors = [Actor(account_id=self.staff(), person_id=None) for _ in range(2)]
        self.drafter, self.confirmer, self.approver = (
            Treasurer(account_id=world.account(role="treasurer", district=branch.district).id)
            for _ in range(3)
        )
        with branch.inside():
            self.account = payments.create_account(
                district_id=branch.district.id,
                provider="offline_payment",
                slug="online",
                purpose=books.PURPOSE,
                payee_name="党费",
                actor=None,
            )

    def staff(self) -> int:
        here = self.branch.organization
        return self.branch.world.account(role="dues_collector", organization=here).id

    def verbs(self, number: int) -> list[Callable[[], object]]:
        branch = self.branch
        one, ahead, first, second, rich, *risen = [branch.member() for _ in range(7)]
        for month in NOW:
            with branch.inside():
                obligations.create_month(district_id=branch.district.id, month=month)
        wrong = pay(branch, one, 930, NOW[:1], key=f"wrong-{number}").id
        with branch.inside():
            receive(branch, rich, 6000, key=f"rich-{number}")
        return [
            self.online(one, NOW[-1], f"one-{number}"),
            self.online(ahead, "2027-01", f"ahead-{number}"),
            self.online(risen[0], NOW[-1], f"risen-{number}"),
            self.sheet([(second, NEXT, 1930 * 4), (first, NOW[-1], 1930 * 3)]),
            self.approval(risen),
            lambda: vouchers.void(
                session.get_one(DuesVoucher, wrong), version=1, reason="录错了人", by=self.approver
            ),
            lambda: obligations.create_month(district_id=branch.district.id, month=NEXT),
            lambda: allocation.use_credit(
                district_id=branch.district.id,
                member_id=rich.id,
                months=[*NOW, NEXT],
                source_key=f"credit-{number}",
                actor="test",
            ),
        ]

    def online(self, member: Member, through: str, name: str) -> Callable[[], object]:
        """Order; what is left is the channel's word that it holds the money."""
        with self.branch.inside():
            found = statement(member.id)
            assert found is not None
            choice = found.timeline.choice(through)
            assert choice is not None
            owed = {line.month: line.open_fen for line in found.timeline.lines}
            attempt = payments.start_attempt(
                account=self.account,
                member_id=member.id,
                lines=[payments.PayLine(reference=month, amount_fen=owed[month]) for month in choice.months],
                flow=Flow.QR,
                form_token=name,
                payer_account_id=None,
            )
            fact = PaymentFact(
                account=self.account.slug,
                out_trade_no=attempt.out_trade_no,
                provider_txn_id=name,
                total_fen=attempt.amount_fen,
                paid_at=clock.now(),
                raw_sha256=name,
                source=Source.NOTIFY,
            )
        return lambda: payments.apply_fact(fact, account=self.account)

    def sheet(self, taken: list[tuple[Member, str, int]]) -> Callable[[], object]:
        """Write and hand over a cash sheet; what is left is to count and confirm it."""
        branch, (collector, other) = self.branch, self.collectors
        entries = {one.id: cash.Entry(through=through, amount_fen=fen) for one, through, fen in taken}
        with branch.inside():
            made = cash.open_sheet(
                district=branch.ref, organization_id=branch.organization.id, actor=collector
            )
            cash.write(made, entries, version=made.version, day=clock.today(), actor=collector)
            cash.hand_over(made, version=made.version, actor=collector)
            sheet_id, version = made.id, made.version
        return lambda: cash.confirm(
            session.get_one(DuesCashSheet, sheet_id),
            version=version,
            counted_fen=sum(fen for _member, _through, fen in taken),
            district=branch.ref,
            actor=other,
        )

    def approval(self, members: list[Member]) -> Callable[[], object]:
        """Propose a higher base to some; what is left is to approve all of them."""
        chosen = []
        with self.branch.inside():
            for member in members:
                row = assessments.draft(
                    district=self.branch.ref,
                    member=member,
                    category="retired",
                    base_fen=600_000,
                    from_month=NOW[-1],
                    origin="branch",
                    by=self.drafter.account_id,
                )
                assessments.confirm(row, version=row.version, by=self.confirmer, how="paper")
                chosen.append((row.id, row.version))
        return lambda: bases.decide(chosen[::-1], "approve", reason="", actor=self.approver)


def at_once(branch: Branch, verbs: list[Callable[[], object]]) -> list[BaseException]:
    """Run the verbs at the same instant, each in a thread and a transaction; return what went wrong."""
    session.remove()
    start, failures = threading.Barrier(len(verbs)), []

    def one(place: int, verb: Callable[[], object]) -> None:
        try:
            with branch.world.app.app_context():
                start.wait()
                if place < 3:  # a channel's word has a transaction of its own
                    verb()
                else:
                    with branch.inside():
                        verb()
                session.remove()
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=one, args=pair) for pair in enumerate(verbs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return failures


def deadlocks() -> int:
    """Return how many deadlocks the server has broken in this test's database."""
    engine: Any = session.get_bind()
    session.remove()
    engine.dispose()  # a server process tells its counters at the latest when it ends
    with postgresql.underneath() as superuser:
        found = superuser.execute(
            text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        )
        return int(found.scalar_one())


def test_who_pays_counts_decides_and_corrects_at_once_is_never_broken_off(branch: Branch) -> None:
    house, before, failures = House(branch), deadlocks(), []
    for number in range(ROUNDS):
        failures += at_once(branch, house.verbs(number))
    assert [f"{type(one).__name__}: {str(one)[:200]}" for one in failures] == []
    assert deadlocks() == before
    with branch.inside():
        numbers = session.scalars(select(DuesVoucher.number).order_by(DuesVoucher.number)).all()
        # in each round: the wrong one, three online, two of the sheet, one out of credit
        assert list(numbers) == list(range(1, ROUNDS * 7 + 1))
        states = session.scalars(select(DuesAssessment.state).where(DuesAssessment.amount_fen > 1930)).all()
        assert list(states) == ["approved"] * (ROUNDS * 2)
    agrees(branch)
