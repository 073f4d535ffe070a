"""Fixtures of the dues tests: a branch whose books have begun, and people in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from plugins.dues.models import DuesVoucher
from plugins.dues.queries import verify
from plugins.dues.service import allocation, books, obligations, openings
from plugins.dues.service.receipts import Receipt
from plugins.dues.tests import order
from portal.api import Member, Organization, clock, ledger, session, transaction
from portal.testing import World

TODAY = date(2026, 11, 21)


@pytest.fixture
def november() -> Iterator[None]:
    """Hold the clock in November 2026."""
    with clock.frozen(TODAY):
        yield


@pytest.fixture(autouse=True)
def in_one_order(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every verb of every test takes its locks in the one order (``service/order``)."""
    if "app" not in request.fixturenames or "many_in_one" in request.fixturenames:
        yield
        return
    request.getfixturevalue("app")
    with order.watched() as watch:
        yield
    assert watch.wrong == []


@pytest.fixture
def many_in_one() -> None:
    """Let many verbs run in one transaction, where each has its own order only."""


@dataclass
class Branch:
    """One branch of one district that keeps its dues here since January 2026."""

    world: World
    start_month: str = "2026-01"
    district: Any = None
    organization: Any = None
    _ref: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.district = self.world.district()
        self.organization = self.world.organization(self.district)
        with self.inside():
            openings.start_branch(
                district=self.ref, organization=self.organization, start_month=self.start_month, by=None
            )

    @property
    def ref(self) -> Any:
        return self.world.ref(self.district)

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self.world.writing(self.district), transaction():
            yield

    def member(
        self,
        *,
        category: str | None = "retired",
        base_fen: int | None = 386_000,
        paid_through: str | None = "2026-08",
        organization: Organization | None = None,
        **values: Any,
    ) -> Member:
        """Make a member whose opening position is known: retired, 3860.00, paid until August."""
        row = self.world.member(organization or self.organization, **values)
        with self.inside():
            openings.take_over_member(
                district=self.ref,
                member=row,
                category=category,
                base_fen=base_fen,
                paid_through=paid_through,
                by=None,
            )
        return row


@pytest.fixture
def branch(world: World, november: None) -> Branch:
    """Return a branch whose books have begun."""
    return Branch(world)


def receive(branch: Branch, member: Member, amount_fen: int, *, key: str) -> None:
    """Book money for a member as ``portal.payments`` does: against the member's credit."""
    book = books.book(branch.district.id)
    posting = ledger.Posting(
        idem=f"pay:test:{key}",
        kind="receipt",
        effective_date=clock.today(),
        lines=(
            (ledger.chart.cash(1), amount_fen),
            (ledger.chart.member_credit(member.id), -amount_fen),
        ),
    )
    ledger.post_many(book=book, postings=[posting], actor="test")


def put_on_books(branch: Branch, member: Member, *months: str) -> None:
    """Put some months of one member on the books, inside the caller's transaction."""
    postings = obligations.ensure(district_id=branch.district.id, wanted={member.id: months})
    books.post(branch.district.id, postings, actor="test")


def create_months(branch: Branch, *months: str) -> None:
    """Put months on everybody's books, each in a transaction of its own, as the job does."""
    for month in months:
        with branch.inside():
            obligations.create_month(district_id=branch.district.id, month=month)


def pay(
    branch: Branch, member: Member, amount_fen: int, months: list[str], *, key: str = "F1"
) -> DuesVoucher:
    """Receive money for months and let it find its place, in one transaction, as a channel's payment does."""
    with branch.inside():
        receipt = Receipt(
            district_id=branch.district.id,
            member_id=member.id,
            months=tuple(months),
            amount_fen=amount_fen,
            source_key=key,
            paid_on=clock.today(),
            way="test",
        )
        voucher, parts = allocation.settle(receipt)
        receive(branch, member, amount_fen, key=key)
        books.post(branch.district.id, allocation._postings(receipt, parts), actor="test")
        return session.get_one(DuesVoucher, voucher.id)


def agrees(branch: Branch) -> None:
    """Every cached sum is the ledger's sum, every chain holds."""
    with branch.inside():
        assert verify.differences(branch.district.id) == []
        assert ledger.verify(books.book(branch.district.id)) == []
