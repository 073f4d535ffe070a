"""Security headers on every answer (security.md rows 28, ASVS 3.4, 14.3)."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from werkzeug.routing import RequestRedirect

#: All scripts and styles are files of our own: nothing inline, so no nonce either.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'{targets}; frame-ancestors 'none'; "
    "base-uri 'none'; object-src 'none'"
)
#: No view says otherwise.
_FIXED = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(self), payment=()"),
)


def allow_form_target(origin: str) -> None:
    """Let a form or redirect of this response lead to ``origin`` (a payment cashier)."""
    g.setdefault("form_targets", set()).add(origin)


def install(app: Flask) -> None:
    """Add the headers after every request."""

    @app.after_request
    def _harden(response: Response) -> Response:
        headers = response.headers
        targets = "".join(f" {origin}" for origin in sorted(g.get("form_targets", ())))
        headers.setdefault("Content-Security-Policy", _POLICY.format(targets=targets))
        if isinstance(request.routing_exception, RequestRedirect):
            # A missing slash: werkzeug builds the way there of the client's own Host.
            response.location = urlsplit(response.location)._replace(scheme="", netloc="").geturl()
        if "request_id" in g:
            headers["X-Request-Id"] = g.request_id
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.extend(_FIXED)
        if current_app.config["TLS"]:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if request.endpoint == "static" or (request.endpoint or "").endswith(".static"):
            headers["Cache-Control"] = "public, max-age=3600"
        else:
            headers.setdefault("Cache-Control", "no-store")
        return response
