"""Scenarios of callbacks and of the payer's openid."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import requests

from paysim import ctl, sealed
from portal.api import FactState, Ok, RawRequest, RejectCategory, Rejected, Source, Unknown

from .world import Canned, Recorder, World

# Every bad callback of the simulator -> why it is refused; empty: believed, and then for the core to judge.
BAD = {
    "wrong_signature": "signature",
    "unknown_serial": "serial",
    "old_timestamp": "skew",
    "probe": "probe",
    "unsigned": "headers",
    "stripped_signature": "headers",
    "stripped_timestamp": "headers",
    "stripped_nonce": "headers",
    "stripped_serial": "headers",
    "tampered_ciphertext": "decrypt",
    "wrong_apiv3_key": "decrypt",
    "empty_associated_data": "decrypt",
    "without_associated_data": "decrypt",
    "other_merchant": "account",
    "wrong_appid": "account",
    "unknown_algorithm": "algorithm",
    "without_algorithm": "algorithm",
    "without_id": "fields",
    "without_event_type": "fields",
    "without_resource": "fields",
    "without_resource_type": "fields",
    "without_ciphertext": "fields",
    "without_nonce": "fields",
    "float_amount": "fields",
    "no_transaction_id": "fields",
    "not_paid": "trade_state",
    "non_json": "json",
    "json_list": "json",
    "empty_body": "json",
    "one_megabyte": "size",
    "unknown_event_type": "",
    "wrong_amount": "",
    "unknown_order": "",
}


def good_callback_becomes_a_fact(w: World):
    number = w.paid()
    order = ctl.order_of(w.sim, number)
    notice = w.provider.parse_notification(w.callback(number))
    assert (notice.notify_id, notice.event) == ("EV-1", "TRANSACTION.SUCCESS")
    fact = notice.fact
    assert (fact.out_trade_no, fact.provider_txn_id) == (number, order["transaction_id"])
    assert (fact.total_fen, fact.currency, fact.state) == (6000, "CNY", FactState.PAID)
    assert (fact.account, fact.source, fact.payer_ref) == ("demo", Source.NOTIFY, order["payer"])
    assert fact.raw_sha256 == notice.raw_sha256


def callback_and_query_tell_the_same(w: World):
    number = w.paid()
    told = w.provider.parse_notification(w.callback(number)).fact
    asked = w.provider.query(number).value
    for name in (
        "account",
        "out_trade_no",
        "provider_txn_id",
        "total_fen",
        "currency",
        "paid_at",
        "payer_ref",
    ):
        assert getattr(told, name) == getattr(asked, name)


def every_bad_callback_has_its_answer(w: World):
    assert set(BAD) == set(sealed.BAD)
    number = w.paid()
    assert {kind: w.reason(w.callback(number, kind)) for kind in BAD} == BAD


def believed_but_wrong_facts_carry_the_channels_words(w: World):
    number = w.paid()
    read = w.provider.parse_notification
    assert read(w.callback(number, "wrong_amount")).fact.total_fen == 6001
    assert read(w.callback(number, "unknown_order")).fact.out_trade_no.startswith("D-NOT-OURS-")
    assert read(w.callback(number, "unknown_event_type")).fact is None


def old_and_future_callbacks_are_refused(w: World):
    number = w.paid()
    assert w.reason(w.callback(number, later=299)) == ""
    assert w.reason(w.callback(number, later=302)) == "skew"
    assert w.reason(w.callback(number, later=-302)) == "skew"


def strange_timestamps_are_refused(w: World):
    number = w.paid()
    for text in ("٣" * 10, "1e9", "-1", " 1795301042", "9" * 400):
        raw = w.callback(number)
        raw.headers["Wechatpay-Timestamp"] = text
        assert w.reason(raw) == "timestamp", text


def other_signature_types_are_refused(w: World):
    number = w.paid()
    raw = w.callback(number)
    raw.headers["Wechatpay-Signature-Type"] = "WECHATPAY2-SM2-WITH-SM3"
    assert w.reason(raw) == "type"
    del raw.headers["Wechatpay-Signature-Type"]  # a proxy's loss: the signature itself still proves it
    assert w.reason(raw) == ""


def header_names_come_in_any_case(w: World):
    raw = w.callback(w.paid())
    headers = {name.upper(): value for name, value in raw.headers.items()}
    assert w.reason(RawRequest(headers=headers, body=raw.body, received_at=raw.received_at)) == ""


def signature_of_the_wrong_merchants_wechat_is_refused(w: World):
    """A callback that is genuine, for another account of the same portal, posted to this one's address."""
    number = w.paid()
    other = w.build(slug="other", made={"payee_name": "另一收款单位"})
    assert w.reason(w.callback(number), other) == "decrypt"
    same_key = w.build(mchid="1900000000")
    assert w.reason(w.callback(number), same_key) == "account"


