"""One-time codes: six digits, ten minutes, five tries, bound to the browser that asked (security.md)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from portal import clock, crypto, jobs, notices
from portal.database import session, transaction
from portal.identity import people
from portal.identity.login_models import LoginCode
from portal.notices import Template
from portal.words import lazy_gettext as _l

LIFE = timedelta(minutes=10)
TRIES = 5
CLAIMS = 5
#: A second tap on the button within this time is the same wish, not a new one.
SAME_WISH = timedelta(seconds=60)
KEPT = timedelta(days=1)

#: A code that may open an account: it is sent to every number, and nobody waits for it but who asked.
JOIN = "join"

OK, WRONG, SPENT, EXPIRED = "ok", "wrong", "spent", "expired"

notices.declare(
    Template(
        key="identity.code",
        title=_l("登录验证码"),
        body=_l("验证码%(code)s，%(minutes)s分钟内有效。不要告诉任何人，工作人员也不会要。"),
        urgent=True,
        phone_only=True,
        kind="security",
    )
)


@dataclass(frozen=True)
class Joining:
    """What somebody said of themselves who wants an account: a name, and in which district (its id)."""

    name: str
    home_id: int


@dataclass(frozen=True)
class Asked:
    """What the browser keeps of its wish: which row, and the proof that it was this browser."""

    uid: str
    bind: str


def ask(
    phone: str,
    *,
    purpose: str = "login",
    account_id: int | None = None,
    bind: str | None = None,
    joining: Joining | None = None,
) -> Asked:
    """Write a code for a number, known or not: the same work either way; a job sends it if it is known.

    One of ``joining`` (purpose ``join``) is sent to every number. ``bind`` is what only the asking browser
    can show, when it has such a thing already.
    """
    uid, bind, now = crypto.new_uid(), bind or crypto.new_token(), clock.now()
    code = f"{secrets.randbelow(10**6):06d}"
    with transaction():
        session.execute(
            insert(LoginCode).values(
                uid=uid,
                bind_hash=crypto.token_hash(bind),
                purpose=purpose,
                account_id=account_id,
                phone_index=crypto.blind_index("phone", phone),
                phone_sealed=crypto.encrypt("login_code.phone_sealed", uid, phone),
                code_hash=_hash(uid, code),
                code_sealed=crypto.encrypt("login_code.code_sealed", uid, code),
                created_at=now,
                expires_at=now + LIFE,
                tries=0,
                claims=0,
                **(_said(uid, joining) if joining else {}),
            )
        )
        jobs.enqueue("identity.send_code", {"uid": uid}, dedupe_key=uid, priority=0)
    return Asked(uid, bind)


def _said(uid: str, joining: Joining) -> dict[str, Any]:
    return {
        "name_sealed": crypto.encrypt("login_code.name_sealed", uid, joining.name),
        "home_id": joining.home_id,
    }


def say_anew(row: LoginCode, joining: Joining) -> None:
    """Put another name to a code that waits: a mistake was mended before it came."""
    with transaction():
        waits = update(LoginCode).where(LoginCode.id == row.id, LoginCode.verified_at.is_(None))
        session.execute(waits.values(**_said(row.uid, joining)))


def joining_of(row: LoginCode) -> Joining | None:
    """Return what was said with a code that may open an account; None of every other code."""
    if row.purpose != JOIN or row.name_sealed is None or row.home_id is None:
        return None
    return Joining(crypto.decrypt("login_code.name_sealed", row.uid, row.name_sealed), row.home_id)


def _hash(uid: str, code: str) -> str:
    return crypto.mac("login.code", f"{uid}:{code}".encode())


@jobs.job("identity.send_code")
def _send(payload: Mapping[str, Any]) -> None:
    row = session.execute(select(LoginCode).where(LoginCode.uid == payload["uid"])).scalar_one_or_none()
    if row is None or row.code_sealed is None:
        return
    known = row.account_id is not None or row.purpose == JOIN or bool(people.behind(row.phone_index))
    # A number that is to become somebody's is not known yet: the district is its owner's.
    home = people.home(row.account_id) if row.account_id is not None else None
    district_id = home[0] if home else row.home_id
    if district_id is None and known:
        district_id = people.district_for(row.phone_index)
    code = crypto.decrypt("login_code.code_sealed", row.uid, row.code_sealed)
    phone = crypto.decrypt("login_code.phone_sealed", row.uid, row.phone_sealed)
    with transaction():
        session.execute(update(LoginCode).where(LoginCode.id == row.id).values(code_sealed=None))
        if known:
            notices.send_to_phone(
                "identity.code",
                phone=phone,
                params={"code": code, "minutes": int(LIFE.total_seconds() // 60)},
                district_id=district_id,
                expires_at=row.expires_at,
            )


def check(asked: Asked, typed: str) -> str:
    """Use up one try; return ``ok``, ``wrong``, ``spent`` (no tries left) or ``expired``."""
    alive = update(LoginCode).where(
        _mine(asked),
        LoginCode.verified_at.is_(None),
        *_in_time(),
        LoginCode.tries < TRIES,
    )
    # The try is committed before the comparison: parallel guesses cannot share one.
    with transaction():
        row = session.execute(
            alive.values(tries=LoginCode.tries + 1).returning(
                LoginCode.id,
                LoginCode.code_hash,
                LoginCode.tries,
                LoginCode.phone_index,
                LoginCode.account_id,
                LoginCode.purpose,
            )
        ).first()
    if row is None:
        return EXPIRED
    right = crypto.same(_hash(asked.uid, people.tidy(typed)), row.code_hash)
    # Nobody was sent a code for an unknown number; a lucky guess there is a wrong one.
    sent = row.account_id is not None or row.purpose == JOIN
    if not right or not sent and not people.behind(row.phone_index):
        return SPENT if row.tries >= TRIES else WRONG
    with transaction():
        first = update(LoginCode).where(LoginCode.id == row.id, LoginCode.verified_at.is_(None))
        done: Any = session.execute(first.values(verified_at=clock.now()))
    return OK if done.rowcount else EXPIRED


def _in_time() -> tuple[Any, Any]:
    """A code that a clock far ahead has left would live until that day comes."""
    now = clock.now()
    return LoginCode.expires_at > now, LoginCode.expires_at < now + LIFE + clock.ASTRAY


def _mine(asked: Asked) -> Any:
    return (
        (LoginCode.uid == asked.uid)
        & (LoginCode.bind_hash == crypto.token_hash(asked.bind))
        & LoginCode.used_at.is_(None)
    )


def waiting(asked: Asked) -> LoginCode | None:
    """Return this browser's code that still waits to be typed."""
    alive = select(LoginCode).where(_mine(asked), LoginCode.verified_at.is_(None), *_in_time())
    return session.execute(alive).scalar_one_or_none()


