"""The last step of every way in: the session, the record of it, and where to go."""

from __future__ import annotations

import logging
from typing import Any

from flask import request, url_for
from sqlalchemy import select

from portal import audit
from portal.database import session, transaction
from portal.identity import devices, kept, people, sessions
from portal.identity.models import Account
from portal.web import display
from portal.web.htmx import go
from portal.web.links import local_path

log = logging.getLogger(__name__)


def enter(account_id: int, *, way: str, second_factor: bool, back: str | None) -> Any:
    """Start the session of somebody who proved who they are, and answer with the way on.

    Staff have one session at a time: their others end (security.md "Sessions").
    """
    account = session.execute(
        select(Account.id, Account.phone_index).where(Account.id == account_id, Account.disabled_at.is_(None))
    ).one()
    with transaction():
        row = sessions.begin(account.id, second_factor=second_factor)
        if people.is_staff(account.id):
            sessions.end_all(account.id, why="elsewhere", keep=row.id)
        audit.record("login", ("account", account.id), actor=account.id, district=None, detail={"way": way})
    log.info("login way=%s account=%s", way, account.id)
    token = request.cookies.get(kept.COOKIE)
    if kept.of(token, account_id=account.id) is not None:
        response = go(url_for("identity.kept_form"))
    else:
        response = go(landing(account.id, back))
    devices.remember(response, account.phone_index)
    display.adopt(response, account.id)
    return response


def landing(account_id: int, back: str | None) -> str:
    """Return the page wanted before logging in, else the start page of one's own district."""
    wanted = local_path(back)
    if wanted != "/" and not wanted.startswith(("/login", "/logout")):
        return wanted
    found = people.home(account_id)
    return url_for("web.home", district_code=found[1]) if found else "/"
