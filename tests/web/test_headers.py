"""The security headers: on every answer, also those no view wrote, and what a view may say otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from portal.testing import World
from portal.web.access import public

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}


@pytest.mark.parametrize(
    "path, status",
    [("/", 200), ("/find?q=a", 200), ("/nowhere", 404), ("/readyz", 200), ("/static/portal.css", 200)],
)
def test_every_answer_carries_them(client: Any, path: str, status: int) -> None:
    with client.get(path) as answer:
        assert answer.status_code == status
        _hardened(answer)


def test_a_channels_callback_too(client: Any) -> None:
    answer = client.post("/hooks/wechatpay/nobody/pay", data=b"{}")
    assert answer.status_code == 404
    _hardened(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_the_answer_of_a_view_that_failed_too(app: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    @public
    def broken() -> None:
        raise RuntimeError("planted")

    monkeypatch.setitem(app.view_functions, app.url_map.bind("").match("/")[0], broken)
    monkeypatch.setitem(app.config, "SHOW_ERRORS", True)
    answer = client.get("/")
    assert answer.status_code == 500
    _hardened(answer)


def _hardened(answer: Any) -> None:
    for name, value in FIXED.items():
        assert answer.headers.getlist(name) == [value]
    [policy] = answer.headers.getlist("Content-Security-Policy")
    assert "default-src 'none'" in policy and "form-action 'self';" in policy and "unsafe" not in policy
    assert len(answer.headers.getlist("Cache-Control")) == 1
    assert answer.headers["X-Request-Id"]


def test_a_file_to_keep_is_never_a_page_of_ours(world: World) -> None:
    """ASVS 3.2.1: whatever somebody wrote into it, a browser runs nothing of it here."""
    here = world.district()
    member = world.member(world.organization(here), name="<script>go()</script>")
    own = world.browser(world.account(member)).get(f"/d/{here.code}/me/record.json")
    desk = world.browser(world.account(role="desk", district=here))
    sheet = desk.post(f"/d/{here.code}/desk/members/export", data={"as": "csv"})
    for answer in (own, sheet):
        assert answer.status_code == 200 and "<script>" in answer.get_data(as_text=True)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        [policy] = answer.headers.getlist("Content-Security-Policy")
        assert policy.endswith("; sandbox") and "default-src 'none'" in policy and "'self'" not in policy


def test_files_are_kept_and_pages_are_not(client: Any) -> None:
    with client.get("/static/portal.css") as file:
        assert file.headers.getlist("Cache-Control") == ["public, max-age=3600"]
    assert client.get("/static/nothing.css").headers["Cache-Control"] == "no-store"
    page = client.get("/")
    assert page.headers["Cache-Control"] == "no-store"
    [vary] = page.headers.getlist("Vary")
    assert sorted(vary.split(", ")) == ["Cookie", "HX-Request"]


def test_a_missing_slash_leads_on_within_the_host_that_was_asked(world: World) -> None:
    here = world.district()
    answer = world.browser().get(f"/d/{here.code}", base_url="http://evil.example")
    assert answer.status_code == 308
    assert answer.headers.getlist("Location") == [f"/d/{here.code}/"]


def test_https_alone_asks_for_https(app: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Strict-Transport-Security" not in client.get("/").headers
    monkeypatch.setitem(app.config, "TLS", True)
    assert client.get("/").headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