def unanswered(asked: Asked) -> LoginCode | None:
    """Return this browser's last code, alive or not, if it was never typed right: to ask for another."""
    return session.execute(
        select(LoginCode).where(_mine(asked), LoginCode.verified_at.is_(None))
    ).scalar_one_or_none()


def spent(row: LoginCode) -> bool:
    """Tell whether a code can no longer be typed: too many wrong tries, or too old."""
    return row.tries >= TRIES or row.expires_at <= clock.now()


def verified(asked: Asked) -> LoginCode | None:
    """Return this browser's proven number, for the ten minutes in which the person says who they are."""
    now = clock.now()
    recent = LoginCode.verified_at.between(now - LIFE, now + clock.ASTRAY)
    proven = select(LoginCode).where(_mine(asked), recent)
    return session.execute(proven).scalar_one_or_none()


def claim_try(row: LoginCode) -> bool:
    """Use up one try to name oneself; False when none is left."""
    with transaction():
        left = update(LoginCode).where(LoginCode.id == row.id, LoginCode.claims < CLAIMS)
        done: Any = session.execute(left.values(claims=LoginCode.claims + 1))
    return bool(done.rowcount)


def use(row: LoginCode) -> bool:
    """Spend a proven number on one login, in the caller's transaction; False when it is spent."""
    once = update(LoginCode).where(LoginCode.id == row.id, LoginCode.used_at.is_(None))
    with transaction():
        done: Any = session.execute(once.values(used_at=clock.now()))
    return bool(done.rowcount)


def phone_of(row: LoginCode) -> str:
    """Return the number a code was asked for."""
    return crypto.decrypt("login_code.phone_sealed", row.uid, row.phone_sealed)


@jobs.job("identity.forget_codes", daily=time(3, 30))
def _forget(payload: Mapping[str, Any]) -> None:
    with transaction():
        session.execute(delete(LoginCode).where(LoginCode.created_at < clock.now() - KEPT))
