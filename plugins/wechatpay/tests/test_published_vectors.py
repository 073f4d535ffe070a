"""WeChat's own published signature examples, recomputed: an oracle from outside this repository.

The key is the documentation's public test key ("以下只是一个示例密钥，实际上并不可用"). Pages:
pay.weixin.qq.com/doc/v3/merchant/4012365336 (request with a body), 4012365334 (path), 4012365339 (JSAPI),
4013053420 (verifying a reply). Pages 4012365337 and 4013053249 do not recompute and are not used.
The AES-GCM example is the one in the tests of WeChat's own Go SDK (wechatpay-go, utils/aes_test.go).
"""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from plugins.wechatpay import keys, signing

TEST_KEY = """\
-----BEGIN RSA PRIVATE KEY-----
MIIEogIBAAKCAQEAptpm+qvIDCh/9wjU26SQCK26ogYkBhDrYxnAaw2JbbBsp1oD
bHKk+1r381NeBUG2HEFAuU+Fr72u5ot3yKdzoF/FajAzQNKnm569/D3upKoi8mYB
aST15Uig8j8qoUW1U217LL0jEHlSnHV3lcaDTXqDpTRR4Bfz9IqOgJgFZ8/oTfEo
mSrjrLYef81Eyxr7ZIMQXEKKEK7V4UXKS0+/fDsiG/cXidhzt8UbTL9vqXqxM2+I
DImyO+FAc/tkBG55LmzxPto1Nq0WbnZzRM/wTzrd0I/8NlevxtFbphg4evlHjFNI
7+GrqR87ViEwuAJJ9Je5QQjct5YJfFRWiZ5CMQIDAQABAoIBAGBi/GhEgezcHIg1
ltlHaFlLGuxsRbUnYwM9phVxnXk7GJlYe2/TjpERjPkIqOC6hBwwadZjJORP3FCc
Mtc8PKRhjuZ377O7vU0915x2nnyLOGL1IE2AJ3iLi0ZFzTea0FPgg+5lWHM00s9F
YI6qPcGtS41M+xtMWwZiYE3TBBRibHiY8ugGyaNAhiMKehyW05uApjlIF55wwCGx
BkyESJpGRR/6853iHke6Ge+xVcMa9QmQdoH0QqL/8kT28PL568mJJr0Ow/83t4+d
Pe70YPzKAxgUnaDsHJqO+b8qH69AEs8rTI5h2Mon6pH+bJT66KUoiXhn+Kf+4LSs
henRP10CgYEA1QJSfuFOWVRjrg3N/rAIc/Ak84BTZavbyrkqBSuoTs9i/nMI/hOz
VxpDntg7Bx2Tctl6sZO3GioTxKdc/YYaTKci1TKBbeginpsqEQVgwkMCy8HpvUmR
fyAMqLwZC4h9+j+NiZtuoFJDTCgv+WYbasX+kWYEUM21bnSYuO7yEQsCgYEAyIdP
r9uzqPgzN34Tmx+CNTa16VjhBh+zkBtXRLDLhWBeIYxoYNJARD98Pb1XZdvpkZZW
Sk7MfaKo2/DomzyyyB/MbHWwAdFi3yb4y7uMJfyC1MzdUSNN3Vp579hJxHkJ+nN4
Ys76yfcEeVOLnvUT1Z0KKCdIWRdT1Lgi+X1itzMCgYBJUXlPzwGG4fNFj97d0X23
Wmt9nSgXkOYgi0eZbAOMzPmIF9R6kBFk49dur4Lx2g5Ms+r1gKC/0sfnIqxxX11i
EQ1+UNoYGJUB/uql3TIG68XkmKR50P7RwRhaZBRC0gJ6xrFTMjsL2ATuC88niyvY
vrn3FiRaI9RVZrDCxwxvLQKBgEXW4okEAqGBuAzGqztmkOnJoTehDdYdKmOxMgap
cGiGdKJIjX3THDDoz3ONQyglnEZpTqpYoV3MTfU0BT8zt6x9bqwDnQY1D7NalmIW
cqw0Mri8lQQSQKcsQLWo5aA466G/n5kCL1Qx5OwAjesRvhOyuvvbGpZ0ymyWqQ+t
fLkDAoGATcul1L8y5D/wNVP1GXbXMZfBsFP3bbqy8c+Ashm6g8OLm2mGNntd5Z6h
1KkID7Yksh+dZ6t7XaPBtGACXX5Eryr537JVvdX8hAVCp5HVtaN/9VBVP8Ka2e4s
VS/xeNgOMQ7uzhRPBJ8HiTmdI1nHhDnYQpGiBgQn0Z5RAkSvFMk=
-----END RSA PRIVATE KEY-----
"""
PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwXNI6sdlknHBnK8Fu2U6
Cwor9qY747jP8KAfeBMeveEt1TqaHkLfaSD07trZLhGpfs8/AHqjhgSMO1O10YQW
OrrJ4hjIWPKqxbgrYMkBQc+mwdiWp4W3ByCqxBRagCveCXRWCmuJYovl9H/bsDI0
iGbpVtEOghJtfciisYSgxcLufUDTRkvwxjIBK1pCRjk33jJ5YTBWTHMRtMAOcFLN
F6hdEYdX8SPsgHHeLZ5Lv2T/686w1xtgCHef/sd4uSfWmyzsalQdHG/e4IyYmrhx
+O3VBoNDzE3nx23bFeV/RVNCG7cV6VhmYokJNHa/erIPkEmEFID6A5wQOXuxUkmJ
WwIDAQAB
-----END PUBLIC KEY-----
"""
TIMESTAMP = 1554208460
NONCE = "593BEC0C930BF1AFEB40B4A08C8FB242"
BODY = (
    '{"appid":"wxd678efh567hg6787","mchid":"1900007291","description":"Image形象店-深圳腾大-QQ公仔",'
    '"out_trade_no":"1217752501201407033233368018","notify_url":"https://www.weixin.qq.com/wxpay/pay.php",'
    '"amount":{"total":100,"currency":"CNY"},"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}'
).encode()

POST_SIGNATURE = (
    "jnks4dlrPw3ZX+ozVvSK39oa0t7OMBsg83BHAwd8BRdUFiVaQNTLTvci+wURgP1OQBbKYhFGvt7iqYpDSTQkp7Uq"
    "1sltaQKyncCyrA1g88m5bsKERQfPyT0ahSwKTYJ1CAn9QiJuSJRq1QsQs07eehbU/k9BCS51jTyc1Jpsi2H77HF9"
    "f/BnjXAOP3/sPObg6V5Ee4EzwLox684hhuMuIwHo7D8KFk3LIHOKDcNI4It1aCXydFWNpNK+SG86VUDe5kwoDpw4"
    "Ulqfu9z8OFDGbDs9TCxEv8iqQzbpxOlEVoOe2kalSYM5kApQb3nZcxdUtoE0liJGW3RGUNE0t4v01A=="
)
GET_SIGNATURE = (
    "Lc9VXxmeonkdV8Xk9tmigQFLhl0vRWTerdmoRu01aAnYwIrD/5nsSwE1WlmZGLRlAFTNQ3QsMa0+VRDlJp1Wp5p0"
    "nO8EK68b5sJBbjouxaFciIfq1zfDWWz+jqhcMoKXI1A6dPm1AW7D4d30WsMTNzp6g23OXakIsh9LO3lUmwvTuE0B"
    "Y8ncf6tNGk4wKmvXwERd/ZpoQY3MAVKz+Nakwc+2XBmzT66KcUehU5kr4IvGa/lEU5RZb/q00zP9VLdBhC/jQSX3"
    "X1UcJLCtEc4gTmib4tnmAT+bHF/e17ZAuxDNcx6rqT8gNEXqaJGG+1OflMSTU2tpyG65G4dMKdFcoA=="
)
JSAPI_SIGNATURE = (
    "mI35pfNEQV6777ke/1T+LJLQDNTm7yeoUJH+j/adPGhmCCi0PbgkvYQTRcXH0uibcLVtvFLdGLpmoYO9FV6lBBsT"
    "Ajuhh5YOvQi0e2g3e0yytitiNET9FEuqM0pjnKfRW4K6LIZDdbWJv9KhZUx3DrJa5TL7OJ7VdADVivxVySIlPVKj"
    "GwuCXzuXSJes0UcILgWQUMyha5/3nYofuHtS7r+KYyMuxD+oJ9VM1Qdxk4UIG59CP5Y3wtYIFybyF3bdu1caHTRR"
    "X+DLyMXyYA/IrTmiW01c4RPjpHBX5Dk1sZyY1zVsWNsvMHr2e1NTWtBxKJ+qk5N61J7caYoepHFaxw=="
)
REPLY_SIGNATURE = (
    "mfI1CPqvBrgcXfgXMFjdNIhBf27ACE2YyeWsWV9ZI7T7RU0vHvbQpu9Z32ogzc+k8ZC5n3kz7h70eWKjgqNdKQF0"
    "eRp8mVKlmfzMLBVHbssB9jEZEDXThOX1XFqX7s7ymia1hoHQxQagPGzkdWxtlZPZ4ZPvr1RiqkgAu6Is8MZgXXrR"
    "oBKqjmSdrP1N7uxzJ/cjfSiis9FiLjuADoqmQ1P7p2N876YPAol7Rn0+GswwAwxldbdLrmVSjfytfSBJFqTMHn4i"
    "tojgxSWWN1byuckQt8hSTEv/Lg97QoeGniYP17T80pJeQyL3b+295FPHSO2AtvCgyIbKMZ0BALilAA=="
)
REPLY_BODY = b'{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}'
REPLY_HEADERS = {
    "Wechatpay-Timestamp": "1722850421",
    "Wechatpay-Nonce": "d824f2e086d3c1df967785d13fcd22ef",
    "Wechatpay-Signature": REPLY_SIGNATURE,
    "Wechatpay-Serial": "PUB_KEY_ID_0000000000000024101100397200000006",
    "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
}
REPLY_TIME = datetime.fromtimestamp(1722850421, UTC)


def find_key(serial):
    return load_pem_public_key(PUBLIC_KEY.encode()) if serial == REPLY_HEADERS["Wechatpay-Serial"] else None


@pytest.mark.parametrize(
    ("method", "target", "body", "signature"),
    [
        ("POST", "/v3/pay/transactions/jsapi", BODY, POST_SIGNATURE),
        ("GET", "/v3/refund/domestic/refunds/123123123123", b"", GET_SIGNATURE),
    ],
)
def test_request_signature_is_the_published_one(method, target, body, signature):
    header = signing.authorization(
        key=keys.private_key(TEST_KEY),
        mchid="1900007291",
        serial="408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB",
        method=method,
        target=target,
        body=body,
        timestamp=TIMESTAMP,
        nonce=NONCE,
    )
    assert header == (
        f'WECHATPAY2-SHA256-RSA2048 mchid="1900007291",nonce_str="{NONCE}",signature="{signature}",'
        'timestamp="1554208460",serial_no="408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB"'
    )


def test_jsapi_signature_is_the_published_one():
    params = signing.jsapi_params(
        key=keys.private_key(TEST_KEY),
        appid="wx2421b1c4370ec43b",
        prepay_id="wx201410272009395522657a690389285100",
        timestamp=TIMESTAMP,
        nonce=NONCE,
    )
    assert params == {
        "appId": "wx2421b1c4370ec43b",
        "timeStamp": "1554208460",
        "nonceStr": NONCE,
        "package": "prepay_id=wx201410272009395522657a690389285100",
        "signType": "RSA",
        "paySign": JSAPI_SIGNATURE,
    }


def test_published_reply_verifies():
    signing.check(REPLY_HEADERS, REPLY_BODY, find_key=find_key, now=REPLY_TIME)


@pytest.mark.parametrize("change", ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature"])
def test_published_reply_with_one_header_changed_fails(change):
    value = REPLY_HEADERS[change]
    changed = {**REPLY_HEADERS, change: ("2" if value[0] != "2" else "3") + value[1:]}
    if change == "Wechatpay-Timestamp":
        changed[change] = "1722850422"
    with pytest.raises(signing.Unverified, match="signature"):
        signing.check(changed, REPLY_BODY, find_key=find_key, now=REPLY_TIME)


def test_published_reply_with_one_byte_changed_fails():
    with pytest.raises(signing.Unverified, match="signature"):
        signing.check(REPLY_HEADERS, REPLY_BODY[:-1] + b" ", find_key=find_key, now=REPLY_TIME)


def test_published_resource_opens():
    assert (
        signing.decrypt(
            "testAPIv3Key0000",
            nonce="wCq51qZv4Yfg",
            associated_data="Dl56FrqWQJF1t9LtC3vEUsniZKvbqdR8",
            ciphertext="FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROC",
        )
        == b"Hello World"
    )


@pytest.mark.parametrize(
    ("apiv3_key", "ciphertext"),
    [
        ("testAPIv3Key1111", "FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROC"),
        ("not a aes key", "FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROC"),
        ("testAPIv3Key0000", "invalid cipher"),
        ("testAPIv3Key0000", "SGVsbG8gV29ybGQK"),
    ],
)
def test_wrong_key_and_wrong_resource_do_not_open(apiv3_key, ciphertext):
    with pytest.raises(ValueError, match="cannot be decrypted"):
        signing.decrypt(
            apiv3_key,
            nonce="wCq51qZv4Yfg",
            associated_data="Dl56FrqWQJF1t9LtC3vEUsniZKvbqdR8",
            ciphertext=ciphertext,
        )
