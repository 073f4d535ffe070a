"""How an imported record gets its account: by number, name and last four; or by a code on paper."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from portal import audit, clock, crypto
from portal.database import everything, is_postgresql, session, transaction
from portal.districts.models import District
from portal.identity import people, sessions
from portal.identity.login_models import LoginCode, PaperCode
from portal.identity.models import STAFF_ROLES, Account, Grant
from portal.identity.people import MEMBER

PAPER_LIFE = timedelta(days=3)
PAPER_TRIES = 5
#: No I, L, O, U, 0, 1: read from paper, typed by old hands.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class StaffCode(PermissionError):
    """Whoever prints a code for somebody with a role must be able to give that role."""


class StoppedCode(PermissionError):
    """A disabled account is let in again first, by whoever may; a code on paper is no way round."""


def claim(proven: LoginCode, *, name: str, tail: str, phone: str) -> int | None:
    """Open an account for the record that matches a proven number, the name and the last four of the id.

    Return the account's id, or None when nothing (or more than one person) matches, or when somebody else
    claimed it at this very moment.
    """
    row = _matching(proven.phone_index, name, tail)
    if row is None:
        return None
    with transaction():
        account_id = _open(row, phone)
        if account_id is not None:
            _record(row, account_id, by="code")
    return account_id


def claimed(proven: LoginCode, *, name: str, tail: str) -> int | None:
    """Return the account opened before, under the same number, by whoever these words name.

    Somebody of a couple who says "I am the other one" by mistake comes in all the same.
    """
    known = select(MEMBER.c.name, MEMBER.c.ric_tail, Account.id).join(
        Account, Account.person_id == MEMBER.c.person_id
    )
    mine = known.where(Account.phone_index == proven.phone_index, MEMBER.c.closed_on.is_(None))
    with everything():
        found = {row.id for row in session.execute(mine) if _is(row, name, tail)}
    return found.pop() if len(found) == 1 else None


def attach(account: Account, *, name: str, tail: str) -> bool:
    """Tie an account without a person to the record that matches its number, the name and the last four."""
    row = _matching(account.phone_index or "", name, tail)
    if row is None or account.person_id is not None:
        return False
    with transaction():
        tied = _tie(account, row)
        if tied:
            _record(row, account.id, by="account")
    return tied


def _tie(account: Account, row: Any) -> bool:
    """Give a person to an account without one; False when this account or that person has one meanwhile."""
    free = update(Account).where(Account.id == account.id, Account.person_id.is_(None))
    try:
        with session.begin_nested():
            done: Any = session.execute(free.values(person_id=row.person_id, display_name=row.name))
    except IntegrityError:
        return False  # claimed by another account meanwhile (PostgreSQL); the unique key decides
    return bool(done.rowcount)


def _matching(phone_index: str, name: str, tail: str) -> Any:
    with everything():  # nobody is in a district before they are somebody
        rows = session.execute(people.unclaimed(phone_index)).all()
    found = {row.person_id: row for row in rows if _is(row, name, tail)}
    return next(iter(found.values())) if len(found) == 1 else None


def _is(row: Any, name: str, tail: str) -> bool:
    wanted = people.tidy(tail).upper()
    # Both are compared for every record, so that time says nothing about which was wrong.
    right_name, right_tail = people.same_name(row.name, name), crypto.same(row.ric_tail.upper(), wanted)
    return right_name and right_tail and len(wanted) == 4


def _record(row: Any, account_id: int | None, *, by: str) -> None:
    subject = ("member", row.id)
    audit.record("account.claim", subject, actor=account_id, district=row.district_id, detail={"by": by})


def _open(row: Any, phone: str) -> int | None:
    """Open an account; None when the person has got one meanwhile (the unique key decides, rule K5)."""
    uid = crypto.new_uid()
    dialect = postgresql if is_postgresql() else sqlite
    opened = dialect.insert(Account).values(
        uid=uid,
        person_id=row.person_id,
        display_name=row.name,
        created_at=clock.now(),
        openid={},
        agreed=[],
        version=1,
        **_phone_columns(uid, phone),
    )
    alone = opened.on_conflict_do_nothing(
        index_elements=[Account.person_id], index_where=text("person_id is not null")
    )
    found: int | None = session.execute(alone.returning(Account.id)).scalar()
    return found


def _phone_columns(uid: str, phone: str) -> dict[str, Any]:
    if not phone:
        return {"phone_sealed": None, "phone_index": None}
    return {
        "phone_sealed": crypto.encrypt("account.phone_sealed", uid, phone),
        "phone_index": crypto.blind_index("phone", phone),
    }


def print_code(member_id: int, *, district_id: int, by: Any) -> str:
    """Make a first-login code for a member whose identity card was looked at; earlier ones are void.

    Return it for the sheet: it is not kept. The caller has checked that ``by`` may do this here.

    Raises:
        StaffCode: the member holds a role that ``by`` could not have given.
        StoppedCode: the member's account is disabled.
    """
    person = select(MEMBER.c.person_id).where(MEMBER.c.id == member_id).scalar_subquery()
    if _stopped(person) is not None:
        raise StoppedCode
    if not may_vouch(member_id, district_id=district_id, by=by):
        raise StaffCode
    code = "".join(secrets.choice(ALPHABET) for _ in range(10))
    now = clock.now()
    with transaction():
        earlier = update(PaperCode).where(PaperCode.member_id == member_id, PaperCode.used_at.is_(None))
        session.execute(earlier.values(expires_at=now))
        session.execute(
            insert(PaperCode).values(
                code_hash=_paper_hash(code),
                district_id=district_id,
                member_id=member_id,
                issued_by=by.account_id,
                created_at=now,
                expires_at=now + PAPER_LIFE,
                tries=0,
            )
        )
        audit.record("account.paper_code", ("member", member_id), actor=by, district=district_id)
    return f"{code[:5]}-{code[5:]}"


def may_vouch(member_id: int, *, district_id: int, by: Any) -> bool:
    """Tell whether ``by`` may hand out the way into this member's account.

    The code opens the account with all its roles and leads its number elsewhere: a clerk could become the
    treasurer. Where roles are held, only somebody who could give every one of them here may (rule K12).
    """
    return _may_vouch(_roles_of(member_id), district_id=district_id, by=by)


def may_vouch_for(account_id: int, *, district_id: int, by: Any) -> bool:
    """Tell the same of an account, whether it has a record or not."""
    return _may_vouch(_roles_held(account_id), district_id=district_id, by=by)


def holds_roles(account_id: int) -> bool:
    """Tell whether an account holds a role above a plain member today or later, anywhere."""
    return bool(_roles_held(account_id))


def _may_vouch(held: Sequence[Any], *, district_id: int, by: Any) -> bool:
    if not held:
        return True
    here = session.scalar(select(District.path).where(District.id == district_id)) or "/none/"
    inside = all(row.path.startswith(here) and row.role != "deployer" for row in held)
    return inside and bool(by.reach("core.roles").everywhere)


def _roles_of(member_id: int) -> Sequence[Any]:
    """Return the roles above a plain member that a member's account holds, today or later, anywhere."""
    with everything():
        return session.execute(
            _roles().join(MEMBER, MEMBER.c.person_id == Account.person_id).where(MEMBER.c.id == member_id)
        ).all()


