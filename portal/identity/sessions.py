"""Server-side sessions: the cookie of somebody logged in is an opaque token, of a visitor a signed one."""

from __future__ import annotations

import hashlib
import logging
import os
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from portal import clock, crypto
from portal.database import everything, session, transaction, trouble, writing
from portal.database.core import reading
from portal.database.scope import set_scope
from portal.identity import whereabouts
from portal.identity.models import LoginSession

log = logging.getLogger(__name__)

PREFIX = "s."
#: Idle limits (security.md "Decisions"; domain.md §9.3).
IDLE_MEMBER = timedelta(minutes=30)
IDLE_STAFF = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)


class PortalSession(SecureCookieSession):
    """The session of one request; ``token`` is set when it lives on the server."""

    token: str | None = None
    #: Set by ``begin`` and ``end``: the cookie must change.
    renew = False


class ServerSessions(SecureCookieSessionInterface):
    """Flask's session interface over ``login_session`` rows; visitors keep the signed cookie."""

    session_class = PortalSession

    def open_session(self, app: Flask, asked: Request) -> PortalSession | None:
        # The first thing of every request, on whatever thread: nothing may be left of the last one.
        reading.set(asked.method in {"GET", "HEAD", "OPTIONS"})
        set_scope(None)
        if "HTTP_COOKIE" not in asked.environ:
            return PortalSession()
        raw = asked.cookies.get(self.get_cookie_name(app), "")
        if raw.startswith(PREFIX):
            found = PortalSession()
            found.token = raw.removeprefix(PREFIX)
            return found
        return super().open_session(app, asked)  # type: ignore[return-value]

    def save_session(self, app: Flask, current: Any, response: Response) -> None:
        if current.token is None and not current.renew:
            if current or current.modified:
                super().save_session(app, current, response)
            return
        if not current.renew:
            return
        name = self.get_cookie_name(app)
        if current.token is None and current:
            # The old session is over, and this answer began a visitor's: its form must find its token.
            super().save_session(app, current, response)
        elif current.token is None:
            response.delete_cookie(
                name, path="/", secure=app.config["SESSION_COOKIE_SECURE"], httponly=True, samesite="Lax"
            )
        else:
            response.set_cookie(
                name,
                PREFIX + current.token,
                path="/",
                secure=app.config["SESSION_COOKIE_SECURE"],
                httponly=True,
                samesite="Lax",
            )
        response.vary.add("Cookie")


def begin(account_id: int, *, factor: str = "") -> LoginSession:
    """Start a session for an account under a new token; the old session of this browser ends.

    ``factor`` is what was proven beside a password: phone, totp, passkey, recovery, or nothing. Joins the
    caller's transaction; the cookie goes out with the response.
    """
    from flask import session as browser

    now = clock.now()
    token = crypto.new_token()
    with transaction():
        if isinstance(browser, PortalSession) or getattr(browser, "token", None):
            end_token(getattr(browser, "token", None), why="login")
        row = LoginSession(
            token_hash=crypto.token_hash(token),
            account_id=account_id,
            created_at=now,
            last_seen_at=now,
            second_factor_at=now if factor else None,
            factor=factor,
            device=whereabouts.device(request.user_agent.string),
            place=whereabouts.place(request.remote_addr),
            # The CSRF secret is made here, so that no GET has to write it.
            data={"csrf_token": hashlib.sha1(os.urandom(64)).hexdigest()},
        )
        session.add(row)
        session.flush()
    browser.clear()
    browser.update(row.data)
    browser.token = token  # type: ignore[attr-defined]
    browser.renew = True  # type: ignore[attr-defined]
    g.pop("csrf_token", None)
    return row


def end_token(token: str | None, *, why: str) -> None:
    """End the session of a cookie's token, if it is open."""
    if token:
        with transaction():
            session.execute(
                update(LoginSession)
                .where(LoginSession.token_hash == crypto.token_hash(token), LoginSession.ended_at.is_(None))
                .values(ended_at=clock.now(), ended_why=why)
            )


def end(*, why: str = "logout") -> None:
    """End this browser's session and take its cookie away."""
    from flask import session as browser

    end_token(getattr(browser, "token", None), why=why)
    browser.clear()
    browser.token = None  # type: ignore[attr-defined]
    browser.renew = True  # type: ignore[attr-defined]


def end_all(account_id: int, *, why: str, keep: int | None = None) -> int:
    """End every open session of an account but ``keep``; return how many ended.

    Disabling, a role change, a new password or phone number call this: at once, on all devices.
    """
    with transaction():
        statement = (
            update(LoginSession)
            .where(LoginSession.account_id == account_id, LoginSession.ended_at.is_(None))
            .values(ended_at=clock.now(), ended_why=why)
        )
        if keep is not None:
            statement = statement.where(LoginSession.id != keep)
        return session.execute(statement).rowcount  # type: ignore[attr-defined]


def seen(session_id: int, last_seen: datetime) -> None:
    """Note that a session is in use, at most once a minute."""
    now = clock.now()
    if now - last_seen < SEEN_EVERY:
        return
    statement = update(LoginSession).where(LoginSession.id == session_id).values(last_seen_at=now)
    if reading.get():
        try:
            with everything(), writing() as own:
                own.execute(statement)
        except SQLAlchemyError as error:
            # A database that takes no writes still shows pages; whoever looks is in use, noted or not.
            if trouble(error) is None:
                raise
            log.warning("a session's last use was not noted: database %s", trouble(error))
    else:
        session.execute(statement)
