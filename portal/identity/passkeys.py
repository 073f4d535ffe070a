"""Passkeys of an account: adding, naming, and proving by one who sits there.

A passkey proves two things at once: that the device is there, and that its owner unlocked it (user
verification is required). So it is a second factor, the answer of being asked again, and a login by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portal import audit, clock, notices
from portal.database import session, transaction
from portal.identity import passkey_asks, people, webauthn
from portal.identity.models import Account
from portal.identity.passkey_models import Passkey
from portal.identity.webauthn import Place, Unproven
from portal.notices import Template
from portal.words import lazy_gettext as _l

#: More than anybody has devices.
MOST = 20
LONGEST_NAME = 40


def _template(key: str, body: Any, inside: Any) -> Template:
    return Template(key=key, title=_l("您的账号有变化"), body=body, inside=inside, urgent=True, kind="duty")


notices.declare(
    _template(
        "identity.passkey_added",
        _l("您的账号刚加了一个通行密钥。不是您本人，请马上告诉服务台。"),
        _l("刚加了一个通行密钥“%(name)s”，用它就能登录。不是您本人，请马上告诉服务台。"),
    )
)
notices.declare(
    _template(
        "identity.passkey_removed",
        _l("您的账号刚去掉一个通行密钥。不是您本人，请马上告诉服务台。"),
        _l("通行密钥“%(name)s”去掉了，不能再用它登录。不是您本人，请马上告诉服务台。"),
    )
)
notices.declare(
    _template(
        "identity.passkey_copied",
        _l("有一次确认不对劲，没有放行。不是您本人，请马上告诉服务台。"),
        _l(
            "有人拿通行密钥“%(name)s”来确认，可它的次数倒退了，可能被复制过，没有放行。请去掉它，再告诉服务台。"
        ),
    )
)


class Refused(PermissionError):
    """``reason``: late (challenge), unknown (passkey), copied (count), bad, taken, many, nowhere."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def place() -> Place | None:
    """Return where this installation's passkeys hold, or None where there can be none."""
    return webauthn.place(current_app.config["PUBLIC_URL"])


def of(account_id: int) -> Sequence[Passkey]:
    """Return an account's passkeys, the oldest first."""
    return session.scalars(select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.id)).all()


def any_of(account_id: int) -> bool:
    """Tell whether an account has one."""
    return (
        session.execute(select(Passkey.id).where(Passkey.account_id == account_id).limit(1)).first()
        is not None
    )


def _known(account_id: int) -> list[tuple[str, str]]:
    return [(one.credential_id, one.transports) for one in of(account_id)]


def ask_to_add(account_id: int, *, bind: str) -> dict[str, Any]:
    """Return what the browser needs to make a passkey. Raises Refused."""
    at = _place()
    account = session.get_one(Account, account_id)
    known = _known(account_id)
    if len(known) >= MOST:
        raise Refused("many")
    return webauthn.to_make(
        at,
        site=current_app.config["SITE_NAME"],
        handle=account.uid,
        name=account.username or account.display_name or account.uid,
        known=known,
        challenge=passkey_asks.begin(passkey_asks.ADD, bind=bind, account_id=account_id),
    )


def _place() -> Place:
    found = place()
    if found is None:
        raise Refused("nowhere")
    return found


def add(account_id: int, answer: str, *, bind: str, name: str) -> Passkey:
    """Keep a new passkey. Raises Refused."""
    at = _place()
    try:
        told = webauthn.read(answer)
        challenge = webauthn.challenge_of(told)
        if not passkey_asks.spend(challenge, passkey_asks.ADD, bind=bind, account_id=account_id):
            raise Refused("late")
        found = webauthn.made(at, told, challenge)
    except Unproven as error:
        raise Refused("bad") from error
    try:
        with transaction():
            # Under the account's lock: of two at once none goes beyond the limit.
            session.execute(select(Account.id).where(Account.id == account_id).with_for_update()).one()
            count = select(func.count()).where(Passkey.account_id == account_id)
            if int(session.scalar(count) or 0) >= MOST:
                raise Refused("many")
            row = Passkey(
                account_id=account_id,
                credential_id=found.credential_id,
                public_key=found.public_key,
                sign_count=found.sign_count,
                name=tidy_name(name),
                transports=found.transports,
                backed_up=found.backed_up,
                created_at=clock.now(),
            )
            session.add(row)
            session.flush()
            _record("add", row)
            tell("identity.passkey_added", row)
    except IntegrityError as error:
        raise Refused("taken") from error
    return row


