"""Scenarios of our own calls: what each outcome must be, against the simulator."""

from __future__ import annotations

import requests

from paysim import ctl
from portal.api import (
    Closed,
    FactState,
    Flow,
    NotFound,
    NotPaid,
    Ok,
    PaymentFact,
    RejectCategory,
    Rejected,
    Source,
    Unknown,
)

from .world import Canned, Recorder, World

BROKEN = ("reset", "half_body", "500", "502", "503", "429", "202")
UNPROVEN = ("probe", "unsigned", "wrong_signature", "unknown_serial", "old_timestamp")


def category(outcome) -> RejectCategory:
    assert isinstance(outcome, Rejected), outcome
    return outcome.category


def cause(outcome) -> str:
    assert isinstance(outcome, Unknown), outcome
    return outcome.cause


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


# -- unknown ---------------------------------------------------------------------------------------


def order_whose_reply_breaks_is_unknown_and_may_be_asked_again(w: World):
    for mode in (*BROKEN, *UNPROVEN):
        req = w.request()
        w.fault("create", mode)
        assert isinstance(w.provider.create(req), Unknown), mode
        assert w.provider.query(req.out_trade_no) == Ok(NotPaid(channel_state="NOTPAY")), mode
        assert isinstance(w.provider.create(req), Ok), mode


def close_whose_reply_breaks_is_unknown_and_was_done(w: World):
    for mode in ("reset", "500", "502", "429", "202", *UNPROVEN):
        number = w.ordered()
        w.fault("close", mode)
        assert isinstance(w.provider.close(number), Unknown), mode
        assert w.provider.query(number) == Ok(Closed()), mode


def query_whose_reply_breaks_is_unknown(w: World):
    number = w.paid()
    for mode in (*BROKEN, *UNPROVEN):
        w.fault("query", mode)
        assert isinstance(w.provider.query(number), Unknown), mode
    assert isinstance(w.provider.query(number).value, PaymentFact)


def reply_that_never_comes_is_unknown(w: World):
    provider = w.build(timeout=(1, 0.2))
    w.fault("create", "hang", seconds=0.6)
    assert cause(provider.create(w.request())) == "timeout"


def unproven_replies_say_why(w: World):
    number = w.paid()
    expected = {
        "probe": "unverified_probe",
        "unsigned": "unverified_headers",
        "wrong_signature": "unverified_signature",
        "unknown_serial": "unverified_serial",
        "old_timestamp": "unverified_skew",
    }
    for mode, why in expected.items():
        w.fault("query", mode)
        assert cause(w.provider.query(number)) == why


def refusal_that_is_signed_must_be_signed_rightly(w: World):
    w.fault("query", "signed_refusal")
    assert w.provider.query("D-NEVER-ASKED") == Ok(NotFound())
    w.fault("query", "bad_signed_refusal")
    assert cause(w.provider.query("D-NEVER-ASKED")) == "unverified_signature"


def refusal_without_wechats_code_is_no_refusal(w: World):
    for status, body in ((404, b""), (403, b"<html>"), (400, b"[]"), (400, b"{}"), (400, b'{"code": 7}')):
        provider = w.build(Canned(w.sim, status, body=body, signed=False))
        assert cause(provider.close("D000000001")) == f"status_{status}"


