"""Keys, encrypted fields, blind indexes and random names (security.md "Decisions", ASVS 11).

A field is bound to its place: the associated data is ``table.column:row_uid``, so a value copied into another
row or column does not decrypt. Several keys may be known; the first encrypts, all decrypt.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask, current_app

from portal import clock

AES_256_GCM: Final = 1
NONCE_BYTES: Final = 12
DEVELOPMENT_FILE: Final = "development.keys"

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = [first + second for first in _CROCKFORD for second in _CROCKFORD]
_KEY_ID = re.compile(r"[a-z0-9_-]{1,16}")
_EXTENSION: Final = "portal.crypto"


class CryptoError(Exception):
    """A key is missing or malformed, or a value was altered or moved to another place."""


class KeyLost(CryptoError):
    """A value was sealed under a key that is not among the settings: it cannot be read, and is left alone."""


@dataclass(frozen=True)
class Keyring:
    """The keys of one installation: ``field_keys`` in order of preference, and the one for indexes."""

    field_keys: dict[str, bytes]
    index_key: bytes

    @classmethod
    def parse(cls, field_keys: str, index_key: str) -> Keyring:
        """Read ``id:base64,id:base64`` and one base64 key; each key is 32 bytes."""
        known: dict[str, bytes] = {}
        for part in field_keys.split(","):
            key_id, _, text = part.strip().partition(":")
            if not _KEY_ID.fullmatch(key_id) or key_id in known:
                raise CryptoError("FIELD_KEYS: each key is id:base64 with its own id of [a-z0-9_-]")
            known[key_id] = _key(text, f"FIELD_KEYS {key_id}")
        return cls(known, _key(index_key, "INDEX_KEY"))

    def encrypt(self, column: str, row_uid: str, text: str) -> bytes:
        """Encrypt ``text`` for one place: key id length, key id, algorithm byte, nonce, ciphertext."""
        key_id, key = next(iter(self.field_keys.items()))
        head = bytes([len(key_id)]) + key_id.encode() + bytes([AES_256_GCM])
        nonce = os.urandom(NONCE_BYTES)
        # The head is authenticated too, so that nobody can relabel key or algorithm.
        return head + nonce + AESGCM(key).encrypt(nonce, text.encode(), head + _place(column, row_uid))

    def decrypt(self, column: str, row_uid: str, blob: bytes) -> str:
        """Return the text; raise CryptoError for an unknown key, an altered or a moved value."""
        key_id, head_length = _head(blob)
        if key_id not in self.field_keys:
            raise KeyLost(f"the field key {key_id!r} is not configured")
        head, nonce = blob[:head_length], blob[head_length : head_length + NONCE_BYTES]
        body = blob[head_length + NONCE_BYTES :]
        try:
            plain = AESGCM(self.field_keys[key_id]).decrypt(nonce, body, head + _place(column, row_uid))
        except (InvalidTag, ValueError):
            raise CryptoError(f"{column}: the value was altered or belongs to another row") from None
        return plain.decode()

    def outdated(self, blob: bytes) -> bool:
        """Tell whether a value should be encrypted anew, because its key is no longer the first."""
        return _head(blob)[0] != next(iter(self.field_keys))

    def mac(self, purpose: str, data: bytes) -> bytes:
        """Return 32 bytes of HMAC-SHA256 under a key of this purpose alone."""
        return hmac.digest(_own_key(self.index_key, purpose), data, "sha256")


@lru_cache(maxsize=64)  # purposes are columns and the like: a few, and all of them ours
def _own_key(index_key: bytes, purpose: str) -> bytes:
    return hmac.digest(index_key, purpose.encode(), "sha256")


def key_id(blob: bytes) -> str:
    """Return the id of the key a field is sealed under; CryptoError for what is no sealed field."""
    found = _head(blob)[0]
    if not _KEY_ID.fullmatch(found):
        raise CryptoError("not an encrypted field")
    return found


def configure(app: Flask) -> None:
    """Read ``FIELD_KEYS`` and ``INDEX_KEY``; without them keep development keys in ``DATA_DIR`` (0600)."""
    field_keys: str = app.config.get("FIELD_KEYS") or ""
    index_key: str = app.config.get("INDEX_KEY") or ""
    if bool(field_keys) != bool(index_key):
        raise CryptoError("set PORTAL_FIELD_KEYS and PORTAL_INDEX_KEY together")
    if not field_keys:
        field_keys, index_key = _development_keys(Path(app.config["DATA_DIR"]))
    app.extensions[_EXTENSION] = Keyring.parse(field_keys, index_key)


def keyring() -> Keyring:
    """Return the keys of the current application."""
    found: Keyring = current_app.extensions[_EXTENSION]
    return found


def encrypt(column: str, row_uid: str, text: str) -> bytes:
    """Encrypt ``text`` for ``column`` ("table.column") of the row ``row_uid``."""
    return keyring().encrypt(column, row_uid, text)


def decrypt(column: str, row_uid: str, blob: bytes) -> str:
    """Return the text of an encrypted field; raise CryptoError when it is not this row's own."""
    return keyring().decrypt(column, row_uid, blob)


def blind_index(column: str, normalised: str) -> str:
    """Return the 64 hex digits by which an encrypted ``column`` is found; the caller normalises first."""
    return keyring().mac(f"blind:{column}", normalised.encode()).hex()


def mac(purpose: str, data: bytes) -> str:
    """Return 64 hex digits that only this installation can make, for ``purpose``."""
    return keyring().mac(purpose, data).hex()


def new_uid() -> str:
    """Return a new 26-character name that sorts by time (a ULID: 48 bits of ms, 80 random bits)."""
    return _named(int(clock.now().timestamp() * 1000) << 80 | secrets.randbits(80))


def new_secret_name() -> str:
    """Return 26 characters of 130 random bits: whoever holds it may look (a voucher's public address)."""
    return _named(secrets.randbits(130))


def _named(number: int) -> str:
    """Write a number of 130 bits in 26 characters."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def new_token() -> str:
    """Return a new secret of 256 random bits, safe in URLs; store only its ``token_hash``."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return the SHA-256 of a random token; not for passwords or short codes, which can be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time, whatever characters they hold."""
    return hmac.compare_digest(left.encode(), right.encode())


def generate_key() -> str:
    """Return a new 32-byte key in base64, for ``portal keys new``."""
    return base64.b64encode(os.urandom(32)).decode()


def _key(text: str, name: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        raise CryptoError(f"{name} is not base64") from None
    if len(key) != 32:
        raise CryptoError(f"{name} has {len(key)} bytes, 32 are needed")
    return key


def _place(column: str, row_uid: str) -> bytes:
    if "." not in column or not row_uid:
        raise CryptoError("a field is named table.column and belongs to a row with a uid")
    return f"{column}:{row_uid}".encode()


def _head(blob: bytes) -> tuple[str, int]:
    length = blob[0] if blob else 0
    if not length or len(blob) < length + 2 + NONCE_BYTES or blob[length + 1] != AES_256_GCM:
        raise CryptoError("not an encrypted field")
    return blob[1 : length + 1].decode("ascii", "replace"), length + 2


def _development_keys(data_dir: Path) -> tuple[str, str]:
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / DEVELOPMENT_FILE
    if not path.exists():
        draft = data_dir / f".{DEVELOPMENT_FILE}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"dev:{generate_key()}\n{generate_key()}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # link() fails when another process was first: both then read the same keys.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    field_keys, index_key = path.read_text().split()
    return field_keys, index_key
