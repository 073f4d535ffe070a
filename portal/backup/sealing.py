"""A backup under a key: AES-256-GCM in pieces of 1 MiB, bound to their places; a cut is noticed."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"portal-backup-1\n"
PIECE = 1024 * 1024
_TAG = 16


class WrongKey(Exception):
    """A sealed backup and no key, or another one; or a piece was altered."""


def key_of(text: str) -> bytes:
    """Read ``backup_key``: 32 bytes in base64. Raises ValueError."""
    key = base64.b64decode(text.strip(), validate=True)
    if len(key) != 32:
        raise ValueError(f"backup_key has {len(key)} bytes, 32 are needed")
    return key


def is_sealed(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file is a sealed backup."""
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC


class Sealer:
    """A file to write into; each full piece is encrypted and written on."""

    def __init__(self, key: bytes, target: IO[bytes]) -> None:
        self._cipher, self._target, self._waiting, self._number = AESGCM(key), target, bytearray(), 0
        self._head = MAGIC + _fingerprint(key) + os.urandom(8)
        target.write(self._head)

    def write(self, data: bytes) -> int:
        """Take ``data``; one piece is always held back, so that the last one can be marked."""
        self._waiting += data
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(data)

    def close(self) -> None:
        """Write the last piece."""
        self._put(bytes(self._waiting), last=True)

    def _put(self, piece: bytes, *, last: bool) -> None:
        nonce = self._head[-8:] + self._number.to_bytes(4, "big")
        self._target.write(self._cipher.encrypt(nonce, piece, self._head + bytes([last])))
        self._number += 1


class Opener:
    """A file to read from; raises WrongKey where it was altered, cut off, or sealed under another key."""

    def __init__(self, key: bytes | None, source: IO[bytes]) -> None:
        self._source, self._number, self._ready, self._ended = source, 0, bytearray(), False
        self._head = source.read(len(MAGIC) + 16)
        if key is None:
            raise WrongKey("this backup is encrypted: backup_key is missing in the settings")
        if self._head[len(MAGIC) : len(MAGIC) + 8] != _fingerprint(key):
            raise WrongKey("this backup is encrypted under another backup_key")
        self._cipher = AESGCM(key)
        self._next = source.read(PIECE + _TAG)

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes."""
        while (size < 0 or len(self._ready) < size) and not self._ended:
            self._ready += self._open()
        size = len(self._ready) if size < 0 else size
        found = bytes(self._ready[:size])
        del self._ready[:size]
        return found

    def _open(self) -> bytes:
        piece, self._next = self._next, self._source.read(PIECE + _TAG)
        self._ended = not self._next
        nonce = self._head[-8:] + self._number.to_bytes(4, "big")
        self._number += 1
        try:
            return self._cipher.decrypt(nonce, piece, self._head + bytes([self._ended]))
        except (InvalidTag, ValueError):
            raise WrongKey(f"piece {self._number} was altered, or the file is cut off") from None


def _fingerprint(key: bytes) -> bytes:
    return hashlib.sha256(b"backup.fingerprint" + key).digest()[:8]
