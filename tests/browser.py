"""A real Chromium for everybody's browser tests, and the portal served to it.

Found by ``PORTAL_CHROMIUM``, then the headless shell, ``chromium`` or ``google-chrome`` on PATH, then
Debian's package when root, then ``playwright install chromium``. Outside CI the tests are skipped with one
loud line when none of it works; with ``CI=true`` that is an error, so that a green run always means a browser
ran.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from portal.database import session
from portal.identity.models import Account
from portal.testing import World

#: The shell is the same engine without the windows nobody sees: a page takes it a third less time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WECHAT = (
    "Mozilla/5.0 (Linux; Android 13; PHONE) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/116.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.49.2600 NetType/WIFI Language/zh_CN"
)
#: ``visit(path, account=None, width=375, elder=False, **context)`` returns a playwright page;
#: context: color_scheme, java_script_enabled, user_agent (``WECHAT``), permissions ...
Visit = Callable[..., Any]
MISSING = "no Chromium: set PORTAL_CHROMIUM or install chromium"


@cache
def chromium() -> str | None:
    """Return the path of a Chromium that starts, or None; may install one."""
    named = os.environ.get("PORTAL_CHROMIUM")
    if named:
        return named if _starts(named) else None
    found = _on_path()
    if found is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        _quietly("apt-get", "update")
        _quietly("apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk")
        found = _on_path()
    if found is None and _quietly(sys.executable, "-m", "playwright", "install", "chromium"):
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            own = playwright.chromium.executable_path
        found = own if _starts(own) else None
    return found


def _on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name)) and _starts(path)), None)


def _starts(path: str) -> bool:
    return _quietly(path, "--version", timeout=60)


def _quietly(*command: str, timeout: int = 600) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=timeout, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Tell pytest-playwright which Chromium to start, or skip (in CI: fail)."""
    path = chromium()
    if path is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(MISSING, pytrace=False)
        pytest.skip(MISSING)
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)  # as patient as its waits: five seconds are too few on a busy machine
    # Chromium's sandbox refuses to run as root, which is what containers are.
    return {"executable_path": path, "args": ["--no-sandbox", "--disable-dev-shm-usage"]}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say it loudly once: the browser tests did not run."""
    # From the reports, which the workers of xdist send here.
    left_out = [
        report for report in terminalreporter.stats.get("skipped", []) if MISSING in str(report.longrepr)
    ]
    if left_out:
        line = f"{len(left_out)} BROWSER TESTS DID NOT RUN: {MISSING}"
        terminalreporter.write_line(line, red=True, bold=True)


class _Quiet(WSGIRequestHandler):
    def log(self, *args: Any, **kwargs: Any) -> None:
        """Leave the test's output to the test."""


class Live:
    """The portal of this test, answering on a free port; ``world`` puts people into it."""

    def __init__(self, url: str, world: World) -> None:
        self.url = url
        self.world = world


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve a WSGI application on a free port of this machine; yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    worker.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        worker.join()
        server.server_close()


@pytest.fixture
def live(world: World) -> Iterator[Live]:
    """Serve this test's portal, over the same database the ``world`` fixture fills."""
    # A write lock of the test's own session would make the served requests wait for it.
    session.remove()
    with served(world.app) as url:
        yield Live(url, world)


@pytest.fixture
def visit(browser: Any, live: Live) -> Iterator[Visit]:
    """Open pages of this test's portal: ``visit("/find", account=somebody, width=320, elder=True)``."""
    opened: list[Any] = []

    def go(
        path: str, *, account: Account | None = None, width: int = 375, elder: bool = False, **context: Any
    ) -> Any:
        context = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", **context}
        made = browser.new_context(viewport={"width": width, "height": 780}, **context)
        made.set_default_timeout(10_000)
        opened.append(made)
        cookies = {"portal_elder": "1" if elder else "0"}
        if account is not None:
            name = live.world.app.config["SESSION_COOKIE_NAME"]
            found = live.world.browser(account).get_cookie(name)
            assert found is not None
            cookies[name] = found.value
        made.add_cookies([{"name": name, "value": value, "url": live.url} for name, value in cookies.items()])
        page = made.new_page()
        page.goto(live.url + path)
        return page

    yield go
    for made in opened:
        made.close()
