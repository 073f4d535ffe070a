"""A passkey device in software: ES256, no attestation, and every way in which a real one would not behave."""

from __future__ import annotations

import json
import secrets
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.utils import websafe_decode, websafe_encode

ORIGIN = "http://localhost"
UP, UV, BACKED, MADE = 0x01, 0x04, 0x18, 0x40


@dataclass
class Device:
    """Holds one passkey; ``count`` is what it says next, None where it does not count."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    count: int | None = 1
    handle: bytes = b""
    host: str = "localhost"

    def make(self, options: dict[str, Any], *, alg: int = -7, **how: Any) -> str:
        """Answer what the portal asks of a device that makes a passkey."""
        asked = options["publicKey"]
        self.handle = websafe_decode(asked["user"]["id"])
        point = self.key.public_key().public_numbers()
        cose = {
            1: 2,
            3: alg,
            -1: 1,
            -2: point.x.to_bytes(32, "big"),
            -3: point.y.to_bytes(32, "big"),
        }
        credential = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor.encode(cose)
        data = self._data(how.get("flags", UP | UV) | MADE) + credential
        said = {
            "clientDataJSON": websafe_encode(self._client("webauthn.create", asked["challenge"], **how)),
            "attestationObject": websafe_encode(
                cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
            ),
            "transports": ["internal", "made-up"],
        }
        return self._answer(said)

    def show(self, options: dict[str, Any], **how: Any) -> str:
        """Answer what the portal asks of a device that proves its passkey."""
        client = self._client("webauthn.get", options["publicKey"]["challenge"], **how)
        data = self._data(how.get("flags", UP | UV))
        signed = self.key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        said = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(how.get("signature", signed)),
            "userHandle": websafe_encode(how.get("handle", self.handle)),
        }
        return self._answer(said)

    def _client(self, kind: str, challenge: str, **how: Any) -> bytes:
        told = {
            "type": how.get("type", kind),
            "challenge": how.get("challenge", challenge),
            "origin": how.get("origin", ORIGIN),
            "crossOrigin": how.get("cross", False),
        }
        return json.dumps(told).encode()

    def _data(self, flags: int) -> bytes:
        count = self.count or 0
        if self.count is not None:
            self.count += 1
        return sha256(self.host.encode()).digest() + struct.pack(">BI", flags, count)

    def _answer(self, said: dict[str, Any]) -> str:
        name = websafe_encode(self.id)
        told = {"id": name, "rawId": name, "type": "public-key", "response": said}
        return json.dumps({**told, "clientExtensionResults": {}})
