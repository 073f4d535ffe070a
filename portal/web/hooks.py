"""Where payment channels call back: no session, no form token, no switch; raw bytes in, a word out."""

from __future__ import annotations

import json
import logging

from flask import Blueprint, Response, request

from portal import clock
from portal.database import in_scope, session, transaction
from portal.failpoints import failpoint
from portal.payments import accounts, apply_fact, inbox
from portal.payments.accounts import Receiver
from portal.payments.contract import BadNotification, HttpReply, RawRequest
from portal.payments.providers import provider_of
from portal.registry import NotAvailable
from portal.web.access import public
from portal.web.setup import csrf

log = logging.getLogger(__name__)

hooks = Blueprint("hooks", __name__)

#: A callback is a few kilobytes; whatever is larger is not one.
MAX_BYTES = 64 * 1024


@hooks.post("/hooks/<provider>/<slug>/pay")
@public
@csrf.exempt
def pay(provider: str, slug: str) -> Response:
    """Take a channel's news about money. Accepted only once it is on disk (payments.md §4.5)."""
    if (request.content_length or 0) > MAX_BYTES:
        return _refuse(413, "too large")
    body = request.stream.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        return _refuse(413, "too large")
    account = accounts.called(provider, slug)
    if account is None:
        # Strangers choose the name: it is not kept under it.
        inbox.reject(provider="", slug="", district_id=None, reason="unknown_account", body=body)
        return _refuse(404, "unknown account")
    with in_scope({account.district_id}, write=account.district_id):
        return _answer(_take(account, body))


def _take(account: Receiver, body: bytes) -> HttpReply:
    try:
        provider = provider_of(account)
    except NotAvailable:
        # The plugin is missing or broken: let the channel come again, nothing is lost.
        log.error("no provider for account %s: callback sent back", account.slug)
        return HttpReply(status=503, body=_words("unavailable"))
    session.rollback()
    raw = RawRequest(headers=dict(iter(request.headers)), body=body, received_at=clock.now())
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


def _answer(reply: HttpReply) -> Response:
    return Response(reply.body, reply.status, content_type=reply.content_type if reply.body else None)


def _refuse(status: int, words: str) -> Response:
    return Response(_words(words), status, content_type="application/json")


def _words(message: str) -> bytes:
    return json.dumps({"code": "FAIL", "message": message}).encode()
