"""One district with a merchant account at the played channel, and a member who owes three months."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from portal import jobs
from portal.database import session
from portal.payments import accounts, send_create, start_attempt
from portal.payments.contract import Flow
from portal.payments.purpose import PayLine
from tests.payments import channel

MONTHS = ("2026-09", "2026-10", "2026-11")
LINES = tuple(PayLine(reference=month, amount_fen=2000) for month in MONTHS)


def install(app):
    """Put the played channel into a running application."""
    registry = app.extensions["portal.registry"]
    registry._admit("testpay", channel.TestPay())
    if "portal.jobs" not in app.extensions:
        jobs.configure(app)


def forget():
    channel.CHANNEL.__init__()
    channel.FEES.__init__()


@pytest.fixture
def till(app, world):
    """Everything a payment needs; the scope of the district is open."""
    forget()
    install(app)
    district = world.district(plugins=("testpay",))
    branch = world.organization(district)
    member = world.member(branch)
    payer = world.account(member)
    collector = world.account(role="dues_collector", organization=branch)
    with world.writing(district):
        account = accounts.create_account(
            district_id=district.id,
            provider="testpay",
            slug="test-a",
            purpose="fees",
            payee_name="测试区委组织部党费专户",
            actor=None,
        )
        for month in MONTHS:
            channel.FEES.owed[member.id, month] = 2000
        yield SimpleNamespace(
            district=district,
            branch=branch,
            member=member,
            payer=payer,
            collector=collector,
            account=account,
            channel=channel.CHANNEL,
            fees=channel.FEES,
        )


@pytest.fixture
def order(till):
    """An order at the channel that has been paid there; nobody has told us yet."""
    attempt = send_create(
        start_attempt(
            account=till.account,
            member_id=till.member.id,
            lines=LINES,
            flow=Flow.QR,
            form_token="t1",
            payer_account_id=till.payer.id,
        )
    )
    till.channel.pay(attempt.out_trade_no)
    session.rollback()
    return attempt
