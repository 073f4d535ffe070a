"""Sign and seal what WeChat sends: replies, notifications, certificates, and the bad ones among them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import orders
from .clock import china_time
from .ground import Ground
from .merchants import Merchant

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"


def headers(
    sim: Ground, merchant: Merchant, body: bytes, *, asked: str = "", fault: str = ""
) -> dict[str, str]:
    """Return the five headers for a body. `asked` is the serial a request named, `fault` what goes wrong."""
    registry = sim.registry
    use_public = merchant.signs_with == "public_key" or (
        merchant.signs_with == "both" and asked == registry.public_key_id
    )
    key, serial = (
        (registry.public_key, registry.public_key_id)
        if use_public
        else (registry.certificate_key, registry.certificate_serial)
    )
    timestamp = str(sim.clock.wire() - (3600 if fault == "old_timestamp" else 0))
    nonce = sim.text(32)
    signature = key.sign(timestamp, nonce, body)
    if fault == "probe":
        signature = PROBE + signature[len(PROBE) :]
    if fault == "wrong_signature":
        signature = key.sign(timestamp, nonce, body + b" ")
    if fault == "unknown_serial":
        serial = "PUB_KEY_ID_" + "9" * 34 if use_public else "F" * 40
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": signature,
        "Wechatpay-Signature-Type": SCHEME,
        "Wechatpay-Serial": serial,
    }


def seal(apiv3_key: str, plain: bytes, *, nonce: str, associated_data: str) -> str:
    """Encrypt with AEAD_AES_256_GCM, tag at the end, base64."""
    sealed = AESGCM(apiv3_key.encode()).encrypt(nonce.encode(), plain, associated_data.encode())
    return base64.b64encode(sealed).decode()


def certificates(sim: Ground, merchant: Merchant) -> dict[str, Any]:
    """Return the list of platform certificates, sealed for this merchant."""
    nonce, registry = sim.text(12), sim.registry
    return {
        "data": [
            {
                "serial_no": registry.certificate_serial,
                "effective_time": china_time(sim.clock.time() - 86400),
                "expire_time": china_time(sim.clock.time() + 1000 * 86400),
                "encrypt_certificate": {
                    "algorithm": "AEAD_AES_256_GCM",
                    "nonce": nonce,
                    "associated_data": "certificate",
                    "ciphertext": seal(
                        merchant.apiv3_key,
                        registry.certificate_pem.encode(),
                        nonce=nonce,
                        associated_data="certificate",
                    ),
                },
            }
        ]
    }


def notification(
    sim: Ground,
    order: dict[str, Any],
    notify_id: str,
    *,
    plain: Callable[[dict[str, Any]], None] | None = None,
    envelope: Callable[[dict[str, Any]], None] | None = None,
    apiv3_key: str = "",
    fault: str = "",
    raw: bytes | None = None,
) -> tuple[dict[str, str], bytes]:
    """Return headers and body of the callback for a paid order; the options spoil it on the way."""
    merchant = sim.registry.by_mchid(order["mchid"])
    assert merchant is not None
    transaction = orders.view(sim, order, delayed=False)
    if plain:
        plain(transaction)
    nonce = sim.text(12)
    data: dict[str, Any] = {
        "id": notify_id,
        "create_time": china_time(order["paid_at"] or sim.clock.time()),
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": seal(
                apiv3_key or merchant.apiv3_key,
                json.dumps(transaction, ensure_ascii=False).encode(),
                nonce=nonce,
                associated_data="transaction",
            ),
            "associated_data": "transaction",
            "nonce": nonce,
        },
    }
    if envelope:
        envelope(data)
    body = raw if raw is not None else json.dumps(data, ensure_ascii=False).encode()
    signed = headers(sim, merchant, body, fault=fault)
    return {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", **signed}, body


def bad_notification(
    sim: Ground, order: dict[str, Any], notify_id: str, kind: str
) -> tuple[dict[str, str], bytes]:
    """Return a callback that must not be believed (or, `wrong_amount`, must end in suspense)."""

    def send(**options: Any) -> tuple[dict[str, str], bytes]:
        return notification(sim, order, notify_id, **options)

    if kind in {"wrong_signature", "unknown_serial", "old_timestamp", "probe"}:
        return send(fault=kind)
    if kind in _SPOILT:
        return send(**_SPOILT[kind](sim))
    if kind.startswith("without_"):
        return send(envelope=_without(kind.removeprefix("without_")))
    if kind.startswith("stripped_"):
        message, body = send()
        wanted = "wechatpay-" + kind.removeprefix("stripped_").replace("_", "-")
        return {name: value for name, value in message.items() if name.lower() != wanted}, body
    if kind == "unsigned":
        message, body = send()
        return {n: v for n, v in message.items() if not n.startswith("Wechatpay-")}, body
    raise ValueError(f"unknown bad notification {kind}")


def _tampered(data: dict[str, Any]) -> None:
    text = data["resource"]["ciphertext"]
    data["resource"]["ciphertext"] = ("B" if text[0] == "A" else "A") + text[1:]


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    def spoil(data: dict[str, Any]) -> None:
        (data["resource"] if name in data["resource"] else data).pop(name)

    return spoil


_SPOILT: dict[str, Callable[[Ground], dict[str, Any]]] = {
    "tampered_ciphertext": lambda sim: {"envelope": _tampered},
    "wrong_apiv3_key": lambda sim: {"apiv3_key": "0" * 32},
    "other_merchant": lambda sim: {
        "plain": lambda t: t.update({n: "1900000000" for n in ("mchid", "sp_mchid") if n in t})
    },
    "wrong_appid": lambda sim: {
        "plain": lambda t: t.update({n: "wx0000000000000000" for n in ("appid", "sp_appid") if n in t})
    },
    "wrong_amount": lambda sim: {"plain": lambda t: t["amount"].update(total=t["amount"]["total"] + 1)},
    "float_amount": lambda sim: {"plain": lambda t: t["amount"].update(total=float(t["amount"]["total"]))},
    "not_paid": lambda sim: {"plain": lambda t: t.update(trade_state="NOTPAY")},
    "no_transaction_id": lambda sim: {"plain": lambda t: t.pop("transaction_id")},
    "unknown_order": lambda sim: {"plain": lambda t: t.update(out_trade_no="D-NOT-OURS-" + sim.text(8))},
    "unknown_event_type": lambda sim: {"envelope": lambda d: d.update(event_type="TRANSACTION.SOMETHING")},
    "empty_associated_data": lambda sim: {"envelope": lambda d: d["resource"].update(associated_data="")},
    "unknown_algorithm": lambda sim: {"envelope": lambda d: d["resource"].update(algorithm="AEAD_SM4_GCM")},
    "non_json": lambda sim: {"raw": b"<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>"},
    "json_list": lambda sim: {"raw": b"[1, 2, 3]"},
    "empty_body": lambda sim: {"raw": b""},
    "one_megabyte": lambda sim: {"envelope": lambda d: d.update(summary="大" * 350_000)},
}
BAD = (
    *("wrong_signature", "unknown_serial", "old_timestamp", "probe", "unsigned"),
    *("stripped_signature", "stripped_timestamp", "stripped_nonce", "stripped_serial"),
    *(f"without_{name}" for name in ("id", "event_type", "resource", "resource_type")),
    *(f"without_{name}" for name in ("algorithm", "ciphertext", "nonce", "associated_data")),
    *_SPOILT,
)
