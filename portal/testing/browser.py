"""A browser without JavaScript, and what it reads of a page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.datastructures import Headers

from portal.database import session
from portal.testing.postgresql import before_the_wall


class Browser(FlaskClient):
    """A browser without JavaScript; logged in, its POSTs carry the CSRF token unless ``csrf=False``."""

    csrf_secret: str | None = None

    def open(self, *args: Any, csrf: bool = True, **kwargs: Any) -> Any:
        # The test's own open transaction would hold the write lock against the request.
        if has_app_context():
            session.rollback()
        if csrf and self.csrf_secret:
            signer = URLSafeTimedSerializer(str(self.application.secret_key), salt="wtf-csrf-token")
            headers = Headers(kwargs.pop("headers", None) or {})
            headers.setdefault("X-CSRFToken", signer.dumps(self.csrf_secret))
            kwargs["headers"] = headers
        # A fresh context, as in production: nothing of the test's ``g``, session or scope is seen or changed.
        return before_the_wall(self._open_fresh, *args, **kwargs)

    def _open_fresh(self, *args: Any, **kwargs: Any) -> Any:
        with self.application.app_context():
            return super().open(*args, **kwargs)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser without JavaScript."""
    return app.test_client()


def token(client: FlaskClient, path: str) -> str:
    """Return the CSRF token a page hands out, as a form would send it."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found, f"{path} shows no form"
    return found[1]
