"""Invent merchants with their keys, keep them in a file, and describe them to the other side."""

from __future__ import annotations

import base64
import json
import os
import random
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Key:
    """An RSA key that signs and verifies the way WeChat does."""

    def __init__(self, pem: str) -> None:
        key = load_pem_private_key(pem.encode(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key

    def sign(self, *parts: str | bytes) -> str:
        """Sign the parts, one a line."""
        return base64.b64encode(self._key.sign(_lines(parts), padding.PKCS1v15(), hashes.SHA256())).decode()

    def verifies(self, signature: str, *parts: str | bytes) -> bool:
        """Tell whether the signature over the parts, one a line, is this key's."""
        try:
            raw = base64.b64decode(signature, validate=True)
            self._key.public_key().verify(raw, _lines(parts), padding.PKCS1v15(), hashes.SHA256())
        except Exception:  # whatever is wrong with it, it does not verify
            return False
        return True

    @property
    def public_pem(self) -> str:
        """Return the public half."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def certificate(self, serial: int, name: str) -> str:
        """Return a self-signed certificate for this key, valid five years around now."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self._key.public_key())
            .serial_number(serial)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=5 * 365))
            .sign(self._key, hashes.SHA256())
            .public_bytes(Encoding.PEM)
            .decode()
        )


def _lines(parts: tuple[str | bytes, ...]) -> bytes:
    return b"".join((p.encode() if isinstance(p, str) else p) + b"\n" for p in parts)


def new_key() -> str:
    """Return a new private key as PKCS#8 PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass(frozen=True, kw_only=True)
class Merchant:
    """One merchant number with everything both sides know of it.

    `signs_with` is `public_key`, `certificate`, or `both` (a merchant in the week of the change: the serial
    that the request names decides).
    """

    slug: str
    payee_name: str
    mchid: str
    appid: str
    serial: str
    apiv3_key: str = field(repr=False)
    app_secret: str = field(repr=False)
    private_key: str = field(repr=False)
    mode: str = "direct"
    sub_mchid: str = ""
    signs_with: str = "public_key"

    @cached_property
    def key(self) -> Key:
        """The merchant's own key."""
        return Key(self.private_key)


class Registry:
    """The merchants and WeChat's own key pairs, kept in `keys.json` beside the database."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._path, self._rng = folder / "keys.json", rng
        if self._path.exists():
            data = json.loads(self._path.read_text(encoding="utf-8"))
        else:
            data = {
                "public_key": new_key(),
                "public_key_id": "PUB_KEY_ID_" + self._text("0123456789", 34),
                "certificate_key": new_key(),
                "certificate_serial": "5" + self._text("123456789ABCDEF", 39),
                "merchants": [],
            }
        self._data = data
        self.public_key, self.public_key_id = Key(data["public_key"]), data["public_key_id"]
        self.certificate_key = Key(data["certificate_key"])
        self.certificate_serial = data["certificate_serial"]
        self.certificate_pem = self.certificate_key.certificate(
            int(self.certificate_serial, 16), "paysim platform certificate"
        )
        self.merchants = {m["slug"]: Merchant(**m) for m in data["merchants"]}
        self._save()

    def ensure(self, slug: str, payee_name: str, **options: str) -> Merchant:
        """Return the merchant of this slug, made if it is new."""
        if slug not in self.merchants:
            self.merchants[slug] = Merchant(
                slug=slug,
                payee_name=payee_name,
                mchid="19" + self._text("0123456789", 8),
                appid="wx" + self._text("0123456789abcdef", 16),
                serial=self._text("123456789ABCDEF", 40),
                apiv3_key=self._text(ALPHABET, 32),
                app_secret=self._text("0123456789abcdef", 32),
                private_key=new_key(),
                sub_mchid="16" + self._text("0123456789", 8) if options.get("mode") == "partner" else "",
                **options,
            )
            self._save()
        elif payee_name and self.merchants[slug].payee_name != payee_name:
            self.merchants[slug] = replace(self.merchants[slug], payee_name=payee_name)
            self._save()
        return self.merchants[slug]

    def by_mchid(self, mchid: str) -> Merchant | None:
        """Find a merchant by its number."""
        return next((m for m in self.merchants.values() if m.mchid == mchid), None)

    def by_appid(self, appid: str) -> Merchant | None:
        """Find a merchant by its app."""
        return next((m for m in self.merchants.values() if m.appid == appid), None)

    def describe(self, merchant: Merchant, url: str) -> dict[str, object]:
        """Return what a portal needs to use this merchant, in the shape of its merchant account."""
        return {
            "slug": merchant.slug,
            "provider": "wechatpay",
            "mode": merchant.mode,
            "mchid": merchant.mchid,
            "sub_mchid": merchant.sub_mchid,
            "appid": merchant.appid,
            "payee_name": merchant.payee_name,
            "base_url": url,
            "settings": {
                "merchant_serial": merchant.serial,
                "public_key_id": "" if merchant.signs_with == "certificate" else self.public_key_id,
                "oauth_authorize_url": f"{url}/connect/oauth2/authorize",
                "oauth_api_url": url,
                "jsapi_bridge_url": f"{url}/cashier/jsapi",
                "scan_page_url": f"{url}/cashier/scan",
            },
            "secrets": {
                "private_key": merchant.private_key,
                "apiv3_key": merchant.apiv3_key,
                "app_secret": merchant.app_secret,
                "public_key": "" if merchant.signs_with == "certificate" else self.public_key.public_pem,
                "platform_certificates": "" if merchant.signs_with == "public_key" else self.certificate_pem,
            },
        }

    def _text(self, alphabet: str, length: int) -> str:
        return "".join(self._rng.choice(alphabet) for _ in range(length))

    def _save(self) -> None:
        self._data["merchants"] = [asdict(m) for m in self.merchants.values()]
        write_private(self._path, json.dumps(self._data, ensure_ascii=False, indent=1))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, in one step."""
    part = path.with_suffix(".part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
