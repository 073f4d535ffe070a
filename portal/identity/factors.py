"""Which second proof an account needs, which it has, and taking one.

Roles held at a district need a code program (TOTP) or a passkey; a branch's roles a one-time code by phone
(architecture.md §8, domain.md §9.3: two factors). Whoever set up one of the first two is always asked for it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, update

from portal import audit, clock, notices
from portal.database import session, transaction
from portal.identity import passkeys, people, recovery, sessions, totp
from portal.identity.factor_models import RecoveryCode, Totp
from portal.identity.models import Account, LoginSession
from portal.identity.passkey_models import Passkey
from portal.notices import Template
from portal.words import lazy_gettext as _l

notices.declare(
    Template(
        key="identity.factor_reset",
        title=_l("您的账号有变化"),
        body=_l("您的动态口令和通行密钥已在服务台重设。不是您本人办的，请马上告诉服务台。"),
        urgent=True,
        kind="duty",
    )
)

STRONG, PHONE, NONE = "strong", "phone", ""

notices.declare(
    Template(
        key="identity.recovery_used",
        title=_l("您的账号有变化"),
        body=_l("您的账号刚用备用码登录。不是您本人，请马上告诉服务台。"),
        inside=_l("刚用一个备用码确认是本人，还剩%(left)s个。不是您本人，请马上告诉服务台。"),
        urgent=True,
        kind="duty",
    )
)


def wanted(account_id: int) -> str:
    """Return what a login of this account still needs after the first proof."""
    if has_strong(account_id):
        return STRONG
    return PHONE if people.is_staff(account_id) else NONE


def has_strong(account_id: int) -> bool:
    """Tell whether a code program or a passkey is set up."""
    return totp.is_set(account_id) or passkeys.any_of(account_id)


def take(account_id: int, typed: str) -> str | None:
    """Use up a typed code of the program or a printed one; return its kind, or None when it is wrong."""
    plain = people.tidy(typed)
    if len(plain) == 6 and plain.isascii() and plain.isdigit():
        return "totp" if totp.check(account_id, plain) else None
    with transaction():
        if not recovery.use(account_id, plain):
            return None
        left = recovery.left(account_id)
        home = people.home(account_id)
        notices.notify(
            "identity.recovery_used",
            account_id=account_id,
            district_id=home[0] if home else None,
            params={"left": left},
        )
    return "recovery"


def prove(session_id: int, factor: str) -> None:
    """Note in a session that its owner just proved it again."""
    proven = update(LoginSession).where(LoginSession.id == session_id)
    with transaction():
        session.execute(proven.values(second_factor_at=clock.now(), factor=factor))


class LastOne(PermissionError):
    """Whoever holds a role of a district keeps one strong factor."""


def remove_totp(account_id: int) -> None:
    """Take the code program off. Raises LastOne."""
    with transaction():
        _lock(account_id)
        _keep_one(account_id, others=passkeys.any_of(account_id))
        session.execute(delete(Totp).where(Totp.account_id == account_id))
        audit.record("account.totp.remove", ("account", account_id), actor=account_id, district=None)


def remove_passkey(account_id: int, passkey_id: int, *, keep: int | None) -> bool:
    """Take an own passkey off and end every session but ``keep``; False when it is not there.

    Raises LastOne.
    """
    with transaction():
        _lock(account_id)
        mine = select(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == account_id)
        row = session.scalars(mine).one_or_none()
        if row is None:
            return False
        more = len(passkeys.of(account_id)) > 1
        _keep_one(account_id, others=more or totp.is_set(account_id))
        passkeys.tell("identity.passkey_removed", row)
        session.execute(delete(Passkey).where(Passkey.id == row.id))
        sessions.end_all(account_id, why="factor", keep=keep)
        detail = {"passkey": passkey_id}
        subject = ("account", account_id)
        audit.record("account.passkey.remove", subject, actor=account_id, district=None, detail=detail)
    return True


def _lock(account_id: int) -> None:
    # Of two removals at once the second sees what the first one left.
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update()).one()


def _keep_one(account_id: int, *, others: bool) -> None:
    """Let the last strong factor go only where none is needed; the printed codes go with it."""
    if others:
        return
    if people.holds_district_role(account_id):
        raise LastOne
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))


def tell_reset(account_id: int, *, district_id: int) -> None:
    """Tell the holder that the desk took the second factor away."""
    notices.notify("identity.factor_reset", account_id=account_id, district_id=district_id)


def reset(account_id: int, *, by: Any, district: Any, why: str) -> None:
    """Take every second factor away and end all sessions; the next login sets one up anew."""
    with transaction():
        forget(account_id)
        sessions.end_all(account_id, why="factor")
        audit.record(
            "account.factor.reset",
            ("account", account_id),
            actor=by,
            district=district,
            detail={"why": why},
        )


def forget(account_id: int) -> None:
    """Delete every second factor of an account, in the caller's transaction."""
    for model in (Totp, RecoveryCode, Passkey):
        session.execute(delete(model).where(model.account_id == account_id))
