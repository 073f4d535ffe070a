"""Errors speak to a person: what happened, what now. The detail goes to the log, never to the page."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from portal.crypto import KeyLost
from portal.database import Conflict, session, trouble
from portal.registry import PluginUnavailable
from portal.web import htmx
from portal.words import gettext

PAGES = (400, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503)
#: Seconds after which a browser or a proxy may ask again: what is away is back within ten.
RETRY_AFTER = 5


def install(app: Flask) -> None:
    """Register the pages."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(Conflict, _conflict)
    app.register_error_handler(KeyLost, _key_lost)
    app.register_error_handler(PluginUnavailable, _plugin_lacking)
    app.register_error_handler(SQLAlchemyError, _database)
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
        return page(error.code, **getattr(error, "said", {}))
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
    if error.why:
        current_app.logger.info("conflict: %s", error.why)
    answer = page(409, message=error.message, seen=_seen())
    if htmx.is_htmx():
        # htmx swaps a 409 in: this is a page about the form, not the form as it stands now. It is said, and
        # what was typed stays where it is (rule K15).
        spoken = str(error.message) or gettext(
            "刚才有人先改了，您的这次没有存上。请刷新页面看看，再决定要不要改。"
        )
        answer.headers["HX-Trigger"] = json.dumps({"announce": {"value": spoken, "kind": "bad"}})
    return htmx_safe(answer)


def _seen() -> str | None:
    """Return the address of the page the form stood on, where opening it shows how things stand now."""
    path = htmx.referrer_path()
    plain = path.partition("?")[0].removeprefix(request.root_path.rstrip("/"))
    there = current_app.url_map.bind("").test(plain, "GET")
    return path if there and plain != "/" else None


def _key_lost(error: KeyLost) -> Any:
    # Known trouble with words of its own: the one who runs the portal has the key, or knows that nobody has.
    current_app.logger.error("key lost: %s", error)
    return htmx_safe(page(503, key_lost=True))


def _plugin_lacking(error: PluginUnavailable) -> Any:
    # Half an answer about a person's rights would be a wrong one.
    current_app.logger.error("not loaded, but asked about a person's rights: %s", error)
    return htmx_safe(page(503, plugin_lacking=True))


def _database(error: SQLAlchemyError) -> Any:
    """Say that the database is away, read-only, full or busy; what was sent can be sent again from the page.

    The same form has the same key or version: whether the first one arrived or not, it counts once.
    """
    kind = trouble(error)
    if kind is None:
        return _unexpected(error)
    said = str(getattr(error, "orig", error)).strip().splitlines() or [""]
    current_app.logger.error("database %s: %s: %s", kind, type(error).__name__, said[0][:200])
    answer = page(503, database=kind, again=_to_send_again())
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return htmx_safe(answer)


def _to_send_again() -> dict[str, Any] | None:
    """Return the address and the fields of this request, for a button; None where they cannot be repeated."""
    if request.method == "GET":
        return {"method": "get", "path": request.full_path.rstrip("?"), "fields": ()}
    fields = [(name, value) for name, value in request.form.items(multi=True)]
    # A password is not written into a page, and a file cannot be: the browser's way back still has them.
    if request.method != "POST" or request.files or any("password" in name for name, _ in fields):
        return None
    return {"method": "post", "path": request.full_path.rstrip("?"), "fields": fields}


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
