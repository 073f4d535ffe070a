"""The number of an account: changed by its owner or at the desk, told to both numbers, sessions ended."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from portal import audit, crypto, notices
from portal.database import session, transaction
from portal.identity import addresses, people, sessions
from portal.identity.models import Account
from portal.notices import Template
from portal.words import lazy_gettext as _l

notices.declare(
    Template(
        key="identity.phone_changed",
        title=_l("您的账号有变化"),
        body=_l("您的账号换了手机号。不是您本人办的，请马上告诉服务台。"),
        urgent=True,
        kind="duty",
    )
)


def change(
    account_id: int, phone: str, *, by: Any, district_id: int | None, how: str, keep: int | None = None
) -> bool:
    """Give an account another number (11 digits, proven or vouched for); the same number changes nothing.

    Both numbers are told, sessions but ``keep`` end at once, and the old number opens nothing any more.
    """
    with transaction():
        columns = (Account.uid, Account.phone_sealed, Account.phone_index)
        row = session.execute(select(*columns).where(Account.id == account_id).with_for_update()).one()
        index = crypto.blind_index("phone", phone)
        if row.phone_index == index:
            return False
        old = addresses.phone_of(row.uid, row.phone_sealed)
        changed = update(Account).where(Account.id == account_id)
        session.execute(
            changed.values(
                phone_sealed=crypto.encrypt("account.phone_sealed", row.uid, phone),
                phone_index=index,
                version=Account.version + 1,
            )
        )
        sessions.end_all(account_id, why="phone", keep=keep)
        subject = ("account", account_id)
        audit.record("account.phone", subject, actor=by, district=district_id, detail={"how": how})
        home = people.home(account_id)
        place = district_id or (home[0] if home else None)
        notices.notify("identity.phone_changed", account_id=account_id, district_id=place)
        if old:
            notices.send_to_phone("identity.phone_changed", phone=old, params={}, district_id=place)
    return True
