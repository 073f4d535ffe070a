"""Pages for displays that hang in a hall or at a door, and that nobody touches for months."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from portal.web.assets import asset
from portal.web.htmx import render, wants_fragment

#: What a display has loaded once and keeps until it is told to load the page anew.
_LOADED = ("screen.css", "portal.css", "portal.js", "vendor/htmx.min.js")


def render_screen(template: str, **values: Any) -> Response:
    """Render a page that extends ``screen.html``; its block ``content`` is asked for every 30 seconds.

    After an upgrade that changes what a display has loaded it loads the page anew. Such a page is public and
    on view: it says nothing about anybody.
    """
    look = "-".join(asset(name).rpartition("=")[2] for name in _LOADED)
    response = render(template, block="content", look=look, **values)
    if wants_fragment() and request.args.get("look", look) != look:
        response.headers["HX-Refresh"] = "true"
    return response
