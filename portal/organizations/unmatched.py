"""Leave a question at the desk when the search found nothing; the desk writes down how it ended."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import case, delete, func, or_, select

from portal import audit, clock, crypto
from portal.database import everything, rows, session, swap, transaction
from portal.jobs import job
from portal.organizations.unmatched_models import Unmatched
from portal.words import gettext

#: How long an answered question is kept, and an open one that nobody answered.
KEPT, KEPT_OPEN = timedelta(days=90), timedelta(days=400)
PER_NETWORK, PER_PHONE, PER_DISTRICT = 10, 3, 300  # questions a day
PAGE = 30


class TooOften(Exception):
    """This network, this number or the whole district has left enough questions today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as the desk reads it."""

    id: int
    uid: str
    version: int
    state: str
    typed: str
    question: str
    phone: str
    asked_at: datetime
    answered_at: datetime | None
    note: str


def tidy_phone(text: str) -> str | None:
    """Return a mobile or landline number as digits, or None when it is neither.

    Blanks, hyphens, full-width digits and a leading +86 are welcome.
    """
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    return digits if re.fullmatch(r"1\d{10}|0\d{9,11}", digits) else None


def ask(*, district_id: int, typed: str, question: str, phone: str, address: str | None) -> Unmatched:
    """Leave a question; ``phone`` comes tidied, ``address`` is the sender's network address.

    Raises:
        TooOften: enough for today.
    """
    uid, now = crypto.new_uid(), clock.now()
    sender, phone_index = _sender(address), crypto.blind_index("phone", phone)
    with transaction():
        _limit(district_id, sender, phone_index, now)
        row = Unmatched(
            uid=uid,
            district_id=district_id,
            typed_sealed=crypto.encrypt("unmatched.typed_sealed", uid, typed[:200]),
            question_sealed=crypto.encrypt("unmatched.question_sealed", uid, question[:500]),
            phone_sealed=crypto.encrypt("unmatched.phone_sealed", uid, phone),
            phone_index=phone_index,
            sender=sender,
            asked_at=now,
        )
        session.add(row)
        session.flush()
        audit.record("unmatched.ask", row, actor=None, district=district_id)
    return row


def _sender(address: str | None) -> str:
    """Return a keyed hash of an address as one customer has it: IPv4 whole, IPv6 by its /64."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return crypto.mac("unmatched.sender", b"?")
    whole = ipaddress.ip_network(f"{found}/{64 if found.version == 6 else 32}", strict=False)
    return crypto.mac("unmatched.sender", str(whole.network_address).encode())


def _limit(district_id: int, sender: str, phone_index: str, now: datetime) -> None:
    since = now - timedelta(days=1)
    with everything():
        same = or_(
            Unmatched.sender == sender,
            Unmatched.phone_index == phone_index,
            Unmatched.district_id == district_id,
        )
        counts = session.execute(
            select(
                func.coalesce(func.sum(_one(Unmatched.sender == sender)), 0),
                func.coalesce(func.sum(_one(Unmatched.phone_index == phone_index)), 0),
                func.coalesce(func.sum(_one(Unmatched.district_id == district_id)), 0),
            ).where(Unmatched.asked_at > since, same)
        ).one()
    if any(count >= most for count, most in zip(counts, (PER_NETWORK, PER_PHONE, PER_DISTRICT), strict=True)):
        raise TooOften


def _one(condition: Any) -> Any:
    return case((condition, 1), else_=0)


def by_uid(uid: str) -> Any:
    """Return state and times of a question by its reference, for whoever left it; None if there is none."""
    table = Unmatched.__table__
    return session.execute(
        rows(Unmatched, table.c.uid, table.c.state, table.c.asked_at, table.c.answered_at).where(
            table.c.uid == uid
        )
    ).first()


def queue(*, state: str = "open", after: int | None = None) -> tuple[list[Question], int | None]:
    """Return one page of the desk's queue, oldest first, and the cursor of the next page."""
    table = Unmatched.__table__
    statement = rows(Unmatched).where(table.c.state == state).order_by(table.c.id).limit(PAGE + 1)
    if after is not None:
        statement = statement.where(table.c.id > after)
    found = [_read(row) for row in session.execute(statement)]
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def waiting() -> int:
    """Count the questions that wait for a call."""
    table = Unmatched.__table__
    found = rows(Unmatched, func.count(table.c.id)).where(table.c.state == "open")
    return int(session.execute(found).scalar_one())


def one(question_id: int) -> tuple[Unmatched, Question] | None:
    """Return a question of the district in scope, as a row and as the desk reads it."""
    row = session.execute(select(Unmatched).where(Unmatched.id == question_id)).scalar_one_or_none()
    return (row, _read(row)) if row is not None else None


def _read(row: Any) -> Question:
    def opened(column: str) -> str:
        sealed = getattr(row, column)
        try:
            return crypto.decrypt(f"unmatched.{column}", row.uid, sealed) if sealed else ""
        except crypto.KeyLost:
            return gettext("（无法读取）")

    return Question(
        id=row.id,
        uid=row.uid,
        version=row.version,
        state=row.state,
        typed=opened("typed_sealed"),
        question=opened("question_sealed"),
        phone=opened("phone_sealed"),
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        note=opened("note_sealed"),
    )


def answer(row: Unmatched, *, version: int, note: str, actor: Any) -> Unmatched:
    """Write down that somebody was helped, and how.

    Raises:
        Conflict: somebody else answered meanwhile.
    """
    with transaction():
        swap(
            row,
            version=version,
            states=("open",),
            state="answered",
            answered_at=clock.now(),
            answered_by=actor.account_id,
            note_sealed=crypto.encrypt("unmatched.note_sealed", row.uid, note[:300]) if note else None,
        )
        audit.record("unmatched.answer", row, actor=actor, district=row.district_id)
    return row


@job("core.forget_unmatched", daily=time(3, 50))
def forget(_payload: Any = None) -> None:
    """Drop questions answered 90 days ago, and those nobody answered for 400."""
    now = clock.now()
    with everything(), transaction():
        session.execute(
            delete(Unmatched)
            .where(or_(Unmatched.answered_at < now - KEPT, Unmatched.asked_at < now - KEPT_OPEN))
            .execution_options(synchronize_session=False)
        )


def forget_phones(indexes: Iterable[str]) -> None:
    """Delete the questions of this district left under these numbers, in the caller's transaction."""
    for index in indexes:
        session.execute(delete(Unmatched).where(Unmatched.phone_index == index))
