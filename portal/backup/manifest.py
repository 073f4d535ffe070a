"""What a backup says of itself: tables and files with their digests, schema, keys by a check value."""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from portal.crypto import Keyring

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The last member of a backup: without it the file is not whole.

    ``tables``: name -> [rows, digest]; ``files``: path below the data folder -> [bytes, SHA-256];
    ``schema``: owner -> revision; ``keys``: key id -> check value, by which restore knows wrong keys.
    """

    made_at: str
    portal: str
    dialect: str
    schema: dict[str, str | None]
    keys: dict[str, str]
    tables: dict[str, list[Any]] = field(default_factory=dict)
    files: dict[str, list[Any]] = field(default_factory=dict)
    database: list[Any] = field(default_factory=list)
    with_keys: bool = False
    format: int = FORMAT

    def text(self) -> str:
        """Return the manifest as it stands in the backup."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, indent=1)

    @classmethod
    def parse(cls, text: str) -> Manifest:
        """Read a manifest; ValueError for one this portal does not know."""
        try:
            found = json.loads(text)
            if found.get("format") != FORMAT:
                raise ValueError(f"format {found.get('format')} of a backup; this portal reads {FORMAT}")
            return cls(**found)
        except (TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"the manifest cannot be read: {type(error).__name__}") from None

    @property
    def rows(self) -> int:
        """Return the rows of all tables."""
        return sum(int(count) for count, _ in self.tables.values())


def key_checks(keyring: Keyring, used: Collection[str] | None = None) -> dict[str, str]:
    """Return a value per key (of those ``used``) that only this key makes, and that tells nothing of it."""
    known = keyring.field_keys.items()
    found = {name: _check(key) for name, key in known if used is None or name in used}
    return {**found, "index": _check(keyring.index_key)}


def _check(key: bytes) -> str:
    return hmac.digest(key, b"backup.check", "sha256").hex()[:24]
