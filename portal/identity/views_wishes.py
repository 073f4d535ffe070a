"""What a visitor's signed cookie keeps between the steps of logging in: one wish, bound to this browser."""

from __future__ import annotations

from collections.abc import Callable

from flask import request
from flask import session as browser

from portal import clock, crypto
from portal.database import transaction
from portal.districts import context, settings
from portal.identity import codes, devices, limits
from portal.identity.codes import Asked, Joining
from portal.identity.login_models import LoginCode
from portal.web.frame import mask_phone
from portal.web.links import local_path

_KEY = "login"


def address() -> str:
    """Return where the visitor comes from, as the limits count it."""
    return limits.network(request.remote_addr)


def ask(
    phone: str,
    *,
    back: str | None,
    purpose: str = "login",
    account_id: int | None = None,
    joining: Joining | None = None,
) -> int:
    """Ask for a code within the limits and remember the wish; a second tap is the same wish.

    Return 0, or for the same wish the seconds until another may be asked for. Raises TooOften. Known and
    unknown numbers take the same path.
    """
    purpose = codes.JOIN if joining else purpose
    index = crypto.blind_index("phone", phone)
    earlier = current()
    row = codes.waiting(earlier) if earlier else None
    if row is not None and _same(row, index, purpose, account_id) and _fresh(row):
        if joining is not None:
            codes.say_anew(row, joining)
            browser[_KEY] = {**browser[_KEY], "back": local_path(back)}
        return max(1, int((row.created_at + codes.SAME_WISH - clock.now()).total_seconds()))
    with transaction():
        limits.take(*_limits(index, joining))
        asked = codes.ask(phone, purpose=purpose, account_id=account_id, joining=joining)
    browser[_KEY] = {
        "uid": asked.uid,
        "bind": asked.bind,
        "shown": mask_phone(phone),
        "back": local_path(back),
    }
    return 0


def _same(row: LoginCode, index: str, purpose: str, account_id: int | None) -> bool:
    # One that logs in is not one that opens an account: it may never have been sent.
    return (row.phone_index, row.purpose, row.account_id) == (index, purpose, account_id)


def _limits(index: str, joining: Joining | None) -> tuple[limits.Rule, ...]:
    device = devices.known(index)
    if joining is None:
        return limits.asking(index, address(), device)
    a_day = settings.get(context.ref(joining.home_id), "core.join_codes_a_day")
    return limits.joining(index, address(), device, home_id=joining.home_id, a_day=max(1, a_day))


def survive(end: Callable[[], object]) -> None:
    """Call what ends this browser's session, and keep the wish for the visitor's that follows."""
    kept = browser[_KEY]
    end()
    browser[_KEY] = kept


def _fresh(row: LoginCode) -> bool:
    # One spent by wrong tries is no use to anybody: another is a new wish, within the limits.
    return not codes.spent(row) and clock.now() - row.created_at < codes.SAME_WISH


def current() -> Asked | None:
    """Return this browser's wish."""
    kept = browser.get(_KEY)
    return Asked(kept["uid"], kept["bind"]) if kept else None


def shown() -> str:
    """Return the masked number the code went to."""
    return str(browser.get(_KEY, {}).get("shown", ""))


def back() -> str:
    """Return the page wanted before logging in."""
    return local_path(browser.get(_KEY, {}).get("back"))
