"""Security headers on every answer (security.md rows 28, ASVS 3.4, 14.3)."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from werkzeug.routing import RequestRedirect


def nonce() -> str:
    """Return this response's CSP nonce."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def allow_form_target(origin: str) -> None:
    """Let a form or redirect of this response lead to ``origin`` (a payment cashier)."""
    g.setdefault("form_targets", set()).add(origin)


def install(app: Flask) -> None:
    """Add the headers after every request."""

    @app.after_request
    def _harden(response: Response) -> Response:
        headers = response.headers
        targets = " ".join(sorted(g.get("form_targets", ())))
        headers.setdefault(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'"
            + (f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else "")
            + "; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
            f"manifest-src 'self'; form-action 'self' {targets}".rstrip()
            + "; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
        )
        if isinstance(request.routing_exception, RequestRedirect):
            # A missing slash: werkzeug builds the way there of the client's own Host.
            response.location = urlsplit(response.location)._replace(scheme="", netloc="").geturl()
        if "request_id" in g:
            headers["X-Request-Id"] = g.request_id
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(self), payment=()")
        if current_app.config["TLS"]:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if request.endpoint == "static" or (request.endpoint or "").endswith(".static"):
            headers["Cache-Control"] = "public, max-age=3600"
        else:
            headers.setdefault("Cache-Control", "no-store")
        return response
