"""Disabling an account, and letting it in again.

A leaked account must be stoppable at once, so one person disables: whoever could have given every role the
account holds (with no role: any administrator of a district it belongs to). Coming back is the dangerous
half: an account with roles needs two people for it, both of whom could have given them. Nobody does either
to an own account, and the last administrator of a place stays (rule K12).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update

from portal import audit, clock, crypto, notices
from portal.database import everything, session, swap, transaction
from portal.identity import addresses, claims, grants, people, sessions
from portal.identity.factor_models import LoginStep
from portal.identity.login_models import KeptForm, LoginCode, PaperCode
from portal.identity.models import Account, Grant
from portal.identity.stop_models import AccountStop
from portal.notices import Template
from portal.words import lazy_gettext as _l

LONGEST = 200
WHY = "disabled"

notices.declare(
    Template(
        key="identity.account_stopped",
        title=_l("您的账号有变化"),
        body=_l("您的账号已停用，暂时不能登录。有疑问请带身份证到服务台。"),
        urgent=True,
        kind="duty",
    )
)
notices.declare(
    Template(
        key="identity.account_back",
        title=_l("您的账号有变化"),
        body=_l("您的账号恢复了，可以登录。不是您本人要求的，请马上告诉服务台。"),
        inside=_l("您的账号停用过（%(reason)s），现在恢复了。不是您本人要求的，请马上告诉服务台。"),
        urgent=True,
        kind="duty",
    )
)


class Refused(PermissionError):
    """``reason``: ``self``, ``roles`` (could not give them), ``last``, ``disabled`` or ``open`` (already),
    ``same`` (person twice), ``asker`` (whoever asked is disabled now)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def belongs(account: Account, district_id: int) -> bool:
    """Tell whether an account is a district's: an open record, a role not ended, or helping there alone."""
    ways: list[Any] = [
        select(Grant.id).where(
            Grant.account_id == account.id,
            Grant.district_id == district_id,
            or_(Grant.valid_to.is_(None), Grant.valid_to > clock.today()),
        ),
    ]
    if account.person_id is not None:
        ways.append(
            select(people.MEMBER.c.id).where(
                people.MEMBER.c.person_id == account.person_id,
                people.MEMBER.c.district_id == district_id,
                people.MEMBER.c.closed_on.is_(None),
            )
        )
    if any(session.execute(way.limit(1)).first() is not None for way in ways):
        return True
    # Helping somebody here makes no account of another district's one of ours.
    return _home(account.id) == district_id


def refusal(account: Account, *, district_id: int, by: Any) -> str | None:
    """Return why ``by`` may not disable this account or let it in again, or None."""
    if account.id == by.account_id or account.person_id is not None and account.person_id == by.person_id:
        return "self"
    if not by.reach("core.roles").everywhere or not claims.may_vouch_for(
        account.id, district_id=district_id, by=by
    ):
        return "roles"
    return None


def stop(account: Account, *, reason: str, district_id: int | None, by: Any) -> AccountStop:
    """Disable an account at once: every session ends, no way leads in, helping others stops.

    ``by`` is an actor in a district, which ``belongs`` was asked about; without a district, an account id or
    None: the command line. Raises ValueError without a reason, and Refused.
    """
    words = _reason(reason)
    if district_id is not None:
        _refuse(refusal(account, district_id=district_id, by=by))
    elif by == account.id:
        raise Refused("self")
    who = _id(by)
    with transaction():
        # In line with whoever gives up or disables another keeper: of two who disable each other one stays.
        grants.keepers_in_line(account.id, *([] if who is None else [who]))
        if who is not None and _is_stopped(who):
            raise Refused("asker")
        if not grants.others_keep(account.id):
            raise Refused("last")
        told = addresses.of(account.id)  # before: a disabled account has no address
        open_ = update(Account).where(Account.id == account.id, Account.disabled_at.is_(None))
        done: Any = session.execute(open_.values(disabled_at=clock.now(), version=Account.version + 1))
        if not done.rowcount:
            raise Refused("disabled")
        row = AccountStop(
            uid=crypto.new_uid(),
            account_id=account.id,
            stopped_in_id=district_id,
            stopped_by=who,
            stopped_at=clock.now(),
            reason=words,
            state="stopped",
        )
        session.add(row)
        session.flush()
        ended = sessions.end_all(account.id, why=WHY)
        session.execute(delete(KeptForm).where(KeptForm.account_id == account.id))
        _record("disable", row, by=by, sessions=ended)
        if told is not None and told.phone:
            place = district_id or _home(account.id)
            notices.send_to_phone("identity.account_stopped", phone=told.phone, params={}, district_id=place)
    return row


def ask_back(row: AccountStop, *, version: int, reason: str, drop_password: bool, by: Any) -> bool:
    """Let an account in again, or, where it holds roles, let that wait for a second person (False).

    Raises ValueError without a reason, Refused, and Conflict when somebody was quicker.
    """
    words, account = _reason(reason), session.get_one(Account, row.account_id)
    assert row.stopped_in_id is not None  # what the command line stopped, no page lets in again
    _refuse(refusal(account, district_id=row.stopped_in_id, by=by))
    two = claims.holds_roles(account.id)
    with transaction():
        swap(
            row,
            version=version,
            states=["stopped"],
            state="asked",
            asked_by=by.account_id,
            asked_at=clock.now(),
            asked_reason=words,
            refused_reason="",
            drop_password=drop_password,
        )
        if two:
            _record("enable.ask", row, by=by)
        else:
            _lift(row, by=by, two=False, how="page")
    return not two


