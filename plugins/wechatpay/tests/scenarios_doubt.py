"""Scenarios of calls whose outcome is in doubt: broken replies, two sites, two kinds of keys."""

from __future__ import annotations

import requests

from paysim import ctl
from portal.api import (
    Closed,
    Flow,
    NotFound,
    NotPaid,
    Ok,
    PaymentFact,
    RejectCategory,
    Unknown,
)

from .world import Canned, Recorder, World, category, cause

BROKEN = ("reset", "half_body", "500", "502", "503", "429", "202")
UNPROVEN = ("probe", "unsigned", "wrong_signature", "unknown_serial", "old_timestamp")


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


def doubtful_status_is_unknown_whatever_it_says(w: World):
    for status in (202, 429, 500, 502, 503):
        for data in ({"code": "ORDER_CLOSED", "message": ""}, {"code_url": "weixin://x"}):
            answer = Canned(w.sim, status, data)
            assert cause(w.build(answer).create(w.request())) == f"status_{status}"


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
