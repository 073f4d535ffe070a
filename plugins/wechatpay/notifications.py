"""Read a callback of WeChat Pay: who sent it, when, for whom, and what it proves."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from portal.api import (
    BadNotification,
    FactState,
    MerchantAccountInfo,
    Notification,
    PaymentFact,
    RawRequest,
    Source,
)

from . import signing
from .keys import PlatformKeys

MAX_BODY = 64 * 1024  # bytes; real ones have about two thousand
PAID_STATES = {"SUCCESS": FactState.PAID, "REFUND": FactState.REFUNDED}


def parse(
    raw: RawRequest, *, account: MerchantAccountInfo, apiv3_key: str, platform: PlatformKeys
) -> Notification:
    """Verify and open a callback. Touches no network: a stranger's post costs one look-up by serial.

    Raises: BadNotification.
    """
    if len(raw.body) > MAX_BODY:
        raise BadNotification("size")
    try:
        signing.check(raw.headers, raw.body, find_key=platform.find, now=raw.received_at)
    except signing.Unverified as error:
        raise BadNotification(error.reason) from None
    envelope = _object(raw.body, "json")
    event, notify_id = envelope.get("event_type"), envelope.get("id")
    if not (isinstance(event, str) and event and isinstance(notify_id, str) and notify_id):
        raise BadNotification("fields")
    digest = hashlib.sha256(raw.body).hexdigest()
    if event != "TRANSACTION.SUCCESS":
        # Genuine, and nothing about money received: kept by the core, accepted, no fact.
        return Notification(notify_id=notify_id, event=event, fact=None, raw_sha256=digest)
    transaction = _object(_open(envelope, apiv3_key), "resource")
    check_account(transaction, account)
    if transaction.get("trade_state") not in PAID_STATES:
        raise BadNotification("trade_state")
    fact = read_fact(
        transaction, account=account, source=Source.NOTIFY, raw_sha256=digest, seen_at=raw.received_at
    )
    return Notification(notify_id=notify_id, event=event, fact=fact, raw_sha256=digest)


def check_account(transaction: dict[str, Any], account: MerchantAccountInfo) -> None:
    """Refuse a transaction of another merchant or another app.

    Raises: BadNotification.
    """
    if account.mode == "partner":
        expected = {"sp_mchid": account.mchid, "sub_mchid": account.sub_mchid, "sp_appid": account.appid}
    else:
        expected = {"mchid": account.mchid, "appid": account.appid}
    if any(transaction.get(name) != value for name, value in expected.items()):
        raise BadNotification("account")


def read_fact(
    transaction: dict[str, Any],
    *,
    account: MerchantAccountInfo,
    source: Source,
    raw_sha256: str,
    seen_at: datetime,
) -> PaymentFact:
    """Read a paid transaction (the same shape in a query's reply and in a callback).

    A partial refund turns trade_state to REFUND: that, too, was paid. `success_time` is documented as
    optional.

    Raises: BadNotification.
    """
    amount, payer = transaction.get("amount"), transaction.get("payer")
    payer = payer if isinstance(payer, dict) else {}
    try:
        success_time = transaction.get("success_time")
        return PaymentFact(
            account=account.slug,
            out_trade_no=_text(transaction["out_trade_no"]),
            provider_txn_id=_text(transaction["transaction_id"]),
            state=PAID_STATES[transaction["trade_state"]],
            total_fen=amount["total"],  # type: ignore[index]
            currency=_text(amount.get("currency", "CNY")),  # type: ignore[union-attr]
            paid_at=datetime.fromisoformat(success_time) if success_time else seen_at,
            payer_ref=str(payer.get("openid") or payer.get("sp_openid") or payer.get("sub_openid") or ""),
            raw_sha256=raw_sha256,
            source=source,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadNotification("fields") from None


def _open(envelope: dict[str, Any], apiv3_key: str) -> bytes:
    resource = envelope.get("resource")
    if envelope.get("resource_type") != "encrypt-resource" or not isinstance(resource, dict):
        raise BadNotification("fields")
    if resource.get("algorithm") != "AEAD_AES_256_GCM":
        raise BadNotification("algorithm")
    nonce, ciphertext = resource.get("nonce"), resource.get("ciphertext")
    associated_data = resource.get("associated_data") or ""  # documented as optional
    if not (isinstance(nonce, str) and isinstance(ciphertext, str) and isinstance(associated_data, str)):
        raise BadNotification("fields")
    try:
        return signing.decrypt(apiv3_key, nonce=nonce, associated_data=associated_data, ciphertext=ciphertext)
    except ValueError:
        raise BadNotification("decrypt") from None


def _object(raw: bytes, reason: str) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadNotification(reason) from None
    if not isinstance(data, dict):
        raise BadNotification(reason)
    return data


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("text expected")
    return value
