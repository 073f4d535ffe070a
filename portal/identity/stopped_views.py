"""What somebody reads who proved an account that is disabled; it says nothing about anybody."""

from __future__ import annotations

from typing import Any

from flask import current_app

from portal.identity.views import identity
from portal.web.access import public
from portal.web.htmx import render


@identity.get("/login/stopped")
@public
def stopped() -> Any:
    """Say what to do: only a right first proof leads here, and the page is the same for everybody."""
    return render("identity/stopped.html", phone=current_app.config["HELP_PHONE"])
