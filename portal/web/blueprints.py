"""The list of the core's own pages."""

from __future__ import annotations

from flask import Blueprint, Flask


def core_blueprints(app: Flask) -> list[Blueprint]:
    """Return the core's blueprints for this kind of installation."""
    from portal.web.pages import pages

    found = [pages]
    if app.config["ENV_NAME"] in {"development", "testing"}:
        from portal.web.catalogue import dev

        found.append(dev)
    return found
