"""Sign what we send and verify what WeChat sends; decrypt the resources it encloses.

Sources: pay.weixin.qq.com/doc/v3/merchant/4012365336 (requests with a body), 4012365334 (path), 4012365339
(JSAPI), 4013053420 (verification).
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SCHEME = "WECHATPAY2-SHA256-RSA2048"
MAX_SKEW_SECONDS = 300

# WeChat sends rare wrong signatures on purpose, to see whether we check them; the resend is right.
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"


class Unverified(Exception):
    """A message that does not prove its sender. `reason` is one short word, safe to log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def lines(*parts: str | bytes) -> bytes:
    """Join parts the way every WeChat signature does: one a line, each line ended, the last one too."""
    return b"".join((p if isinstance(p, bytes) else p.encode()) + b"\n" for p in parts)


def new_nonce() -> str:
    """Return 32 upper-case hex digits nobody can guess."""
    return secrets.token_hex(16).upper()


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """Sign with SHA256withRSA (PKCS#1 v1.5), base64."""
    return base64.b64encode(key.sign(message, PKCS1v15(), hashes.SHA256())).decode()


def authorization(
    *,
    key: RSAPrivateKey,
    mchid: str,
    serial: str,
    method: str,
    target: str,
    body: bytes,
    timestamp: int,
    nonce: str,
) -> str:
    """Return the Authorization header. `target` is path and query exactly as they go over the wire."""
    signature = sign(key, lines(method, target, str(timestamp), nonce, body))
    return (
        f'{SCHEME} mchid="{mchid}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{serial}"'
    )


def jsapi_params(
    *, key: RSAPrivateKey, appid: str, prepay_id: str, timestamp: int, nonce: str
) -> dict[str, str]:
    """Return what WeixinJSBridge's getBrandWCPayRequest takes (the second signature, four lines)."""
    package = f"prepay_id={prepay_id}"
    return {
        "appId": appid,
        "timeStamp": str(timestamp),
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": sign(key, lines(appid, str(timestamp), nonce, package)),
    }


def check(
    headers: Mapping[str, str],
    body: bytes,
    *,
    find_key: Callable[[str], RSAPublicKey | None],
    now: datetime,
) -> None:
    """Verify a reply or a notification on its raw bytes.

    The serial is looked up by exact value before anything costly is done: while a merchant changes from
    platform certificates to the public key, both kinds arrive.

    Raises: Unverified.
    """
    folded = {name.lower(): value for name, value in headers.items()}
    timestamp, nonce, signature, serial = (
        folded.get(f"wechatpay-{name}", "") for name in ("timestamp", "nonce", "signature", "serial")
    )
    if not (timestamp and nonce and signature and serial):
        raise Unverified("headers")
    if folded.get("wechatpay-signature-type", SCHEME) != SCHEME:
        raise Unverified("type")
    key = find_key(serial)
    if key is None:
        raise Unverified("serial")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise Unverified("timestamp")
    if abs(now.timestamp() - int(timestamp)) > MAX_SKEW_SECONDS:
        raise Unverified("skew")
    if signature.startswith(PROBE_PREFIX):
        raise Unverified("probe")
    try:
        key.verify(
            base64.b64decode(signature, validate=True),
            lines(timestamp, nonce, body),
            PKCS1v15(),
            hashes.SHA256(),
        )
    except (binascii.Error, ValueError, InvalidSignature):
        raise Unverified("signature") from None


def decrypt(apiv3_key: str, *, nonce: str, associated_data: str, ciphertext: str) -> bytes:
    """Open an AEAD_AES_256_GCM resource; the tag is its last 16 bytes.

    Raises: ValueError, without saying why: key, tag and encoding look alike from outside.
    """
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
        return AESGCM(apiv3_key.encode()).decrypt(nonce.encode(), sealed, associated_data.encode())
    except (InvalidTag, ValueError):
        raise ValueError("cannot be decrypted") from None