def system_error_in_a_4xx_is_no_refusal(w: World):
    for code in ("SYSTEM_ERROR", "SYSTEMERROR", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"):
        provider = w.build(Canned(w.sim, 403, {"code": code, "message": ""}, signed=False))
        assert isinstance(provider.close("D000000001"), Unknown)


def redirects_are_not_followed(w: World):
    recorder = Recorder()
    w.build(recorder).query("D000000001")
    assert recorder.calls[0][2]["allow_redirects"] is False
    assert cause(w.build(Canned(w.sim, 302, signed=False)).query("D000000001")) == "status_302"


def every_call_has_time_outs(w: World):
    recorder = Recorder()
    provider = w.build(recorder)
    provider.query("D000000001")
    provider.client.fetch_certificates()
    provider.identify("code")
    assert [call[2]["timeout"] for call in recorder.calls] == [(3, 10)] * 3


def huge_and_shapeless_replies_are_unknown(w: World):
    huge = Canned(w.sim, 200, body=b'{"trade_state": "' + b"x" * (1 << 20) + b'"}')
    assert cause(w.build(huge).query("D000000001")) == "reply_size"
    for body in (b"not json", b"[1]", b'"text"'):
        assert cause(w.build(Canned(w.sim, 200, body=body)).query("D000000001")) == "not_json"
    for flow in (Flow.QR, Flow.H5, Flow.JSAPI):
        for data in ({}, {"code_url": 7, "h5_url": "", "prepay_id": None}):
            assert cause(w.build(Canned(w.sim, 200, data)).create(w.request(flow=flow))) == "fields"


# -- two sites -------------------------------------------------------------------------------------


def call_that_was_never_sent_goes_to_the_second_site(w: World):
    provider = w.build(hosts=("http://127.0.0.1:9", w.sim.url))
    assert isinstance(provider.create(w.request()), Ok)
    assert cause(w.build(hosts=("http://127.0.0.1:9",)).create(w.request())) == "connect"


def call_that_may_have_arrived_does_not(w: World):
    for error in (requests.ConnectionError("reset"), requests.ReadTimeout(), requests.exceptions.SSLError()):
        recorder = Recorder(_Raises(error))
        provider = w.build(recorder, hosts=("https://one.example", "https://two.example"))
        assert isinstance(provider.create(w.request()), Unknown)
        assert len(recorder.calls) == 1


# -- whose key -------------------------------------------------------------------------------------


def certificate_mode_works_with_certificates_given(w: World):
    provider = w.build(slug="cert", made={"payee_name": "旧商户", "signs_with": "certificate"})
    recorder = provider.client.http = Recorder()
    assert isinstance(provider.create(w.request()), Ok)
    assert len(recorder.calls) == 1


def certificate_mode_fetches_what_it_lacks(w: World):
    made = {"payee_name": "旧商户", "signs_with": "certificate"}
    provider = w.build(slug="cert", made=made, platform_certificates="")
    assert isinstance(provider.create(w.request()), Ok)


def certificate_list_signed_by_a_stranger_is_not_learnt(w: World):
    made = {"payee_name": "旧商户", "signs_with": "certificate"}
    provider = w.build(slug="cert", made=made, platform_certificates="")
    w.fault("certificates", "wrong_signature")
    assert cause(provider.create(w.request())) == "unverified_serial"


def merchant_changing_over_accepts_both_keys(w: World):
    provider = w.build(slug="both", made={"payee_name": "换公钥的商户", "signs_with": "both"})
    number = w.request().out_trade_no
    assert isinstance(provider.create(w.request(number)), Ok)
    provider.platform.public_key_id = ""  # no longer asks for the public key: the certificate signs
    assert provider.query(number) == Ok(NotPaid(channel_state="NOTPAY"))


def partner_mode_orders_for_the_receiving_merchant(w: World):
    made = {"payee_name": "特约商户", "mode": "partner"}
    provider = w.build(slug="partner", made=made)
    w.quiet()
    req = w.request()
    assert isinstance(provider.create(req), Ok)
    ctl.pay(w.sim, req.out_trade_no)
    assert provider.query(req.out_trade_no).value.total_fen == 6000
    assert category(provider.close(req.out_trade_no)) is RejectCategory.PAID
    foreign = w.build(slug="partner", made=made, sub_mchid="1600000000")
    assert category(foreign.create(w.request())) is RejectCategory.CONFIG


class _Raises:
    def __init__(self, error) -> None:
        self.error = error

    def request(self, method, url, **kwargs):
        raise self.error


def _seen(w: World, number: str) -> dict:
    from paysim import orders

    return orders.view(w.sim, ctl.order_of(w.sim, number))
