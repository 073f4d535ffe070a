"""``/readyz`` and ``/healthz``: a word for machines, no detail for strangers."""

from __future__ import annotations

from flask import Blueprint, Response

from portal.health.service import examine
from portal.web.access import public

health = Blueprint("health", __name__)


@health.get("/healthz")
@public
def alive() -> Response:
    """Answer that the process lives."""
    return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})


@health.get("/readyz")
@public
def ready() -> Response:
    """Answer 200 when the database reads and writes and there is room; else 503 and what kind it is."""
    found = examine()
    return Response(
        "ready\n" if found.ready else f"not ready: {found.why}\n",
        status=200 if found.ready else 503,
        mimetype="text/plain",
        headers={"Cache-Control": "no-store"},
    )