def _roles_held(account_id: int) -> Sequence[Any]:
    with everything():
        return session.execute(_roles().where(Account.id == account_id)).all()


def _roles() -> Any:
    found = select(Grant.role, Grant.granted_at, District.path)
    found = found.join(District, District.id == Grant.district_id)
    found = found.join(Account, Account.id == Grant.account_id)
    ended = Grant.valid_to.is_not(None) & (Grant.valid_to <= clock.today())
    return found.where(Grant.role.in_(STAFF_ROLES), ~ended)


def _paper_hash(code: str) -> str:
    return crypto.mac("login.paper", code.encode())


def redeem(typed: str, *, name: str) -> int | None:
    """Spend a paper code; return the account it opens, or None.

    The account takes the number staff have on the record: this is how a lost number is bound anew, so the
    account's other sessions end.
    """
    code = people.tidy(typed).upper().replace("-", "")
    # The try is counted before the name is looked at: five, then the paper is worthless.
    with everything(), transaction():
        alive = update(PaperCode).where(
            PaperCode.code_hash == _paper_hash(code),
            PaperCode.used_at.is_(None),
            PaperCode.expires_at > clock.now(),
            PaperCode.tries < PAPER_TRIES,
        )
        paper = session.execute(
            alive.values(tries=PaperCode.tries + 1).returning(
                PaperCode.id, PaperCode.member_id, PaperCode.created_at
            )
        ).first()
    if paper is None:
        return None
    with everything():
        row = session.execute(select(MEMBER).where(MEMBER.c.id == paper.member_id)).one()
    if row.closed_on is not None or not people.same_name(row.name, name):
        return None
    if any(role.granted_at >= paper.created_at for role in _roles_of(row.id)):
        return None  # the paper is older than the role: nobody vouched for that
    with everything(), transaction():
        first = update(PaperCode).where(PaperCode.id == paper.id, PaperCode.used_at.is_(None))
        done: Any = session.execute(first.values(used_at=clock.now()))
        if not done.rowcount:
            return None
        stopped = _stopped(row.person_id)
        if stopped is not None:
            return stopped  # nothing of it is bound to a new number; the way in says what to do
        account_id = _of_person(row)
        audit.record(
            "account.claim",
            ("member", row.id),
            actor=account_id,
            district=row.district_id,
            detail={"by": "paper"},
        )
    return account_id


def _stopped(person_id: Any) -> int | None:
    """Return the account of a person if it is disabled."""
    found = select(Account.id).where(Account.person_id == person_id, Account.disabled_at.is_not(None))
    return session.scalar(found)


def _of_person(row: Any) -> int | None:
    phone = (
        "" if row.phone_sealed is None else crypto.decrypt("member.phone_sealed", row.uid, row.phone_sealed)
    )
    own = select(Account).where(Account.person_id == row.person_id)
    account = session.execute(own).scalar_one_or_none()
    if account is None:
        opened = _open(row, phone)
        if opened is not None:
            return opened
        account = session.execute(own).scalar_one()  # claimed by code at this very moment
    if phone and crypto.blind_index("phone", phone) != account.phone_index:
        changed = update(Account).where(Account.id == account.id)
        session.execute(changed.values(**_phone_columns(account.uid, phone)))
        audit.record("account.phone", ("account", account.id), actor=account.id, district=row.district_id)
    sessions.end_all(account.id, why="phone")
    return int(account.id)
