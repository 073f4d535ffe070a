"""Accounts, login, sessions, roles, grants, permissions."""

from __future__ import annotations

from flask import Flask, Request, g
from flask_login import LoginManager

from portal.identity import permissions
from portal.identity.actor import ANONYMOUS, Actor
from portal.identity.sessions import ServerSessions

__all__ = ["configure"]


def configure(app: Flask) -> None:
    """Install server-side sessions and Flask-Login, and declare the core's permissions."""
    app.session_interface = ServerSessions()
    # Its context processor would load the user for every template; the global is enough.
    manager = LoginManager(add_context_processor=False)
    manager.session_protection = None
    manager.anonymous_user = lambda: ANONYMOUS
    manager.init_app(app)

    @manager.request_loader
    def _actor(_request: Request) -> Actor | None:
        found: Actor | None = g.get("actor")
        return found if found is not None and found.is_authenticated else None

    with app.app_context():
        permissions.declare(permissions.CORE, owner="core")
