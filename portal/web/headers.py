"""Security headers on every answer (security.md rows 28, ASVS 3.4, 14.3), laid around the application.

A layer outside of Flask sees every answer, also that of a view that failed, and costs one pass over a list.
What a view knows of its answer, and the layer cannot see, is left in the WSGI environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request

from portal import crypto

#: All scripts and styles are files of our own: nothing inline, so no nonce either.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{images}; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'{targets}; frame-ancestors 'none'; "
    "base-uri 'none'; object-src 'none'"
)
_OWN = _POLICY.format(targets="", images="")
#: A file to keep is never a page of ours, whatever somebody wrote into it (ASVS 3.2.1).
_ATTACHED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; sandbox"
#: No view says otherwise.
_FIXED = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(self), payment=()"),
]
_TLS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")

#: Keys of the WSGI environment: the number of this request, where its forms may lead, whose pictures it
#: shows, a file of ours.
REQUEST_ID = "portal.request_id"
_TARGETS = "portal.form_targets"
_IMAGES = "portal.image_sources"
_FILE = "portal.file"

_Headers = list[tuple[str, str]]


def allow_form_target(origin: str) -> None:
    """Let a form or redirect of this response lead to ``origin`` (a payment cashier)."""
    request.environ.setdefault(_TARGETS, set()).add(origin)


def allow_image_source(origin: str) -> None:
    """Let this response show pictures of ``origin`` (the tiles of a map)."""
    request.environ.setdefault(_IMAGES, set()).add(origin)


def keep_a_while() -> None:
    """Let browsers keep this answer for an hour: a file that comes with the portal or a plugin."""
    request.environ[_FILE] = True


def install(app: Flask) -> None:
    """Lay the headers around ``app``."""
    app.wsgi_app = _Hardened(app)  # type: ignore[method-assign]  # how Flask wants it done


class _Hardened:
    def __init__(self, app: Flask) -> None:
        self._config, self._inside = app.config, app.wsgi_app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # Our own number: a client's header is never believed (ASVS 4.1.3).
        environ[REQUEST_ID] = crypto.new_uid()

        def start(status: str, headers: _Headers, *error: Any) -> Any:
            return start_response(status, self._hardened(environ, status, headers), *error)

        return self._inside(environ, start)

    def _hardened(self, environ: dict[str, Any], status: str, headers: _Headers) -> _Headers:
        said = {name.lower(): value for name, value in headers}
        added = [("X-Request-Id", environ[REQUEST_ID]), *_FIXED]
        if said.get("content-disposition", "").startswith("attachment"):
            headers = _without(headers, "content-security-policy")
            added.append(("Content-Security-Policy", _ATTACHED))
        elif "content-security-policy" not in said:
            targets, images = (_listed(environ, key) for key in (_TARGETS, _IMAGES))
            policy = _POLICY.format(targets=targets, images=images) if targets or images else _OWN
            added.append(("Content-Security-Policy", policy))
        if "referrer-policy" not in said:
            added.append(("Referrer-Policy", "same-origin"))
        if self._config["TLS"] and "strict-transport-security" not in said:
            added.append(_TLS)
        if _FILE in environ and status[:1] in "23":
            headers = _without(headers, "cache-control")
            added.append(("Cache-Control", "public, max-age=3600"))
        elif "cache-control" not in said:
            added.append(("Cache-Control", "no-store"))
        if said.get("content-type", "").startswith("text/html"):
            # A page and its fragment share an address.
            headers = _without(headers, "vary")
            added.append(("Vary", _joined(said.get("vary"), "HX-Request", "Cookie")))
        if status[:3] == "308":
            # A missing slash, the only 308 there is: werkzeug builds the way there of the client's own Host.
            local = urlsplit(said["location"])._replace(scheme="", netloc="").geturl()
            headers = [*_without(headers, "location"), ("Location", local)]
        return headers + added


def _listed(environ: dict[str, Any], key: str) -> str:
    return "".join(f" {origin}" for origin in sorted(environ.get(key, ())))


def _without(headers: _Headers, name: str) -> _Headers:
    return [(other, value) for other, value in headers if other.lower() != name]


def _joined(said: str | None, *more: str) -> str:
    """Add names to a header that lists some, each once."""
    names = [name.strip() for name in (said or "").split(",") if name.strip()]
    known = {name.lower() for name in names}
    return ", ".join([*names, *(name for name in more if name.lower() not in known)])
