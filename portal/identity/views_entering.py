"""The last steps of every way in: the second proof where one is due, the session, and where to go."""

from __future__ import annotations

import logging
from typing import Any

from flask import request, url_for
from flask import session as browser
from sqlalchemy import select

from portal import audit
from portal.database import session, transaction
from portal.identity import addresses, devices, factors, kept, people, sessions, steps, views_wishes
from portal.identity.models import Account
from portal.web import display
from portal.web.htmx import go
from portal.web.links import local_path

log = logging.getLogger(__name__)

_STEP = "step"


class NoPhone(Exception):
    """A second proof by phone is due, and the account has no number."""


def proceed(account_id: int, *, way: str, phone_proven: bool, back: str | None) -> Any:
    """Lead somebody on whose first proof was right: to the second one, if it is due, else in.

    Joins the caller's transaction. Raises NoPhone, and TooOften when no further code may be sent.
    """
    if _stopped(account_id):
        return _refused(account_id, way)
    wanted = factors.wanted(account_id)
    if wanted == factors.STRONG:
        asked = steps.begin(account_id, way=way)
        browser[_STEP] = {"uid": asked.uid, "bind": asked.bind, "back": local_path(back)}
        return go(url_for("identity.step"))
    if wanted == factors.PHONE and not phone_proven:
        found = addresses.of(account_id)
        if found is None or not found.phone:
            raise NoPhone
        purpose = "paper" if way == "paper" else "second"
        views_wishes.ask(found.phone, back=back, purpose=purpose, account_id=account_id)
        return go(url_for("identity.code"))
    return enter(account_id, way=way, factor="phone" if phone_proven else "", back=back)


def step_asked() -> steps.Asked | None:
    """Return this browser's half-done login."""
    found = browser.get(_STEP)
    return steps.Asked(found["uid"], found["bind"]) if found else None


def step_back() -> str:
    """Return the page wanted before that login."""
    return local_path(browser.get(_STEP, {}).get("back"))


def enter(account_id: int, *, way: str, factor: str, back: str | None) -> Any:
    """Start the session of somebody who proved who they are, and answer with the way on.

    Staff have one session at a time: their others end (security.md "Sessions").
    """
    with transaction():
        columns = select(Account.id, Account.phone_index, Account.disabled_at).where(Account.id == account_id)
        # In line with whoever disables it: the session is begun before, and ended, or not begun.
        account = session.execute(columns.with_for_update(key_share=True)).one()
        if account.disabled_at is not None:
            return _refused(account_id, way)
        row = sessions.begin(account.id, factor=factor)
        if people.is_staff(account.id):
            sessions.end_all(account.id, why="elsewhere", keep=row.id)
        detail = {"way": way, "factor": factor}
        audit.record("login", ("account", account.id), actor=account.id, district=None, detail=detail)
    log.info("login way=%s account=%s", way, account.id)
    token = request.cookies.get(kept.COOKIE)
    if kept.of(token, account_id=account.id) is not None:
        response = go(url_for("identity.kept_form"))
    else:
        response = go(landing(account.id, back))
    devices.remember(response, account.phone_index)
    display.adopt(response, account.id)
    return response


def _stopped(account_id: int) -> bool:
    found = select(Account.disabled_at).where(Account.id == account_id)
    return session.scalar(found) is not None


def _refused(account_id: int, way: str) -> Any:
    """Lead whoever proved a disabled account to the page that says what to do; strangers never come here."""
    log.warning("login refused way=%s account=%s disabled", way, account_id)
    return go(url_for("identity.stopped"))


def landing(account_id: int, back: str | None) -> str:
    """Return the page wanted before logging in, else the start page of one's own district."""
    wanted = local_path(back)
    if wanted != "/" and not wanted.startswith(("/login", "/logout")):
        return wanted
    found = people.home(account_id)
    return url_for("web.home", district_code=found[1]) if found else "/"