def tidy_name(name: str) -> str:
    """Return a name as it is kept: one line, not too long."""
    plain = "".join(mark if mark.isprintable() else " " for mark in name)
    return " ".join(plain.split())[:LONGEST_NAME]


def _record(what: str, row: Passkey) -> None:
    audit.record(
        f"account.passkey.{what}",
        ("account", row.account_id),
        actor=row.account_id,
        district=None,
        detail={"passkey": row.id},
    )


def tell(template: str, row: Passkey) -> None:
    """Tell the holder what happened to a passkey."""
    home = people.home(row.account_id)
    notices.notify(
        template,
        account_id=row.account_id,
        district_id=home[0] if home else None,
        params={"name": row.name},
    )


def rename(account_id: int, passkey_id: int, name: str) -> bool:
    """Call an own passkey otherwise; False when it is nobody's or somebody else's."""
    mine = update(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == account_id)
    with transaction():
        done: Any = session.execute(mine.values(name=tidy_name(name)))
        if done.rowcount:
            _record("name", session.get_one(Passkey, passkey_id))
    return bool(done.rowcount)


def forget_words(person_id: int) -> None:
    """Take what a person wrote off the passkeys of their login; they go on opening it."""
    own = select(Account.id).where(Account.person_id == person_id)
    plain = update(Passkey).where(Passkey.account_id.in_(own)).values(name="", transports="")
    session.execute(plain.execution_options(synchronize_session=False))


def ask_to_prove(purpose: str, *, bind: str, account_id: int | None) -> dict[str, Any]:
    """Return what the browser needs to ask its owner for a passkey: the account's, or any. Raises Refused."""
    at = _place()
    known = [] if account_id is None else _known(account_id)
    if account_id is not None and not known:
        raise Refused("unknown")
    challenge = passkey_asks.begin(purpose, bind=bind, account_id=account_id)
    return webauthn.to_show(at, known=known, challenge=challenge)


def prove(answer: str, purpose: str, *, bind: str, account_id: int | None) -> int:
    """Return the account that an answer proves; ``account_id`` is the only one it may be, if given.

    The challenge is spent first, whatever follows. Raises Refused.
    """
    at = _place()
    try:
        told = webauthn.read(answer)
        challenge, named = webauthn.challenge_of(told), webauthn.credential_of(told)
        if not passkey_asks.spend(challenge, purpose, bind=bind, account_id=account_id):
            raise Refused("late")
        row = session.scalars(select(Passkey).where(Passkey.credential_id == named)).one_or_none()
        if row is None or account_id not in {None, row.account_id}:
            raise Refused("unknown")
        handle = session.get_one(Account, row.account_id).uid
        found = webauthn.shown(at, told, challenge, public_key=row.public_key, handle=handle)
    except Unproven as error:
        raise Refused("bad") from error
    if not _counted(row, found):
        with transaction():
            _record("copied", row)
            tell("identity.passkey_copied", row)
        raise Refused("copied")
    return row.account_id


def _counted(row: Passkey, found: webauthn.Shown) -> bool:
    """Move the count on; False when it did not grow: two devices hold what one made (WebAuthn §6.1.1)."""
    grown = Passkey.sign_count < found.sign_count if found.sign_count else Passkey.sign_count == 0
    onward = update(Passkey).where(Passkey.id == row.id, grown)
    with transaction():
        done: Any = session.execute(
            onward.values(sign_count=found.sign_count, backed_up=found.backed_up, last_used_at=clock.now())
        )
    return bool(done.rowcount)