def partner_callback_names_both_merchants(w: World):
    made = {"payee_name": "特约商户", "mode": "partner"}
    provider = w.build(slug="partner", made=made)
    w.quiet()
    req = w.request()
    provider.create(req)
    ctl.pay(w.sim, req.out_trade_no)
    raw = w.callback(req.out_trade_no)
    assert w.reason(raw, provider) == ""
    assert w.reason(raw, w.build(slug="partner", made=made, sub_mchid="1600000000")) == "account"


def refunded_state_in_a_callback_counts_as_paid(w: World):
    raw = w.callback(w.paid(), plain=lambda t: t.update(trade_state="REFUND"))
    assert w.provider.parse_notification(raw).fact.state is FactState.REFUNDED


def callback_without_success_time_is_still_money(w: World):
    raw = w.callback(w.paid(), plain=lambda t: t.pop("success_time"))
    assert w.provider.parse_notification(raw).fact.paid_at == raw.received_at


def strangers_cause_no_outbound_call(w: World):
    number = w.paid()
    for slug, signs_with in (("demo", "public_key"), ("cert", "certificate")):
        recorder = Recorder()
        made = {"payee_name": "示例", "signs_with": signs_with}
        provider = w.build(recorder, slug=slug, made=made)
        for kind in BAD:
            w.reason(w.callback(number, kind), provider)
        assert recorder.calls == []


def answers_are_what_wechat_expects(w: World):
    accepted, refused = w.provider.ack(True), w.provider.ack(False, "signature")
    assert (accepted.status, accepted.body) == (204, b"")
    assert refused.status == 400
    assert json.loads(refused.body) == {"code": "FAIL", "message": "signature"}


# -- the payer's openid ----------------------------------------------------------------------------


def _code(w: World, return_url="http://127.0.0.1:1/back") -> str:
    url = w.provider.identify_url(return_url=return_url, state="s t&te")
    assert url.endswith("&scope=snsapi_base&state=s+t%26te#wechat_redirect")
    answer = requests.get(url, allow_redirects=False, timeout=5, cookies={"paysim_phone": "phone"})
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["s t&te"]
    return back["code"][0]


def code_becomes_the_openid_once(w: World):
    code = _code(w)
    assert w.provider.identify(code) == Ok(w.openid)
    again = w.provider.identify(code)
    assert isinstance(again, Rejected)
    assert (again.code, again.category) == ("40163", RejectCategory.OTHER)


def code_older_than_five_minutes_is_refused(w: World):
    code = _code(w)
    w.sim.clock.advance(301)
    assert w.provider.identify(code).code == "42003"


def invented_code_and_wrong_secret_are_told_apart(w: World):
    assert w.provider.identify("invented").category is RejectCategory.OTHER
    wrong = w.build(app_secret="0" * 32).identify(_code(w))
    assert (wrong.code, wrong.category) == ("40125", RejectCategory.CONFIG)


def strange_oauth_answers_are_unknown(w: World):
    answers = [
        (500, {"openid": "o1"}, None),
        (302, {"openid": "o1"}, None),
        (200, {"errcode": -1, "errmsg": "system error"}, None),
        (200, {"openid": ""}, None),
        (200, {"openid": 7}, None),
        (200, ["openid"], None),
        (200, None, b"<html>"),
    ]
    for status, data, body in answers:
        http = Canned(w.sim, status, data, body=body, signed=False)
        assert isinstance(w.build(http).identify("code"), Unknown), (status, data, body)
