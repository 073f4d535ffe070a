"""What of an account goes with its holder's last record, or by itself: who they are, and every way in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, or_, select, update

from portal import audit, clock
from portal.database import everything, session, transaction
from portal.identity import codes, factors, sessions
from portal.identity.factor_models import LoginStep
from portal.identity.login_models import KeptForm, LoginCode
from portal.identity.models import Account, Grant, LoginSession, RoleRequest
from portal.identity.passkey_models import PasskeyAsk
from portal.identity.rebinding_models import Rebinding
from portal.identity.stop_models import AccountStop
from portal.notices.service import forget_told

GONE = "已删除"


def forget(person_id: int, *, by: Any, district: Any) -> None:
    """Forget the account of a person, if there is one.

    The caller knows that no other record of this person is left. Joins the caller's transaction.
    """
    account_id = session.scalar(select(Account.id).where(Account.person_id == person_id).with_for_update())
    if account_id is not None:
        forget_account(account_id, by=by, district=district)


def forget_account(account_id: int, *, by: Any, district: Any) -> None:
    """Empty an account and shut it; its number opens nothing, its id stays for the books.

    Joins the caller's transaction.
    """
    with transaction(), everything():
        index = session.scalar(select(Account.phone_index).where(Account.id == account_id))
        session.execute(
            update(Account)
            .where(Account.id == account_id)
            .values(
                display_name=GONE,
                phone_sealed=None,
                phone_index=None,
                username=None,
                password_hash=None,
                openid={},
                disabled_at=clock.now(),
                version=Account.version + 1,
            )
        )
        sessions.end_all(account_id, why="disabled")
        factors.forget(account_id)
        for model in (LoginStep, KeptForm, PasskeyAsk):
            session.execute(delete(model).where(model.account_id == account_id))
        shared = select(Account.id).where(Account.phone_index == index).limit(1)
        mine = LoginCode.account_id == account_id
        if index is not None and session.execute(shared).first() is None:
            mine = or_(mine, LoginCode.phone_index == index)
        elif index is not None:  # what the others of this number may still be asked for names somebody
            mine = or_(mine, (LoginCode.phone_index == index) & (LoginCode.purpose == codes.JOIN))
        session.execute(delete(LoginCode).where(mine))
        _words(account_id)
        forget_told(account_id)
        audit.record("account.forget", ("account", account_id), actor=by, district=district)


def _words(account_id: int) -> None:
    """Take away what was written about somebody; that something was done stays."""
    for model, values in (
        (LoginSession, {"device": "", "place": "", "data": {}}),
        (AccountStop, {"reason": "", "asked_reason": "", "refused_reason": ""}),
        (Rebinding, {"reason": "", "phone_sealed": None}),
        (RoleRequest, {"reason": ""}),
        (Grant, {"reason": "", "ended_reason": ""}),
    ):
        session.execute(update(model).where(model.account_id == account_id).values(**values))
