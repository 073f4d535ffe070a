"""Who stands behind a phone number: accounts, and imported records nobody has claimed yet."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from sqlalchemy import ScalarSelect, exists, select, table
from sqlalchemy.sql import column

from portal import clock, crypto
from portal.database import everything, session
from portal.districts.models import District
from portal.identity.models import DISTRICT_ROLES, STAFF_ROLES, Account, Grant

# Owned by the members room above; only these columns are read here, to let a person in.
MEMBER = table(
    "member",
    column("id"),
    column("uid"),
    column("person_id"),
    column("district_id"),
    column("name"),
    column("phone_index"),
    column("phone_sealed"),
    column("ric_tail"),
    column("closed_on"),
)


# Owned by the members room as well: where somebody who only helps others belongs.
_DELEGATION = table("delegation", column("account_id"), column("district_id"), column("id"))


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody with an account behind a number; ``label`` shows the surname.

    Who is ``stopped`` is named among the others: whoever proved the number reads at the end of it what to do.
    """

    account_id: int
    uid: str
    label: str
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Behind:
    """Everybody behind a number: accounts, and whether records wait to be claimed."""

    accounts: tuple[Known, ...]
    unclaimed: bool

    def __bool__(self) -> bool:
        return bool(self.accounts) or self.unclaimed


def behind(phone_index: str | ScalarSelect[str | None]) -> Behind:
    """Return whose number this is; those who are disabled too."""
    columns = (Account.id, Account.uid, Account.display_name, Account.disabled_at)
    known = select(*columns).where(Account.phone_index == phone_index)
    rows = session.execute(known.order_by(Account.id)).all()
    labels = _labels([row.display_name for row in rows])
    accounts = tuple(
        Known(row.id, row.uid, label, row.disabled_at is not None)
        for row, label in zip(rows, labels, strict=True)
    )
    with everything():  # whoever comes in is not in a district yet, here and below
        waiting = session.execute(unclaimed(phone_index).limit(1)).first()
    return Behind(accounts, waiting is not None)


def beside(account_id: int) -> Behind:
    """Return who else may log in with an account's number: the other of a couple, a record nobody claimed."""
    found = behind(select(Account.phone_index).where(Account.id == account_id).scalar_subquery())
    others = tuple(one for one in found.accounts if one.account_id != account_id and not one.stopped)
    return Behind(others, found.unclaimed)


def names_waiting(phone_index: str) -> list[str]:
    """Return the names on open records under a number that nobody has claimed yet."""
    with everything():
        return list(session.scalars(unclaimed(phone_index).with_only_columns(MEMBER.c.name)))


def unclaimed(phone_index: str | ScalarSelect[str | None]):  # type: ignore[no-untyped-def]
    """Start a select over the open records under a number whose person has no account."""
    taken = exists().where(Account.person_id == MEMBER.c.person_id)
    return select(MEMBER).where(MEMBER.c.phone_index == phone_index, MEMBER.c.closed_on.is_(None), ~taken)


def _labels(names: list[str]) -> list[str]:
    masked = [f"{name[:1]}{'*' * max(1, len(name) - 1)}" if name else "*" for name in names]
    # A couple of one surname: the last character tells them apart, the phone is theirs.
    longer = [
        f"{mask[:-1]}{name[-1]}" if masked.count(mask) > 1 and len(name) > 1 else mask
        for mask, name in zip(masked, names, strict=True)
    ]
    # 王小明 and 王大明: nothing less than the whole name does.
    return [name if longer.count(label) > 1 else label for label, name in zip(longer, names, strict=True)]


def is_staff(account_id: int) -> bool:
    """Tell whether an account holds any role above a plain member today, anywhere."""
    return _holds(account_id, STAFF_ROLES)


def _holds(account_id: int, roles: frozenset[str]) -> bool:
    today = clock.today()
    with everything():
        held = select(Grant.id).where(
            Grant.account_id == account_id,
            Grant.role.in_(roles),
            Grant.valid_from <= today,
            (Grant.valid_to.is_(None)) | (Grant.valid_to > today),
        )
        return session.execute(held.limit(1)).first() is not None


def holds_district_role(account_id: int) -> bool:
    """Tell whether an account holds a role of a district today, anywhere."""
    return _holds(account_id, DISTRICT_ROLES)


def home(account_id: int) -> tuple[int, str] | None:
    """Return the district (id, code) of an account.

    Its record's, else its first role's, else the one it was opened in, else where it helps somebody.
    """
    record = (
        select(District.id, District.code)
        .join(MEMBER, MEMBER.c.district_id == District.id)
        .join(Account, Account.person_id == MEMBER.c.person_id)
        .where(Account.id == account_id, MEMBER.c.closed_on.is_(None))
    )
    with everything():
        found = session.execute(record.order_by(MEMBER.c.id.desc()).limit(1)).first()
        if found is None:
            role = select(District.id, District.code).join(Grant, Grant.district_id == District.id)
            found = session.execute(
                role.where(Grant.account_id == account_id).order_by(Grant.id).limit(1)
            ).first()
        if found is None:
            opened = select(District.id, District.code).join(Account, Account.home_id == District.id)
            found = session.execute(opened.where(Account.id == account_id)).first()
        if found is None:
            helps = select(District.id, District.code).join(
                _DELEGATION, _DELEGATION.c.district_id == District.id
            )
            found = session.execute(
                helps.where(_DELEGATION.c.account_id == account_id).order_by(_DELEGATION.c.id.desc()).limit(1)
            ).first()
    return (found.id, found.code) if found else None


def district_for(phone_index: str) -> int | None:
    """Return the district whose channel carries a code to this number."""
    accounts = behind(phone_index).accounts
    if accounts:
        found = home(accounts[0].account_id)
        return found[0] if found else None
    records = unclaimed(phone_index).with_only_columns(MEMBER.c.district_id)
    with everything():
        return session.execute(records.order_by(MEMBER.c.id).limit(1)).scalar()


def tidy(text: str) -> str:
    """Return what somebody typed, full-width characters and spaces put right."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def tidy_phone(text: str) -> str:
    """Return a phone number's digits, without +86, spaces and hyphens."""
    plain = tidy(text).translate({ord(mark): None for mark in "-–—()·."})
    for prefix in ("+86", "0086"):
        plain = plain.removeprefix(prefix)
    return plain


def same_name(left: str, right: str) -> bool:
    """Compare two names as people write them, in constant time."""
    return crypto.same(_plain_name(left), _plain_name(right))


def _plain_name(name: str) -> str:
    return tidy(name).translate({ord(mark): None for mark in "·•・.‧"}).casefold()
