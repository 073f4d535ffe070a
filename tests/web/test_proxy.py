"""A client's X-Forwarded-For is believed only when the installation says that a proxy stands in front."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal.app import create_app
from portal.database import db, session
from portal.testing import settings


@pytest.mark.parametrize(("proxies", "statuses"), [(0, [303, 429]), (1, [303, 303])])
def test_limits_see_the_address_that_can_be_trusted(
    data_dir: Path, proxies: int, statuses: list[int]
) -> None:
    app = create_app(settings(data_dir, proxies=proxies))
    found = []
    for address in ("192.0.2.1", "192.0.2.2"):
        client = app.test_client()  # type: ignore[attr-defined]
        headers = {"X-Forwarded-For": f"203.0.113.9, {address}"}
        token = re.findall(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)[0]
        form = {"phone": "10000000001", "csrf_token": token}
        found.append(client.post("/login", data=form, headers=headers).status_code)
    assert found == statuses
    with app.app_context():
        session.remove()
        db.engine.dispose()


def test_host_of_a_client_is_never_taken(data_dir: Path) -> None:
    app = create_app(settings(data_dir, proxies=1))
    answer = app.test_client().get("/login", headers={"X-Forwarded-Host": "evil.invalid"})
    assert "evil.invalid" not in answer.text
    with app.app_context():
        session.remove()
        db.engine.dispose()
