"""The simulator refuses what WeChat refuses: proof of the sender, paths, signed replies."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from paysim_wire import Wire


@pytest.fixture
def wire(paysim):
    return Wire(paysim)


QUERY = "/v3/pay/transactions/out-trade-no/W00000001"

WRONG_SIGNATURES = {
    "no scheme": {"scheme": ""},
    "other scheme": {"scheme": "WECHATPAY2-RSA"},
    "no serial": {"serial_no": None},
    "empty nonce": {"nonce_str": ""},
    "a sixth field": {"extra": "1"},
    "other serial": {"serial_no": "7" * 40},
    "unknown merchant": {"mchid": "1900000000"},
    "timestamp in words": {"timestamp": "now"},
    "old timestamp": {"timestamp": 1000000000},
    "signature of another body": {"signed_as": b"{}"},
    "signature without the query": {"signed_target": QUERY},
    "no base64": {"signature": "!!!"},
    "empty signature": {"signature": ""},
}


@pytest.mark.parametrize("wrong", WRONG_SIGNATURES.values(), ids=WRONG_SIGNATURES)
def test_unproven_sender_gets_an_unsigned_401(wire, wrong):
    reply = wire.call("GET", f"{QUERY}?mchid={wire.merchant.mchid}", **wrong)
    assert (reply.status_code, reply.json()["code"]) == (401, "SIGN_ERROR")
    assert "Wechatpay-Signature" not in reply.headers
    assert reply.headers["Request-ID"]


def test_missing_authorization_gets_401(wire):
    reply = wire.call("GET", f"{QUERY}?mchid={wire.merchant.mchid}", headers={"Authorization": ""})
    assert reply.status_code == 401


def test_skew_is_looked_at_before_the_signature(wire):
    now = wire.sim.clock.wire()
    target = f"{QUERY}?mchid={wire.merchant.mchid}"
    late = wire.call("GET", target, timestamp=now - 302, signature="wrong")
    wrong = wire.call("GET", target, timestamp=now - 298, signature="wrong")
    assert "5分钟" in late.json()["message"]
    assert "验签失败" in wrong.json()["message"]


def test_merchant_in_header_and_request_must_be_the_same(wire):
    other = Wire(wire.sim, "other", payee_name="另一收款单位").merchant.mchid
    assert wire.query(mchid=other).status_code == 401
    assert wire.close(mchid=other).status_code == 401
    assert wire.order(mchid=other).status_code == 401


def test_another_merchants_order_does_not_exist(wire):
    wire.order()
    other = Wire(wire.sim, "other", payee_name="另一收款单位")
    assert (other.query().status_code, other.query().json()["code"]) == (404, "ORDER_NOT_EXIST")
    assert (other.close().status_code, other.close().json()["code"]) == (404, "ORDER_NOT_EXIST")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/v3/pay/transactions/native", 405),
        ("POST", QUERY, 405),
        ("DELETE", f"{QUERY}/close", 405),
        ("GET", "/v3/pay/transactions/app/nothing", 404),
        ("POST", "/v3/refund/domestic/refunds", 404),
    ],
)
def test_wrong_method_and_unknown_path_are_empty(wire, method, target, status):
    reply = wire.call(method, target)
    assert (reply.status_code, reply.content) == (status, b"")


@pytest.mark.parametrize("signs_with", ["public_key", "certificate"])
def test_every_2xx_is_signed(paysim, signs_with):
    wire = Wire(paysim, f"signs-{signs_with}", payee_name="示例", signs_with=signs_with)
    replies = [wire.order(), wire.query(), wire.close()]
    assert [reply.status_code for reply in replies] == [200, 200, 204]
    registry = paysim.registry
    key, serial = (registry.public_key, registry.public_key_id)
    if signs_with == "certificate":
        key, serial = (registry.certificate_key, registry.certificate_serial)
        replies.append(wire.call("GET", "/v3/certificates"))
    public = load_pem_public_key(key.public_pem.encode())
    for reply in replies:
        head = reply.headers
        text = f"{head['Wechatpay-Timestamp']}\n{head['Wechatpay-Nonce']}\n".encode() + reply.content + b"\n"
        public.verify(base64.b64decode(head["Wechatpay-Signature"]), text, PKCS1v15(), SHA256())
        assert head["Wechatpay-Serial"] == serial
        assert head["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"


def test_certificates_need_a_user_agent_and_an_older_merchant(paysim):
    old = Wire(paysim, "signs-certificate", payee_name="示例", signs_with="certificate")
    reply = old.call("GET", "/v3/certificates", headers={"User-Agent": ""})
    assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")
    new = Wire(paysim)
    reply = new.call("GET", "/v3/certificates")
    assert (reply.status_code, reply.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")


def test_direct_merchant_has_no_partner_paths(wire):
    reply = wire.call("GET", f"/v3/pay/partner/transactions/out-trade-no/W1?sp_mchid={wire.merchant.mchid}")
    assert (reply.status_code, reply.json()["code"]) == (403, "NO_AUTH")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"'])
def test_body_that_is_no_object_is_a_param_error(wire, raw):
    reply = wire.call("POST", "/v3/pay/transactions/native", raw=raw)
    assert (reply.status_code, reply.json()["code"]) == (400, "PARAM_ERROR")
