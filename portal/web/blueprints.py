"""The list of the core's own pages."""

from __future__ import annotations

from flask import Blueprint, Flask


def core_blueprints(app: Flask) -> list[Blueprint]:
    """Return the core's blueprints for this kind of installation."""
    from portal.web.pages import pages

    found = [pages]
    return found
