"""Errors speak to a person: what happened, what now. The detail goes to the log, never to the page."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from portal.crypto import KeyLost
from portal.database import Conflict, session
from portal.registry import PluginUnavailable
from portal.web import htmx

PAGES = (400, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503)


def install(app: Flask) -> None:
    """Register the pages."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(Conflict, _conflict)
    app.register_error_handler(KeyLost, _key_lost)
    app.register_error_handler(PluginUnavailable, _plugin_lacking)
    app.register_error_handler(Exception, _unexpected)


def page(status: int, **values: Any) -> Response:
    """Render the page of an error; it must not need the database."""
    session.rollback()
    known = status if status in PAGES else (500 if status >= 500 else 400)
    template = f"errors/{known}.html"
    return make_response(render_template(template, status=status, is_fragment=False, **values), status)


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    wait = getattr(error, "retry_after", None)
    if not isinstance(wait, int):
        return page(error.code)
    answer = page(error.code, wait=wait)
    answer.headers["Retry-After"] = str(wait)
    return answer


def _csrf(_error: CSRFError) -> Any:
    if g.get("session_expired"):
        # The form was filled before the session ended: log in again, the text is not lost.
        from portal.web.gate import ask_to_log_in

        return ask_to_log_in()
    return page(400, csrf=True)


def _conflict(error: Conflict) -> Any:
    return page(409, message=str(error))


def _key_lost(error: KeyLost) -> Any:
    # Known trouble with words of its own: the one who runs the portal has the key, or knows that nobody has.
    current_app.logger.error("key lost: %s", error)
    return htmx_safe(page(503, key_lost=True))


def _plugin_lacking(error: PluginUnavailable) -> Any:
    # Half an answer about a person's rights would be a wrong one.
    current_app.logger.error("not loaded, but asked about a person's rights: %s", error)
    return htmx_safe(page(503, plugin_lacking=True))


def _unexpected(error: Exception) -> Any:
    current_app.logger.error("unexpected", exc_info=error)
    if current_app.config["TESTING"] and not current_app.config.get("SHOW_ERRORS"):
        raise error
    return htmx_safe(page(500))


def htmx_safe(response: Response) -> Response:
    """Keep an error page out of a fragment's place: htmx shows it through its own region."""
    if htmx.is_htmx():
        response.headers["HX-Reswap"] = "none"
    return response
