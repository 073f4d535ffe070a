"""A form counts once: same key and same words, same answer; same key and other words, 409 (rule K4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import abort, current_app, g, make_response, request
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock
from portal.database import Conflict, is_postgresql, session, transaction
from portal.jobs import job
from portal.web.asked import number
from portal.web.frame import say
from portal.web.htmx import go
from portal.web.models import SentForm
from portal.words import gettext

FIELD = "_once"
KEPT = timedelta(days=2)
_NOT_CONTENT = frozenset({"csrf_token", FIELD})


def once(view: Callable[..., Any]) -> Callable[..., Any]:
    """Make a POST view answer a repeated form as it answered the first time.

    The view and its verbs run in ONE transaction together with the key. An answer that is no success
    (a form with errors) rolls all of it back and leaves the key free for the corrected form.
    """

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return view(*args, **kwargs)
        key = request.form.get(FIELD, "")
        if not 8 <= len(key) <= 64:
            abort(400)
        try:
            with transaction():
                earlier = _claim(key)
                if earlier is not None:
                    return _replay(earlier)
                response = make_response(current_app.ensure_sync(view)(*args, **kwargs))
                if response.status_code >= 400 or response.status_code == 200 and not _redirects(response):
                    raise _NotDone(response)
                _keep(key, response)
        except _NotDone as refused:
            return refused.response
        return response

    return wrapped


class _NotDone(Exception):
    def __init__(self, response: Any) -> None:
        self.response = response


def _sender() -> str:
    return f"a{g.actor.account_id}" if g.actor.is_authenticated else "v"


def _body_hash() -> str:
    parts = [request.path]
    for name in sorted(set(request.form) - _NOT_CONTENT):
        parts += [name, *request.form.getlist(name)]
    for name in sorted(request.files):
        file = request.files[name]
        parts += [name, file.filename or "", hashlib.sha256(file.stream.read()).hexdigest()]
        file.stream.seek(0)
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _claim(key: str) -> SentForm | None:
    """Write the key; return the earlier row when it was sent before."""
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    written = session.execute(
        insert(SentForm)
        .values(
            key=key,
            sender=_sender(),
            body_hash=_body_hash(),
            status=0,
            location="",
            said="",
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["sender", "key"])
        .returning(SentForm.id)
    ).first()
    if written is not None:
        return None
    return session.execute(
        select(SentForm).where(SentForm.sender == _sender(), SentForm.key == key)
    ).scalar_one()


def _replay(earlier: SentForm) -> Any:
    if earlier.body_hash != _body_hash():
        raise Conflict(gettext("这张表刚才已经提交过，内容和这次不一样。请刷新页面再填。"))
    if earlier.said:
        say(earlier.said)
    return go(earlier.location)


def _keep(key: str, response: Any) -> None:
    row = session.execute(
        select(SentForm).where(SentForm.sender == _sender(), SentForm.key == key)
    ).scalar_one()
    row.status = response.status_code
    row.location = response.headers.get("HX-Redirect") or response.headers.get("Location", "/")
    row.said = str(g.get("say") or "")[:500]


def _redirects(response: Any) -> bool:
    return "HX-Redirect" in response.headers


@job("core.forget_sent_forms", every=timedelta(hours=1))
def forget_sent_forms(_payload: Any) -> None:
    """Drop the keys of forms sent more than two days ago."""
    with transaction():
        session.execute(delete(SentForm).where(SentForm.created_at < clock.now() - KEPT))


def required_version() -> int:
    """Return the version the form was read at; a form without one is refused with 400 (rule K3)."""
    try:
        return number(request.form["version"])
    except (KeyError, ValueError):
        abort(400)
