"""Where payment channels call back: no session, no form token, no switch; raw bytes in, a word out.

A layer beside the application and not a view of it: what goes wrong in the pages of people, and whatever is
asked of everybody before a page, cannot keep news about money away.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any

from flask import Flask, current_app, g, has_app_context
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from portal import clock
from portal.database import everything, in_scope, session, transaction, trouble
from portal.failpoints import failpoint
from portal.payments import accounts, apply_fact, inbox
from portal.payments.accounts import Receiver
from portal.payments.contract import BadNotification, HttpReply, RawRequest
from portal.payments.providers import provider_of
from portal.registry import NotAvailable
from portal.web.headers import REQUEST_ID

log = logging.getLogger(__name__)

#: A callback is a few kilobytes; whatever is larger is not one.
MAX_BYTES = 64 * 1024

_ADDRESS = re.compile(r"/hooks/([a-z0-9_-]{1,40})/([a-z0-9_-]{1,40})/pay")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


def install(app: Flask) -> None:
    """Lay the callbacks beside ``app``."""
    app.wsgi_app = _Callbacks(app)  # type: ignore[method-assign]  # how Flask wants it done


class _Callbacks:
    def __init__(self, app: Flask) -> None:
        self._app, self._inside = app, app.wsgi_app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        found = _ADDRESS.fullmatch(environ["PATH_INFO"])
        if found is None:
            return self._inside(environ, start_response)
        reply = self._reply(environ, *found.groups())
        headers = [("Content-Length", str(len(reply.body)))] if reply.status != 204 else []
        if reply.body:
            headers.append(("Content-Type", reply.content_type))
        if reply.status == 405:
            headers.append(("Allow", "POST"))
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", headers)
        return [reply.body]

    def _reply(self, environ: Environ, provider: str, slug: str) -> HttpReply:
        if environ["REQUEST_METHOD"] != "POST":
            return _refusal(405, "only POST")
        # As Flask does: whoever calls from inside a context of this application shares its session.
        inside = has_app_context() and current_app == self._app
        with nullcontext() if inside else self._app.app_context():
            g.request_id = environ.get(REQUEST_ID)
            try:
                return _pay(environ, provider, slug)
            except Exception as error:
                # The channel comes again; what the transaction had written is taken back.
                kind = trouble(error)
                if kind is not None:
                    log.error("callback %s/%s sent back: database %s", provider, slug, kind)
                    return _refusal(503, "unavailable")
                log.exception("callback %s/%s failed", provider, slug)
                return _refusal(500, "failed")


def _pay(environ: Environ, provider: str, slug: str) -> HttpReply:
    """Take a channel's news about money. Accepted only once it is on disk (payments.md §4.5)."""
    try:
        # One more than may come: a body sent in pieces is cut off at the limit without a word.
        body = get_input_stream(environ, max_content_length=MAX_BYTES + 1).read()
    except RequestEntityTooLarge:
        return _refusal(413, "too large")
    except ClientDisconnected:
        return _refusal(400, "incomplete")
    if len(body) > MAX_BYTES:
        return _refusal(413, "too large")
    with everything():  # the account says which district this is about
        account = accounts.called(provider, slug)
    if account is None:
        # Strangers choose the name: it is not kept under it.
        inbox.reject(provider="", slug="", district_id=None, reason="unknown_account", body=body)
        return _refusal(404, "unknown account")
    with in_scope({account.district_id}, write=account.district_id):
        return _take(account, EnvironHeaders(environ), body)


def _take(account: Receiver, headers: EnvironHeaders, body: bytes) -> HttpReply:
    try:
        provider = provider_of(account)
    except NotAvailable:
        # The plugin is missing or broken: let the channel come again, nothing is lost.
        log.error("no provider for account %s: callback sent back", account.slug)
        return HttpReply(status=503, body=_words("unavailable"))
    session.rollback()
    raw = RawRequest(headers=dict(iter(headers)), body=body, received_at=clock.now())
    try:
        notification = provider.parse_notification(raw)
    except BadNotification as error:
        return _bad(account, body, error.reason, provider.ack(False, error.reason))
    except Exception:
        log.exception("callback of account %s could not be read", account.slug)
        return _bad(account, body, "unreadable", HttpReply(status=400, body=_words("unreadable")))
    failpoint("notify.after_verify")
    if notification.fact is None:
        with transaction():
            inbox.accept(notification, account=account, body=body)
    else:
        apply_fact(notification.fact, account=account, notification=notification, body=body)
    failpoint("notify.after_commit")
    return provider.ack(True)


def _bad(account: Receiver, body: bytes, reason: str, reply: HttpReply) -> HttpReply:
    log.warning("callback of account %s refused: %s", account.slug, reason)
    inbox.reject(
        provider=account.provider,
        slug=account.slug,
        district_id=account.district_id,
        reason=reason,
        body=body,
    )
    return reply


def _refusal(status: int, words: str) -> HttpReply:
    return HttpReply(status=status, body=_words(words))


def _words(message: str) -> bytes:
    return json.dumps({"code": "FAIL", "message": message}).encode()
