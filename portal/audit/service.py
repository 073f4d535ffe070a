"""The two verbs: record an act, record that somebody looked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import repeat
from typing import Any

from flask import g, has_app_context
from sqlalchemy import Connection, insert

from portal import clock, crypto
from portal.audit.models import AuditRow
from portal.database import in_verb, run_ready, writing

#: What was acted upon: a row, or (kind, id) such as ("member", 12).
Subject = Any

# Numbers that could be a phone or an identity have no place in the trail; ids are shorter.
_PERSONAL = re.compile(r"(?<!\d)\d{11}(?!\d)|\d{17}[\dXx]")


# Inline: nothing comes back, which somebody in no district yet could not read.
_ROW = insert(AuditRow.__table__).inline()
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def record(
    action: str,
    subject: Subject,
    *,
    actor: Any,
    district: Any,
    detail: dict[str, Any] | None = None,
) -> str:
    """Write an act into the trail, in the transaction of the act itself; return the row's uid.

    ``actor`` is an actor, an account id, or None for the system itself; ``district`` a district, its id, or
    None for the installation. ``detail`` holds ids, codes and counts; ValueError for anything personal.
    Raises RuntimeError outside a transaction.
    """
    if not in_verb():
        raise RuntimeError("an act is recorded inside portal.database.transaction()")
    values = _row(action, subject, actor, district, detail)
    run_ready(_ROW, values)
    return str(values["uid"])


def record_on(
    connection: Connection,
    action: str,
    subject: Subject,
    *,
    actor: Any,
    district: Any,
    detail: dict[str, Any] | None = None,
) -> None:
    """Do the same in the transaction of a connection of its own: changes of the schema."""
    connection.execute(_ROW, _row(action, subject, actor, district, detail))


def record_each(
    action: str,
    subjects: Iterable[Subject],
    *,
    actor: Any,
    district: Any,
    details: Iterable[dict[str, Any]] | None = None,
) -> None:
    """Write one row for each subject of the same act, in one statement: imports write thousands.

    ``details`` has one entry for each subject, or is left out.
    """
    if not in_verb():
        raise RuntimeError("an act is recorded inside portal.database.transaction()")
    told: Iterable[dict[str, Any] | None] = repeat(None) if details is None else details
    rows = [
        _row(action, subject, actor, district, detail)
        for subject, detail in zip(subjects, told, strict=False)
    ]
    if rows:
        run_ready(_ROW, rows)


def record_view(subject: Subject, *, actor: Any, district: Any, action: str = "view") -> str:
    """Record that somebody opened a confidential record: its own short transaction, allowed in a GET."""
    values = _row(action, subject, actor, district, None)
    with writing() as own:
        own.execute(_ROW, values)
    return str(values["uid"])


def _row(
    action: str, subject: Subject, actor: Any, district: Any, detail: dict[str, Any] | None
) -> dict[str, Any]:
    kind, subject_id = _subject(subject)
    values = {
        "uid": crypto.new_uid(),
        "district_id": _id(district),
        "at": clock.now(),
        "actor_id": _id(actor),
        "action": action,
        "subject_type": kind,
        "subject_id": subject_id,
        "detail": _plain(detail or {}),
        "request_id": g.get("request_id") if has_app_context() else None,
    }
    return {**values, "mac": row_mac(values)}


def row_mac(row: Any) -> str:
    """Return what only this installation can say of the row's content; ``row`` is a mapping."""
    content = {
        name: row[name]
        for name in ("uid", "district_id", "actor_id", "action", "subject_type", "subject_id", "detail")
    }
    content["at"] = int(row["at"].timestamp() * 1_000_000)
    content["request_id"] = row["request_id"]
    return crypto.mac("audit.row", _CANONICAL.encode(content).encode())


def _id(thing: Any) -> int | None:
    if thing is None or isinstance(thing, int):
        return thing
    found: int | None = thing.account_id if hasattr(thing, "account_id") else thing.id
    return found


def _subject(subject: Subject) -> tuple[str, str]:
    if isinstance(subject, tuple):
        kind, subject_id = subject
        return str(kind), str(subject_id)
    return subject.__tablename__, str(subject.id)


def _plain(detail: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(detail, ensure_ascii=False)  # raises TypeError for anything but plain data
    if len(text) > 4000 or _PERSONAL.search(text):
        raise ValueError("the audit trail holds ids, codes and counts only")
    plain: dict[str, Any] = json.loads(text)
    return plain
