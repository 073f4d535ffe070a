"""Hold WeChat's own keys: the public key of a merchant and, where still used, platform certificates."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def private_key(pem: str) -> RSAPrivateKey:
    """Load the merchant's private key, PKCS#8 or PKCS#1.

    Raises: ValueError.
    """
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the merchant key is not an RSA key")
    return key


def certificate_keys(pem: str) -> dict[str, RSAPublicKey]:
    """Read any number of platform certificates: serial in upper-case hex -> key."""
    found = {}
    for block in _CERTIFICATE.findall(pem.encode()):
        certificate = x509.load_pem_x509_certificate(block)
        key = certificate.public_key()
        if isinstance(key, RSAPublicKey):
            found[f"{certificate.serial_number:X}"] = key
    return found


class PlatformKeys:
    """A map from the serial a message names to the key that must have signed it, by exact value."""

    def __init__(self, *, public_key_id: str = "", public_key: str = "", certificates: str = "") -> None:
        self.public_key_id = public_key_id
        self._keys: dict[str, RSAPublicKey] = certificate_keys(certificates)
        if public_key_id:
            key = load_pem_public_key(public_key.encode())
            if not isinstance(key, RSAPublicKey):
                raise ValueError("the WeChat Pay public key is not an RSA key")
            self._keys[public_key_id] = key

    def find(self, serial: str) -> RSAPublicKey | None:
        """Return the key of a serial, or None."""
        return self._keys.get(serial)

    def add(self, keys: Mapping[str, RSAPublicKey]) -> None:
        """Learn keys that WeChat has handed out; a rotation keeps the old ones beside them."""
        self._keys.update(keys)
