"""A filled form survives the end of its session: kept encrypted for ten minutes, for the same account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, insert, select
from werkzeug.wrappers import Request

from portal import clock, crypto
from portal.database import session, transaction
from portal.identity.login_models import KeptForm
from portal.identity.models import LoginSession
from portal.jobs import job

COOKIE = "portal_kept"
LIFE = timedelta(minutes=10)
LARGEST = 64 * 1024
#: Ended by the person or by staff: nothing is kept for whoever sits there now.
_NOT_KEPT = {"logout", "disabled"}


@dataclass(frozen=True)
class Kept:
    """A form to be sent again: where to, and its fields in order."""

    path: str
    fields: list[tuple[str, str]]
    had_files: bool


def keep(asked: Request, *, session_token: str) -> str | None:
    """Keep a form that came with an ended session; return the cookie's value, or None if it is not kept."""
    ended = select(LoginSession.account_id, LoginSession.ended_why).where(
        LoginSession.token_hash == crypto.token_hash(session_token)
    )
    owner = session.execute(ended).first()
    if owner is None or owner.ended_why in _NOT_KEPT:
        return None
    return keep_for(asked, account_id=owner.account_id)


def keep_for(asked: Request, *, account_id: int | None) -> str | None:
    """Keep a form of somebody known, who is asked something first; return the cookie's value, or None."""
    fields = [
        (name, value)
        for name, value in asked.form.items(multi=True)
        if name != "csrf_token" and "password" not in name
    ]
    body = json.dumps({"fields": fields, "files": bool(asked.files)}, ensure_ascii=False)
    if not fields or len(body) > LARGEST or len(asked.full_path) > 500:
        return None
    uid, token = crypto.new_uid(), crypto.new_token()
    with transaction():
        session.execute(
            insert(KeptForm).values(
                uid=uid,
                token_hash=crypto.token_hash(token),
                account_id=account_id,
                path=asked.full_path.rstrip("?"),
                body_sealed=crypto.encrypt("kept_form.body_sealed", uid, body),
                expires_at=clock.now() + LIFE,
            )
        )
    return token


def offer_again(answer: Any, token: str | None) -> None:
    """Give the browser the key to its kept form."""
    if token is not None:
        answer.set_cookie(
            COOKIE,
            token,
            max_age=int(LIFE.total_seconds()),
            path="/",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )


def of(token: str | None, *, account_id: int | None) -> Kept | None:
    """Return the kept form of a cookie, if it belongs to this account and is fresh."""
    if not token or account_id is None:
        return None
    row = session.execute(
        select(KeptForm).where(
            KeptForm.token_hash == crypto.token_hash(token),
            KeptForm.account_id == account_id,
            KeptForm.expires_at > clock.now(),
        )
    ).scalar_one_or_none()
    if row is None:
        return None
    body = json.loads(crypto.decrypt("kept_form.body_sealed", row.uid, row.body_sealed))
    return Kept(row.path, [(name, value) for name, value in body["fields"]], body["files"])


def drop(token: str | None) -> None:
    """Forget a kept form."""
    if token:
        with transaction():
            session.execute(delete(KeptForm).where(KeptForm.token_hash == crypto.token_hash(token)))


@job("identity.forget_kept_forms", every=timedelta(minutes=10))
def _forget(payload: Mapping[str, Any]) -> None:
    with transaction():
        session.execute(delete(KeptForm).where(KeptForm.expires_at < clock.now()))
