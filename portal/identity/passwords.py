"""Passwords: argon2id, ten characters, a list of common ones, no composition rules (ASVS 6.2)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import select, update

from portal import audit, crypto
from portal.database import session, transaction
from portal.identity import people, sessions
from portal.identity.models import Account

#: About 40 ms; the library's defaults cost 200 ms and 64 MiB a login.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
SHORTEST, LONGEST = 10, 200
#: The hash of 32 random bytes nobody kept: an unknown name costs the same time as a known one.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$SOpHPfx73vU6gD/j7HesPg$JbFJm9ehFjAbKcdoSKc6r9lktYoADynyPKPVPUma6Yc"


def problem(password: str, *, about: tuple[str, ...] = ()) -> str | None:
    """Return what is wrong with a new password: ``short``, ``long``, ``common``, ``personal``; else None.

    ``about`` are things others know of the person: number, name, user name.
    """
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    plain = password.casefold()
    if plain in _common() or len(set(plain)) <= 3 or _is_run(plain):
        return "common"
    if any(len(part) >= 4 and part.casefold() in plain for part in about):
        return "personal"
    return None


def _is_run(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in zip(text, text[1:], strict=False)}
    return steps <= {1, -9} or steps <= {-1, 9}


@cache
def _common() -> frozenset[str]:
    text = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def verify(username: str, password: str) -> int | None:
    """Return the account of a user name (or of a number only one password belongs to), or None.

    A disabled account is returned too: whoever knows its password is told what to do, and not let in.
    Exactly one hash is computed, whoever is asked for.
    """
    row = _candidate(username)
    session.rollback()  # no lock is held while the hash is computed
    known = row.password_hash if row is not None else NOBODY
    if not _fits(known, password) or row is None:
        return None
    if HASHER.check_needs_rehash(known):
        _store(row.id, password)
    return int(row.id)


def is_right(account: Account, password: str) -> bool:
    """Tell whether this is the account's present password."""
    return _fits(account.password_hash or NOBODY, password)


def _fits(known: str, password: str) -> bool:
    try:
        return bool(HASHER.verify(known, password[:LONGEST]))
    except (Argon2Error, InvalidHashError):
        return False


def meant(username: str) -> tuple[str, str | None]:
    """Return under which name guesses at this account are counted, and the index of its number if known.

    A number is one name however it is written: blanks and hyphens do not buy more tries.
    """
    digits, plain = people.tidy_phone(username), people.tidy(username)
    if len(digits) == 11 and digits.isascii() and digits.isdigit():
        index = crypto.blind_index("phone", digits)
        return index, index
    return plain.casefold(), session.scalar(select(Account.phone_index).where(Account.username == plain))


def _candidate(username: str) -> Any:
    columns = (Account.id, Account.password_hash, Account.disabled_at)
    known = select(*columns).where(Account.password_hash.is_not(None))
    found = session.execute(known.where(Account.username == people.tidy(username))).all()
    if not found:
        index = crypto.blind_index("phone", people.tidy_phone(username))
        sharing = session.execute(known.where(Account.phone_index == index)).all()
        # The other one of a number goes on logging in by it when one of the two is disabled.
        found = [row for row in sharing if row.disabled_at is None] or sharing
    return found[0] if len(found) == 1 else None


def set_password(account_id: int, password: str, *, keep_session: int | None) -> None:
    """Give an account a new password; its other sessions end at once, on all devices."""
    with transaction():
        _store(account_id, password)
        sessions.end_all(account_id, why="password", keep=keep_session)
        audit.record("account.password", ("account", account_id), actor=account_id, district=None)


def _store(account_id: int, password: str) -> None:
    with transaction():
        changed = update(Account).where(Account.id == account_id)
        session.execute(changed.values(password_hash=HASHER.hash(password[:LONGEST])))
