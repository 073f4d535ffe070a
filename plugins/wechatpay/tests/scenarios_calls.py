"""Scenarios of our own calls: what each outcome must be, against the simulator."""

from __future__ import annotations

from paysim import ctl, orders
from portal.api import (
    Closed,
    FactState,
    Flow,
    NotFound,
    NotPaid,
    Ok,
    PaymentFact,
    RejectCategory,
    Source,
    Unknown,
)

from .world import Canned, Recorder, World, category, cause

# -- orders ----------------------------------------------------------------------------------------


def order_gives_an_instruction_for_each_flow(w: World):
    qr = w.provider.create(w.request(flow=Flow.QR)).value
    h5 = w.provider.create(w.request(flow=Flow.H5)).value
    jsapi = w.provider.create(w.request(flow=Flow.JSAPI)).value
    assert qr.code_url.startswith("weixin://wxpay/bizpayurl?pr=")
    assert (
        qr.bridge_url
        == f"{w.sim.url}/cashier/scan?code_url=weixin%3A%2F%2Fwxpay%2Fbizpayurl%3Fpr%3D"
        + (qr.code_url.rpartition("=")[2])
    )
    assert h5.redirect_url.startswith(f"{w.sim.url}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=")
    assert h5.redirect_url.endswith("&redirect_url=http%3A%2F%2F127.0.0.1%3A1%2Fback%3Fx%3D1")
    assert set(jsapi.jsapi) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert jsapi.bridge_url == f"{w.sim.url}/cashier/jsapi"


def same_number_may_be_asked_again(w: World):
    req = w.request()
    first, second = w.provider.create(req).value, w.provider.create(req).value
    assert first.code_url != second.code_url


def same_number_with_other_amount_is_refused(w: World):
    number = w.ordered()
    assert category(w.provider.create(w.request(number, amount_fen=1))) is RejectCategory.DUPLICATE


def order_on_closed_number_is_refused(w: World):
    number = w.ordered()
    w.provider.close(number)
    assert category(w.provider.create(w.request(number))) is RejectCategory.CLOSED


def order_on_paid_number_says_paid_in_both_spellings(w: World):
    number = w.paid()
    for spelling in ("ORDERPAID", "ORDER_PAID"):
        w.sim.paid_code = spelling
        assert category(w.provider.create(w.request(number))) is RejectCategory.PAID


def wrong_configuration_is_told_apart(w: World):
    other = w.sim.registry.ensure("other", "另一收款单位")
    wrong = [
        w.build(private_key=other.private_key),
        w.build(merchant_serial="7" * 40),
        w.build(appid=other.appid),
        w.build(seconds=-600),
    ]
    for provider in wrong:
        assert category(provider.create(w.request())) is RejectCategory.CONFIG


def strange_numbers_are_never_sent(w: World):
    recorder = Recorder()
    provider = w.build(recorder)
    for number in ("D1", "D|000001", "D/../0001", "D" * 33, "党费000001"):
        for ask in (provider.query, provider.close, lambda n: provider.create(w.request(n))):
            try:
                ask(number)
            except ValueError:
                continue
            raise AssertionError(number)
    assert recorder.calls == []


# -- queries ---------------------------------------------------------------------------------------


def query_follows_the_order(w: World):
    w.quiet()
    assert w.provider.query("D-NEVER-ASKED") == Ok(NotFound())
    number = w.ordered()
    assert w.provider.query(number) == Ok(NotPaid(channel_state="NOTPAY"))
    order = ctl.pay(w.sim, number)
    fact = w.provider.query(number).value
    assert (fact.out_trade_no, fact.provider_txn_id) == (number, order["transaction_id"])
    assert (fact.total_fen, fact.currency, fact.state) == (6000, "CNY", FactState.PAID)
    assert (fact.source, fact.account, fact.payer_ref) == (Source.QUERY, "demo", order["payer"])
    assert abs(fact.paid_at.timestamp() - order["paid_at"]) < 1


def refunded_order_counts_as_paid(w: World):
    number = w.paid()
    w.sim.store.run("UPDATE pay_order SET state = 'REFUND' WHERE out_trade_no = ?", number)
    fact = w.provider.query(number).value
    assert isinstance(fact, PaymentFact)
    assert fact.state is FactState.REFUNDED


def order_value_is_the_fact_where_a_coupon_helped(w: World):
    w.quiet()
    number = w.ordered()
    ctl.pay(w.sim, number, coupon_fen=100)
    assert w.provider.query(number).value.total_fen == 6000


def query_of_another_merchants_order_finds_nothing(w: World):
    number = w.paid()
    other = w.build(slug="other", made={"payee_name": "另一收款单位"})
    assert other.query(number) == Ok(NotFound())


def query_answered_with_another_order_is_not_believed(w: World):
    number, other = w.paid(), w.paid()
    shown = _seen(w, other)
    assert cause(w.build(Canned(w.sim, 200, shown)).query(number)) == "other_order"


def query_answered_for_another_merchant_is_not_believed(w: World):
    number = w.paid()
    for change in ({"mchid": "1900000000"}, {"appid": "wx0000000000000000"}):
        shown = _seen(w, number) | change
        assert cause(w.build(Canned(w.sim, 200, shown)).query(number)) == "account"


def query_in_words_we_do_not_know_is_unknown(w: World):
    number = w.paid()
    for change in (
        {"trade_state": "SOMETHING"},
        {"transaction_id": None},
        {"amount": {"total": 60.0}},
        {"amount": None},
        {"success_time": "yesterday"},
        {"success_time": "2026-11-21T12:00:00"},
    ):
        shown = _seen(w, number) | change
        assert isinstance(w.build(Canned(w.sim, 200, shown)).query(number), Unknown), change


# -- closing ---------------------------------------------------------------------------------------


def close_closes_and_may_be_asked_again(w: World):
    number = w.ordered()
    assert w.provider.close(number) == Ok(Closed())
    assert w.provider.close(number) == Ok(Closed())
    assert w.provider.query(number) == Ok(Closed())
    assert w.provider.close("D-NEVER-ASKED") == Ok(NotFound())


def close_of_a_paid_order_says_paid(w: World):
    assert category(w.provider.close(w.paid())) is RejectCategory.PAID


def payment_wins_the_race_with_close(w: World):
    w.quiet()
    number = w.ordered()
    w.fault("close", "pay_first")
    assert category(w.provider.close(number)) is RejectCategory.PAID
    assert isinstance(w.provider.query(number).value, PaymentFact)


def close_is_204_and_nothing_else(w: World):
    assert cause(w.build(Canned(w.sim, 200, {})).close("D000000001")) == "status_200"


def _seen(w: World, number: str) -> dict:
    return orders.view(w.sim, ctl.order_of(w.sim, number))
