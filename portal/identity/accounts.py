"""Accounts of people who have no member record here: desk, treasurer, administrators. And finding one."""

from __future__ import annotations

import re

from sqlalchemy import func, or_, select

from portal import audit, clock, crypto
from portal.database import is_postgresql, session, transaction
from portal.identity import passwords, people
from portal.identity.models import Account

_PHONE = re.compile(r"1[0-9]{10}", re.ASCII)
_USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,31}", re.ASCII)


class AccountRefused(ValueError):
    """An account that cannot be made so; ``reason`` is a code, the words are the caller's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def open_account(
    *,
    name: str,
    phone: str,
    username: str | None,
    password: str | None,
    by: int | None,
    home_id: int | None = None,
) -> tuple[Account, bool]:
    """Open a login for a person known by name and number; return it and whether it is new.

    Somebody of the same number and name is the same person: nothing changes then. Others may share the
    number. Members need none of this: they claim their record. ``home_id`` is the district a resident opens
    it in, who is then on record as having done it. Of many at the same instant one opens it.

    Raises ``AccountRefused``: ``name``, ``phone``, ``username``, ``taken`` (another's user name),
    ``different`` (this person's is another), ``stopped`` (this person's account is disabled: a second one
    is no way round), or what ``passwords.problem`` says.
    """
    fault = problem(name=name, phone=phone, username=username)
    if fault:
        raise AccountRefused(fault)
    name, digits = name.strip(), people.tidy_phone(phone)
    if password is not None:
        fault = passwords.problem(password, about=(digits, name, username or ""))
        if fault:
            raise AccountRefused(fault)
    index = crypto.blind_index("phone", digits)
    with transaction():
        in_line(index)
        same = [known for known in find(digits) if people.same_name(known.display_name, name)]
        for known in same:
            if known.disabled_at is None:
                if username not in (None, known.username):
                    raise AccountRefused("different")
                return known, False
        if same:
            raise AccountRefused("stopped")
        if username is not None and find(username):
            raise AccountRefused("taken")
        uid = crypto.new_uid()
        made = Account(
            uid=uid,
            display_name=name,
            phone_sealed=crypto.encrypt("account.phone_sealed", uid, digits),
            phone_index=index,
            home_id=home_id,
            username=username,
            password_hash=passwords.HASHER.hash(password) if password else None,
            created_at=clock.now(),
        )
        session.add(made)
        session.flush()
        who = made.id if home_id is not None else by
        audit.record("account.open", made, actor=who, district=home_id)
    return made, True


def in_line(phone_index: str) -> None:
    """Let whoever opens an account under the same number wait for the caller's transaction.

    Names are compared as people write them, which no key of the database can: this lock makes two one.
    """
    if is_postgresql():
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"account:{phone_index}"))))


def problem(*, name: str, phone: str, username: str | None) -> str | None:
    """Return what is wrong with a new account's words: ``name``, ``phone``, ``username``, or None."""
    if not 2 <= len(name.strip()) <= 40:
        return "name"
    if not _PHONE.fullmatch(people.tidy_phone(phone)):
        return "phone"
    if username is not None and not _USERNAME.fullmatch(username):
        return "username"
    return None


def find(typed: str) -> list[Account]:
    """Return the accounts a phone number, a user name or an account's public id may mean."""
    plain = people.tidy(typed)
    found = select(Account).where(
        or_(
            Account.username == plain,
            Account.uid == plain,
            Account.phone_index == crypto.blind_index("phone", people.tidy_phone(typed)),
        )
    )
    return list(session.scalars(found.order_by(Account.id)))
