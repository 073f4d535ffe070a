"""What somebody logged in does before anything else, and when they are asked again who they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import g, redirect, request, url_for

from portal import clock
from portal.districts import settings
from portal.identity import kept, notice
from portal.identity.actor import Actor
from portal.identity.loading import Loaded
from portal.web import htmx


def due(loaded: Loaded) -> Any:
    """Return the way to what must be done before this page, or None: a second factor, the notice."""
    if loaded.weak:
        return _lead(url_for("identity.my_factor"))
    name = notice.identity(g.district)
    read = notice.mark(notice.NOTICE, name) in loaded.agreed
    if read and (not g.has_record or answered(loaded, name) is not None):
        return None
    if request.method != "GET" and _read_an_earlier_one(loaded):
        return None  # a form filled before the notice changed; the next page asks
    return _lead(url_for("identity.my_notice", next=_wanted()))


def _read_an_earlier_one(loaded: Loaded) -> bool:
    return any(one.startswith(f"{notice.NOTICE}:") and not one.endswith(":no") for one in loaded.agreed)


def answered(loaded: Loaded, name: str) -> bool | None:
    """Return the answer to the separate consent: given, not given, or not asked yet."""
    if notice.mark(notice.SENSITIVE, name) in loaded.agreed:
        return True
    return False if notice.mark(notice.SENSITIVE, name, given=False) in loaded.agreed else None


def as_agreed(loaded: Loaded | None, actor: Actor) -> Actor:
    """Return the actor without the member's record when its owner did not agree to its use here.

    Who works for others keeps it: four eyes must know whose record is whose (rule K12).
    """
    if loaded is None or actor.member_id is None or actor.is_staff:
        return actor
    if answered(loaded, notice.identity(g.district)) is not False:
        return actor
    return replace(actor, member_id=None, member_uid="", organization_id=None)


def asked_again(loaded: Loaded) -> Any:
    """Return the way to being asked again, or None when the last proof is fresh; a filled form is kept."""
    fresh = timedelta(minutes=max(1, settings.get(g.district, "core.ask_again_minutes")))
    if loaded.proven_at is not None and timedelta(0) <= clock.now() - loaded.proven_at < fresh:
        return None
    answer = _lead(url_for("identity.again", next=_wanted()))
    if request.method == "POST":
        kept.offer_again(answer, kept.keep_for(request, account_id=loaded.actor.account_id))
    return answer


def _wanted() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else htmx.referrer_path()


def _lead(target: str) -> Any:
    return htmx.redirect_whole_page(target) if htmx.is_htmx() else redirect(target, 303)
