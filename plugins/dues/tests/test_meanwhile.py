"""A month comes onto the books at the instant at which somebody decides what it owes: it owes that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from plugins.dues.models import DuesAssessment, DuesRelief
from plugins.dues.service import assessments, obligations, relief_ends, reliefs
from plugins.dues.tests.conftest import Branch, agrees
from plugins.dues.tests.test_decisions import propose, somebody, sums
from portal.api import session, transaction

# SQLite lets one write at a time.
pytestmark = pytest.mark.postgresql

MONTH = "2026-12"
_WAITS = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


def base(branch: Branch) -> tuple[Callable[[], Any], tuple[Any, ...]]:
    """A new base, confirmed; left is its approval."""
    member = branch.member()
    collector, treasurer = somebody(branch), somebody(branch)
    with branch.inside():
        row = assessments.draft(
            district=branch.ref,
            member=member,
            category="retired",
            base_fen=600_000,
            from_month=MONTH,
            origin="sheet",
            by=collector.account_id,
        )
        assessments.confirm(row, version=row.version, by=somebody(branch, member))
        number = row.id

    def approve() -> None:
        found = session.get_one(DuesAssessment, number)
        assessments.approve([(found, found.version)], by=treasurer)

    return approve, (MONTH, "open", 6000, 0, 0)


def relief(branch: Branch, *, taken_back: bool = False) -> tuple[Callable[[], Any], tuple[Any, ...]]:
    """A waiver, proposed (or in force); left is the decision (or its end)."""
    member = branch.member()
    secretary, other = somebody(branch), somebody(branch)
    with branch.inside():
        row = propose(branch, member, secretary, from_month="2026-11", to_month=MONTH)
        number = row.id
        if taken_back:
            reliefs.decide(row, version=row.version, accept=True, note="", by=other)

    def decide() -> None:
        found = session.get_one(DuesRelief, number)
        if taken_back:
            relief_ends.end(found, from_month=MONTH, version=found.version, reason="情况变了", by=other)
        else:
            reliefs.decide(found, version=found.version, accept=True, note="", by=other)

    return decide, (MONTH, "open" if taken_back else "waived", 1930, 0 if taken_back else 1930, 0)


def ended(branch: Branch) -> tuple[Callable[[], Any], tuple[Any, ...]]:
    return relief(branch, taken_back=True)


@pytest.mark.parametrize("decided", [base, relief, ended])
@pytest.mark.parametrize("first", ["the month", "the decision"])
def test_the_month_owes_what_was_decided(
    branch: Branch, decided: Callable[[Branch], tuple[Callable[[], Any], tuple[Any, ...]]], first: str
) -> None:
    decide, expected = decided(branch)
    district_id = branch.district.id

    def month() -> None:
        obligations.create_month(district_id=district_id, month=MONTH)

    one, two = (month, decide) if first == "the month" else (decide, month)
    done, failed = threading.Event(), []
    session.remove()

    def begins() -> None:
        try:
            with branch.world.app.app_context(), branch.inside(), transaction():
                one()
                done.set()
                # Written and not committed, until the other one waits; who would not wait has come and gone.
                end = time.monotonic() + 5
                while not session.scalar(_WAITS) and time.monotonic() < end:
                    time.sleep(0.05)
        except BaseException as error:
            failed.append(error)
            done.set()

    thread = threading.Thread(target=begins)
    thread.start()
    assert done.wait(30)
    with branch.inside():
        two()
    thread.join()
    assert failed == []
    assert sums(branch) == [expected]
    agrees(branch)
