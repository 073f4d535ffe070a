"""How somebody reads: elder mode and language, kept in the account and in the browser; keys in the browser.

The last choice counts. A visitor's choice waits in the cookie and becomes the account's at log-in; a cookie
that only repeats the account's choice is marked, so that one of a couple does not choose for the other.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, request
from sqlalchemy import select, update

from portal.database import session, transaction
from portal.identity.models import Account

ELDER, LANGUAGE = "portal_elder", "portal_language"
#: Single keys of lists and calendars, switched off in this browser: it is the hands at it that matter.
KEYS = "portal_keys"
_OF_ACCOUNT = ".account"
_YEAR = 31536000


def elder_here() -> bool:
    """Tell whether this browser reads in elder mode while nobody is logged in."""
    return _kept(ELDER) == "1"


def language_here() -> str:
    """Return the language of this browser while nobody is logged in."""
    return "en" if _kept(LANGUAGE) == "en" else "zh"


def keys_off() -> bool:
    """Tell whether the single keys of lists and calendars are switched off in this browser."""
    return request.cookies.get(KEYS) == "0"


def choose_keys(response: Any, *, on: bool) -> None:
    """Keep in this browser whether single keys of lists and calendars do something."""
    _keep(response, KEYS, "1" if on else "0")


def _kept(name: str) -> str:
    return request.cookies.get(name, "").removesuffix(_OF_ACCOUNT)


def choose(response: Any, account_id: int | None, **chosen: Any) -> None:
    """Keep ``elder`` or ``language`` in the account, if somebody is logged in, and in this browser."""
    if account_id is not None:
        with transaction():
            session.execute(update(Account).where(Account.id == account_id).values(**chosen))
    _set(response, chosen, of_account=account_id is not None)


def adopt(response: Any, account_id: int) -> None:
    """Take over at log-in what was chosen before it; then the browser follows the account."""
    chosen: dict[str, Any] = {}
    if request.cookies.get(ELDER) in {"0", "1"}:
        chosen["elder"] = elder_here()
    if request.cookies.get(LANGUAGE) in {"zh", "en"}:
        chosen["language"] = language_here()
    kept = session.execute(select(Account.elder, Account.language).where(Account.id == account_id)).one()
    changed = {name: value for name, value in chosen.items() if getattr(kept, name) != value}
    if changed:
        with transaction():
            session.execute(update(Account).where(Account.id == account_id).values(**changed))
    _set(response, {"elder": kept.elder, "language": kept.language} | chosen, of_account=True)


def _set(response: Any, values: dict[str, Any], *, of_account: bool) -> None:
    for field, value in values.items():
        name = ELDER if field == "elder" else LANGUAGE
        word = str(int(value)) if field == "elder" else value
        _keep(response, name, word + (_OF_ACCOUNT if of_account else ""))


def _keep(response: Any, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=_YEAR,
        path="/",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
