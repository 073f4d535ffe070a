"""From a proven number and a name to an account: claimed, known, chosen or new."""

from __future__ import annotations

from typing import Any

from flask import url_for

from portal.database import transaction
from portal.identity import accounts, codes, joining, people, views_entering, views_wishes
from portal.identity.accounts import AccountRefused
from portal.identity.codes import Joining
from portal.identity.login_models import LoginCode
from portal.web.frame import say
from portal.web.htmx import go
from portal.words import gettext


def link(back: str) -> str:
    """Return where somebody without an account opens one who wanted the page ``back``; nothing if nowhere."""
    code = joining.place_of(back)
    found = joining.places(code)
    if len(found) == 1:
        return url_for("identity.join", district_code=found[0].code, next=back)
    return url_for("identity.join_where", next=back) if found else ""


def arrive(row: LoginCode, said: Joining, *, new: bool = False) -> Any:
    """Lead on somebody whose code was right, and who wanted an account.

    A record of that name is claimed first; an account of that name is logged in to; where others share the
    number, they say who they are; ``new``: they did, and are none of those.
    """
    with transaction():
        accounts.in_line(row.phone_index)
        # Records before accounts: a claim that commits between the two looks is seen by the second.
        if joining.claims_first(row, said):
            return go(url_for("identity.claim"))
        account_id = joining.known_as(row, said)
        if account_id is None and not new and people.behind(row.phone_index):
            return go(url_for("identity.who"))
        try:
            account_id = account_id or joining.open_own(row, said)
        except AccountRefused as error:
            say(why_not(error.reason))
            return go(url_for("identity.who"))
        if not codes.use(row):
            return go(url_for("identity.login"))
        return views_entering.proceed(account_id, way="join", phone_proven=True, back=views_wishes.back())


def why_not(reason: str) -> str:
    """Return why a number opens no further account by itself."""
    if reason == "many":
        return gettext("这个号码已经有好几个账号了。再开一个，请到服务台办。")
    return gettext("这个号码有一个账号停用了，不能在网上另开。请带身份证到服务台，我们帮您办。")
