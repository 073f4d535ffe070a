"""The hash chain of a book: canonical text of an entry, and the next link."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def origin(book_uid: str) -> str:
    """Return the hash a book's chain starts from."""
    return sha256(f"ledger:{book_uid}".encode()).hexdigest()


def canonical(
    *,
    book_uid: str,
    idem: str,
    kind: str,
    effective_date: date,
    occurred_at: datetime | None,
    recorded_at: datetime,
    actor: str,
    reverses: str | None,
    case_uid: str | None,
    meta: Mapping[str, Any],
    lines: Iterable[tuple[str, int]],
) -> bytes:
    """Write an entry down in one way only. No database id is in it, so a restored book verifies too.

    The running number is not in it either: the chain gives the order, and an entry slipped in or taken out
    is named exactly, whatever was renumbered.
    """
    content = {
        "actor": actor,
        "book": book_uid,
        "case": case_uid,
        "date": effective_date.isoformat(),
        "idem": idem,
        "kind": kind,
        "lines": [[code, amount] for code, amount in lines],
        "meta": meta,
        "occurred": instant(occurred_at),
        "recorded": instant(recorded_at),
        "reverses": reverses,
    }
    return _CANONICAL.encode(content).encode()


def link(prev_hash: str, content: bytes) -> str:
    """Return the hash of an entry that follows ``prev_hash``."""
    return sha256(bytes.fromhex(prev_hash) + content).hexdigest()


def instant(value: datetime | None) -> str | None:
    """Write an instant with its microseconds, in UTC."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="microseconds")
