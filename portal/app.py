"""``create_app``: the table of contents of the portal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from inspect import CO_COROUTINE
from typing import Any

from flask import Flask

from portal import config as configuration
from portal import crypto, database, identity, logs, pace, web, wiring
from portal.registry import Registry
from portal.web.rules import LateRule


class Portal(Flask):
    """Flask, for an application whose functions are all plain ones."""

    url_rule_class = LateRule

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a plain function at once: Flask asks nine times a request, and looks through wrappers."""
        code = getattr(func, "__code__", None)
        if code is not None and not code.co_flags & CO_COROUTINE:
            return func
        return super().ensure_sync(func)


def create_app(settings: configuration.Config | None = None, *, package: str = "plugins") -> Flask:
    """Build the WSGI application from ``settings`` (default: file and environment).

    ``package`` is where plugin folders are looked for; tests name their own.
    """
    settings = settings or configuration.load()
    app = Portal("portal", root_path=str(configuration.HOUSE))
    app.config.from_mapping(settings.flask())
    logs.configure(app)
    crypto.configure(app)
    database.configure(app)
    registry = Registry(strict=settings.env in {"testing", "development"} and package == "plugins")
    registry.pace = pace.Pace(
        bound=settings.slow_hook_ms / 1000,
        times=settings.slow_hook_times,
        rest=timedelta(minutes=settings.slow_hook_rest),
        folder=settings.data_dir,
    )
    app.extensions["portal.registry"] = registry
    identity.configure(app)
    web.configure(app)
    # Plugins last, so that they cannot break anything.
    registry.load(
        package=package,
        exclude=settings.excluded,
        safe_mode=settings.safe_mode,
    )
    web.mount_plugins(app, registry)
    wiring.configure(app, registry)
    return app


def wsgi() -> Any:
    """Build the application for ``wsgi.py``."""
    # Commands leave it until a name is read; of those who look at pages nobody waits for the dictionary.
    import_module("pypinyin")
    return create_app()
