"""Files handed out: always as an attachment, with their Chinese name."""

from __future__ import annotations

from flask import Response

from portal.api import sheet_kit


def attachment(data: bytes, name: str, kind: str) -> Response:
    """Return a file to keep; ``kind`` is its media type."""
    response = Response(data, content_type=kind)
    response.headers["Content-Disposition"] = sheet_kit.content_disposition(name)
    return response
