"""What one verified notification costs the database: each statement by name, and one commit."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import event

from paysim import ctl, sealed
from paysim.outbox import Plan
from paysim.testing import paysim, paysim_process  # noqa: F401  fixtures
from plugins.dues.months import shifted
from plugins.dues.service import obligations, openings
from portal import clock, database, payments
from portal.database import is_postgresql, session, transaction
from portal.payments import accounts
from portal.payments.contract import Flow
from portal.payments.purpose import PayLine
from portal.testing import queries
from tests.journeys.test_member_pays_dues import Till, till  # noqa: F401  a fixture

ORDINARY = [
    "SELECT merchant_account",
    # One transaction from here: received, marked paid, given its place, written into the books.
    "INSERT payment_inbox",
    "UPDATE payment_attempt",
    "UPDATE dues_obligation",
    "UPDATE dues_voucher_series",
    "INSERT dues_voucher",
    "INSERT dues_voucher_line",
    "INSERT audit",
    "SELECT ledger_book",
    "INSERT ledger_entry",
    "INSERT ledger_entry",
    "INSERT ledger_line",
    "INSERT ledger_seal",
    "UPDATE ledger_book",
    "INSERT payment_fact",
]
#: Whoever has an account is told: in the portal, and by a message that leaves after the commit.
TOLD = [
    "SELECT district",
    "INSERT notice",
    "SELECT notice_preference",
    "INSERT notice_delivery",
    "INSERT job",
]
#: PostgreSQL locks the book in a statement of its own; SQLite has its one write lock.
LOCK = "SELECT ledger_book"
_NAME = re.compile(r"(SELECT|INSERT INTO|UPDATE) (\w+)")


def call(till: Till, member: Any, month: str) -> tuple[str, dict[str, str], bytes]:  # noqa: F811
    """Let a member pay one month at the channel and keep the notification."""
    with till.world.writing(till.district):
        account = accounts.of_district(till.district.id)[0]
        attempt = payments.start_attempt(
            account=account,
            member_id=member.id,
            lines=[PayLine(reference=month, amount_fen=1930)],
            flow=Flow.QR,
            form_token=f"cost-{member.id}-{month}",
            payer_account_id=None,
            client_ip="127.0.0.1",
        )
        number, slug = payments.send_create(attempt).out_trade_no, account.slug
    session.remove()
    till.sim.outbox.plans[number] = Plan(drop=True)
    ctl.pay(till.sim, number)
    order = till.sim.store.one("SELECT * FROM pay_order WHERE out_trade_no = ?", number)
    headers, body = sealed.notification(till.sim, order, till.sim.uuid())
    return f"/hooks/wechatpay/{slug}/pay", headers, body


def cost(client: Any, notification: tuple[str, dict[str, str], bytes]) -> tuple[list[str], int]:
    """Deliver a notification; return what was done to which table, and how many commits there were."""
    path, headers, body = notification
    commits: list[int] = []

    def note(_connection: Any) -> None:
        commits.append(1)

    event.listen(database.db.engine, "commit", note)
    try:
        with queries() as seen:
            reply = client.post(path, data=body, headers=headers)
    finally:
        event.remove(database.db.engine, "commit", note)
    assert reply.status_code == 204
    named = [_named(statement) for statement in seen]
    if is_postgresql() and LOCK in named:
        named.remove(LOCK)
    return named, len(commits)


def _named(statement: str) -> str:
    """Say what a statement does to which table (of a SELECT: that of its first column)."""
    found = _NAME.match(statement)
    return f"{found[1].split()[0]} {found[2]}" if found else statement


@pytest.fixture
def neighbours(till: Till) -> tuple[Any, Any]:  # noqa: F811
    """Two more members of the branch without an account, who owe the same months."""
    found = [till.world.member(till.branch) for _ in range(2)]
    with till.world.writing(till.district), transaction():
        for member in found:
            openings.take_over_member(
                district=till.world.ref(till.district),
                member=member,
                category="retired",
                base_fen=386_000,
                paid_through=shifted(clock.month(), -3),
                by=None,
            )
        for month in till.months:
            obligations.create_month(district_id=till.district.id, month=month)
    return found[0], found[1]


def begun(client: Any, till: Till, first: Any, second: Any) -> None:  # noqa: F811
    """Let the provider's keys be read, and the accounts of two months and of both members be opened."""
    for member, month in ((first, till.months[0]), (first, till.months[1]), (second, till.months[0])):
        cost(client, call(till, member, month))


def test_a_notification_costs_fourteen_statements_and_one_commit(
    till: Till,  # noqa: F811
    neighbours: tuple[Any, Any],
    client: Any,
) -> None:
    first, second = neighbours
    begun(client, till, first, second)
    one = call(till, second, till.months[1])
    assert cost(client, one) == (ORDINARY, 1)
    assert cost(client, one) == (
        [
            "SELECT merchant_account",
            "INSERT payment_inbox",
            "UPDATE payment_inbox",
            "UPDATE payment_attempt",
            "SELECT payment_attempt",
            "SELECT payment_fact",
        ],
        1,
    )
    vouchers, _states, credit = till.counts()
    assert (vouchers, credit) == (4, 0)


def test_whoever_has_an_account_is_told_for_five_more(
    till: Till,  # noqa: F811
    neighbours: tuple[Any, Any],
    client: Any,
) -> None:
    begun(client, till, neighbours[0], till.member)
    seen, commits = cost(client, call(till, till.member, till.months[1]))
    after = ORDINARY.index("INSERT audit") + 1
    assert (seen, commits) == (ORDINARY[:after] + TOLD + ORDINARY[after:], 1)
