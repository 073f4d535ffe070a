"""What somebody logged in does before anything else, and when they are asked again who they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g, redirect, request, url_for

from portal import clock
from portal.districts import settings
from portal.identity import kept
from portal.identity.loading import Loaded
from portal.web import htmx


def due(loaded: Loaded) -> Any:
    """Return the way to what must be done before this page, or None: a second factor that is missing."""
    if loaded.weak:
        return _lead(url_for("identity.my_factor"))
    return None


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
