"""A browser on which a number logged in before: its wishes are counted apart from those of strangers."""

from __future__ import annotations

from typing import Any

from flask import current_app, request

from portal import crypto

COOKIE = "portal_device"
AGE = 400 * 24 * 3600
MOST = 3  # a family's numbers on one phone


def known(phone_index: str) -> str | None:
    """Return this browser's mark for a number it logged in with, or None."""
    for mark in _marks():
        if crypto.same(mark, _mark(mark.partition(".")[0], phone_index)):
            return mark
    return None


def remember(response: Any, phone_index: str | None) -> None:
    """Give the browser a mark for a number, after a login."""
    if not phone_index or known(phone_index):
        return
    marks = [_mark(crypto.new_uid(), phone_index), *_marks()][:MOST]
    response.set_cookie(
        COOKIE,
        "~".join(marks),
        max_age=AGE,
        path="/login",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def _marks() -> list[str]:
    return [mark for mark in request.cookies.get(COOKIE, "").split("~") if mark][:MOST]


def _mark(name: str, phone_index: str) -> str:
    return f"{name}.{crypto.mac('login.device', f'{name}:{phone_index}'.encode())}"