def answer(row: AccountStop, *, version: int, accept: bool, reason: str, by: Any) -> None:
    """Let the second person let it in, or refuse with a reason; whoever asked may take it back.

    Raises ValueError without a reason for a refusal, Refused, Conflict.
    """
    account = session.get_one(Account, row.account_id)
    assert row.stopped_in_id is not None and row.asked_by is not None  # a row in state asked has both
    asker = session.get_one(Account, row.asked_by)
    mine = asker.id == by.account_id or asker.person_id is not None and asker.person_id == by.person_id
    _refuse("same" if mine and accept else refusal(account, district_id=row.stopped_in_id, by=by))
    words = "" if accept else _reason(reason)
    with transaction():
        if accept:
            # In line with whoever disables the one who asked: what a leaked account asked for is void.
            grants.keepers_in_line(asker.id)
            if _is_stopped(asker.id):
                raise Refused("asker")
            swap(row, version=version, states=["asked"], state="asked")
            _lift(row, by=by, two=True, how="page")
            return
        swap(
            row,
            version=version,
            states=["asked"],
            state="stopped",
            asked_by=None,
            asked_at=None,
            refused_reason=words,
        )
        _record("enable.refuse", row, by=by)


def lift(account: Account, *, reason: str, drop_password: bool, by: int | None) -> AccountStop:
    """Let an account in again by the deployer's own hand. Raises ValueError, Refused."""
    words, now = _reason(reason), clock.now()
    if by == account.id:
        raise Refused("self")
    with transaction():
        since = session.scalar(select(Account.disabled_at).where(Account.id == account.id))
        if since is None:
            raise Refused("open")
        row = open_stop(account.id)
        if row is None:  # somebody wrote into the column by hand, before there was a command
            row = AccountStop(uid=crypto.new_uid(), account_id=account.id, stopped_at=since, reason=words)
            session.add(row)
            session.flush()
        swap(
            row,
            version=row.version,
            states=["stopped", "asked"],
            state="asked",
            asked_by=by,
            asked_at=now,
            asked_reason=words,
            drop_password=drop_password,
        )
        _lift(row, by=by, two=claims.holds_roles(account.id), how="command")
    return row


def _lift(row: AccountStop, *, by: Any, two: bool, how: str) -> None:
    swap(
        row,
        version=None,
        states=["asked"],
        state="lifted",
        needs_two=two,
        lifted_by=_id(by),
        lifted_at=clock.now(),
        lifted_how=how,
    )
    values: dict[str, Any] = {"disabled_at": None, "version": Account.version + 1}
    if row.drop_password:
        values["password_hash"] = None
    session.execute(update(Account).where(Account.id == row.account_id).values(**values))
    _begin_anew(row.account_id)
    _record("enable", row, by=by, how=how, password="dropped" if row.drop_password else "kept")
    notices.notify(
        "identity.account_back",
        account_id=row.account_id,
        district_id=row.stopped_in_id or _home(row.account_id),
        params={"reason": row.reason},
    )


def _begin_anew(account_id: int) -> None:
    """Leave nothing usable of the time before: no session, no half-done log-in, no code."""
    now = clock.now()
    sessions.end_all(account_id, why=WHY)
    for model in (LoginStep, LoginCode):
        mine = update(model).where(model.account_id == account_id, model.used_at.is_(None))
        session.execute(mine.values(expires_at=now))
    person = select(Account.person_id).where(Account.id == account_id).scalar_subquery()
    with everything():
        records = list(session.scalars(select(people.MEMBER.c.id).where(people.MEMBER.c.person_id == person)))
        papers = update(PaperCode).where(PaperCode.member_id.in_(records), PaperCode.used_at.is_(None))
        session.execute(papers.values(expires_at=now))


def open_stop(account_id: int) -> AccountStop | None:
    """Return the row of an account that is disabled, or None."""
    found = select(AccountStop).where(AccountStop.account_id == account_id, AccountStop.state != "lifted")
    return session.scalars(found).one_or_none()


def of(account_id: int) -> Sequence[AccountStop]:
    """Return every time an account was disabled, the oldest first."""
    found = select(AccountStop).where(AccountStop.account_id == account_id)
    return session.scalars(found.order_by(AccountStop.id)).all()


def _is_stopped(account_id: int) -> bool:
    stopped = select(Account.id).where(Account.id == account_id, Account.disabled_at.is_not(None))
    return session.execute(stopped).first() is not None


def _refuse(reason: str | None) -> None:
    if reason is not None:
        raise Refused(reason)


def _reason(typed: str) -> str:
    words = " ".join(typed.split())
    if not 2 <= len(words) <= LONGEST:
        raise ValueError("reason")
    return words


def _id(by: Any) -> int | None:
    return by if by is None or isinstance(by, int) else by.account_id


def _home(account_id: int) -> int | None:
    found = people.home(account_id)
    return found[0] if found else None


def _record(action: str, row: AccountStop, *, by: Any, **detail: Any) -> None:
    audit.record(
        f"account.{action}",
        ("account", row.account_id),
        actor=by,
        district=row.stopped_in_id,
        detail={"stop": row.uid, **detail},
    )
