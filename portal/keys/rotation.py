"""Encrypt anew what is sealed under an older key: in small transactions, beside the running portal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from portal import crypto
from portal.database import everything, session, transaction
from portal.failpoints import failpoint
from portal.keys.sealed import Sealed, sealed_columns


@dataclass(kw_only=True)
class Progress:
    """How far a rotation has come. What cannot be opened is left as it is and counted."""

    done: int = 0
    kept: int = 0
    broken: int = 0


def rotate(tell: Callable[[str, Progress], None] = lambda _name, _progress: None) -> Progress:
    """Seal every value anew whose key is not the first one; again goes on where it stopped.

    Each batch is one transaction, and a value that somebody changed meanwhile is left alone: it is sealed
    under the first key already, or found by the next run. ``tell`` hears after each column.
    """
    progress = Progress()
    with everything():
        for one in sealed_columns():
            last = 0
            while (following := _batch(one, last, progress)) is not None:
                last = following
                failpoint("keys.batch")
            tell(one.name, progress)
    return progress


def _batch(one: Sealed, last: int, progress: Progress) -> int | None:
    keyring = crypto.keyring()
    with transaction() as current:
        rows = current.execute(one.after(last)).mappings().all()
        for row in rows:
            stands = row[one.column.name]
            blob = one.opened(stands)
            if blob is None or not keyring.outdated(blob):
                progress.kept += 1
                continue
            sealed = _again(keyring, one, row, blob)
            if sealed is None:
                progress.broken += 1
                continue
            if one.column.info.get("json") or one.place == "setting.value":
                # JSON is not compared by the database; the row is held by this transaction on SQLite.
                same: Any = current.scalar(
                    select(one.column).where(one.table.c.id == row["id"]).with_for_update()
                )
                if same != stands:
                    continue
                swap = update(one.table).where(one.table.c.id == row["id"])
            else:
                swap = update(one.table).where(one.table.c.id == row["id"], one.column == stands)
            changed: Any = current.execute(swap.values({one.column.name: one.stored(sealed)}))
            progress.done += changed.rowcount
    session.expire_all()
    return rows[-1]["id"] if rows else None


def _again(keyring: crypto.Keyring, one: Sealed, row: Any, blob: bytes) -> bytes | None:
    uid = one.uid(row)
    try:
        return keyring.encrypt(one.place, uid, keyring.decrypt(one.place, uid, blob))
    except crypto.CryptoError:
        return None
