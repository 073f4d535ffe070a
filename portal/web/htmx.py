"""The one adapter between htmx and the portal: page or fragment, ``Vary``, response headers.

htmx-flask 0.1 reads the request headers; what it lacks (history restore, reswap values) and all
response headers are decided here, so that htmx 4 changes this file and no other.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, Response, make_response, redirect, render_template, request
from htmx_flask import Htmx
from jinja2_fragments.flask import render_block
from werkzeug.wrappers import Response as BaseResponse

from portal.web import frame


def referrer_path() -> str:
    """Return the local path of the page this request came from, or ``/``."""
    referrer, root = request.referrer or "", request.host_url
    return "/" + referrer.removeprefix(root) if referrer.startswith(root) else "/"


def install(app: Flask) -> None:
    """Register htmx-flask, and how forms sent by script learn of the next page."""
    Htmx(app)

    @app.after_request
    def _name_the_next_page(response: Response) -> Response:
        # static/forms.js sends forms by fetch, to keep the typed text on a bad line; a followed redirect
        # would eat the notice of the next page, so it is told where to go instead.
        if request.headers.get("X-Portal-Form") and response.location and 300 <= response.status_code < 400:
            response.headers["X-Portal-Location"] = response.headers.pop("Location")
            response.status_code = 204
            response.set_data(b"")
        return response


def is_htmx() -> bool:
    """Tell whether htmx sent this request."""
    return bool(_htmx(request))


def wants_fragment() -> bool:
    """Tell whether a fragment is the right answer: htmx, not boosted, not a history restore."""
    found = _htmx(request)
    return bool(found) and not found.boosted and not found.history_restore_request


def _htmx(current: Request) -> Any:
    return current.htmx  # type: ignore[attr-defined]


def render(template: str, *, block: str | None = None, status: int = 200, **values: Any) -> Response:
    """Render a page, or only its ``block`` when htmx asks for a fragment. 422 for an invalid form."""
    if block is not None and wants_fragment():
        return make_response(render_block(template, block, **values, is_fragment=True), status)
    return make_response(render_template(template, **{**frame.values(), **values}, is_fragment=False), status)


def redirect_whole_page(url: str) -> Response:
    """Tell htmx to load another page."""
    response = make_response("", 200)
    response.headers["HX-Redirect"] = url
    return response


def go(url: str) -> BaseResponse:
    """Leave a successful POST: 303, or a whole-page redirect when htmx sent it."""
    return redirect_whole_page(url) if is_htmx() else redirect(url, 303)
