"""The provider without a channel: it never asks for money, never believes a callback."""

from __future__ import annotations

import pytest

from plugins.offline_payment.plugin import plugin
from plugins.offline_payment.provider import OfflinePayment
from portal.api import BadNotification, MerchantAccountInfo, NotFound, Ok, RawRequest, clock, payments
from portal.testing import World


def account(**settings: str) -> MerchantAccountInfo:
    return MerchantAccountInfo(
        slug="dues-cash",
        provider="offline_payment",
        mchid="",
        appid="",
        base_url="",
        payee_name="某地党费",
        settings=settings,
    )


def test_means_that_nobody_knows_are_refused():
    with pytest.raises(ValueError, match="收款方式"):
        OfflinePayment(account(means="bitcoin"))
    OfflinePayment(account(means="pos"))


def test_no_order_no_fact_no_callback():
    provider = OfflinePayment(account())
    assert isinstance(provider.query("D1"), Ok) and isinstance(provider.query("D1").value, NotFound)
    assert isinstance(provider.close("D1").value, NotFound)
    with pytest.raises(BadNotification):
        provider.parse_notification(RawRequest(headers={}, body=b"{}", received_at=clock.now()))
    assert provider.ack(False).status == 404


def test_members_are_never_offered_to_pay_by_hand_online(world: World):
    here = world.district()
    spec = next(iter(plugin.payment_providers(district=world.ref(here))))
    with world.writing(here):
        payments.create_account(
            district_id=here.id,
            provider=spec.id,
            slug="dues-cash-x",
            purpose="dues",
            payee_name="某地党费",
            settings={"means": "cash"},
        )
        assert payments.ways(world.ref(here), purpose="dues", user_agent="") == []


def test_a_callback_to_a_cash_account_is_refused(world: World):
    here = world.district()
    with world.writing(here):
        payments.create_account(
            district_id=here.id,
            provider="offline_payment",
            slug="dues-cash-y",
            purpose="dues",
            payee_name="某地党费",
            settings={"means": "cash"},
            active=True,
        )
    answer = world.browser().post("/hooks/offline_payment/dues-cash-y/pay", data=b"{}")
    assert 400 <= answer.status_code < 500
