"""Make the pictures of the README from a fresh demo: ``make screenshots``."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import chromium  # noqa: E402  the project's own root first

HERE = "/d/340722-kfq"


@dataclass(frozen=True)
class Shot:
    """One picture: file name, whose page (an account's key, "" for a visitor), path, how it is looked at.

    ``press`` is a link of that page to go on by, where the address cannot be known before.
    """

    name: str
    who: str
    path: str
    width: int = 390
    full: bool = False
    press: str = ""


SHOTS = (
    Shot("landing-phone", "", "/"),
    Shot("find-phone", "", "/find?q=莲湖"),
    Shot("find-desktop", "", "/find?q=lianhu", width=1200),
    Shot("start-phone", "member", f"{HERE}/"),
    Shot("start-elder-phone", "retired", f"{HERE}/"),
    Shot("statement-phone", "member", f"{HERE}/dues/"),
    Shot("statement-elder-phone", "retired", f"{HERE}/dues/", full=True),
    Shot("statement-desktop", "member", f"{HERE}/dues/", width=1200),
    Shot("voucher-phone", "member", f"{HERE}/dues/history", press="main a.cell"),
    Shot("notices-elder-phone", "retired", f"{HERE}/me/notices/choices"),
    Shot("branch-desktop", "secretary", f"{HERE}/dues/branch", width=1200),
    Shot("branch-phone", "collector", f"{HERE}/dues/branch"),
    Shot("cash-phone", "collector", f"{HERE}/dues/cash"),
    Shot("rooms-phone", "member", f"{HERE}/bookings/", press="main a:has-text('明天')"),
    Shot("rooms-week-desktop", "desk", f"{HERE}/bookings/desk/week", width=1366),
    Shot("venues-desktop", "", f"{HERE}/bookings/venues/", width=1200),
    Shot("members-desktop", "desk", f"{HERE}/desk/members", width=1200),
    Shot("import-desktop", "desk", f"{HERE}/desk/import", width=1200),
    Shot("desk-desktop", "desk", f"{HERE}/desk/", width=1200),
    Shot("switchboard-desktop", "admin", f"{HERE}/admin/plugins", width=1200),
)


def main() -> None:
    """Start a demo of its own, take every picture, stop it."""
    only = set(sys.argv[1:])
    target = ROOT / "docs" / "screenshots"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        environment = {**os.environ, "PORTAL_DATA": folder, "PORT": str(port)}
        demo = subprocess.Popen([sys.executable, "-m", "portal", "demo", "run"], cwd=ROOT, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(f"{url}/readyz")
            accounts = {
                one["key"]: one for one in json.loads((Path(folder) / "accounts.json").read_text("utf-8"))
            }
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
                # Once each: a code by text message is sent once a minute.
                wanted = [shot for shot in SHOTS if not only or shot.name in only]
                known = {
                    who: _log_in(browser, url, accounts[who]) for who in {shot.who for shot in wanted} if who
                }
                for shot in wanted:
                    _take(browser, url, shot, known.get(shot.who), target / f"{shot.name}.png")
                browser.close()
        finally:
            demo.terminate()
            demo.wait()


def _take(browser: Any, url: str, shot: Shot, state: Any, path: Path) -> None:
    context = browser.new_context(
        viewport={"width": shot.width, "height": 800},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        storage_state=state,
    )
    page = context.new_page()
    page.goto(url + shot.path)
    page.wait_for_load_state("networkidle")
    if shot.press:
        page.locator(shot.press).first.click()
        page.wait_for_load_state("networkidle")
    page.screenshot(path=path, full_page=shot.full)
    print(path.name, page.title())
    context.close()


def _log_in(browser: Any, url: str, account: dict[str, str]) -> Any:
    """Log in with the password, return the cookies; staff are asked for a code too, as /demo/outbox shows."""
    page = browser.new_page()
    page.goto(f"{url}/login/password")
    page.fill("[name=username]", account["username"])
    page.fill("[name=password]", account["password"])
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda address: not address.endswith("/login/password"))
    if page.url.endswith("/login/step"):
        asked = f"{url}/demo/outbox?format=totp&phone={account['phone']}"
        page.fill("[name=code]", page.request.get(asked).json()[0]["code"])
        page.press("[name=code]", "Enter")
        page.wait_for_url(lambda address: "/login" not in address)
    elif page.locator("[name=code]").count():
        outbox = f"{url}/demo/outbox?format=json&phone={account['phone']}"
        while not (sent := page.request.get(outbox).json()):
            page.wait_for_timeout(500)  # until the worker has delivered it
        page.fill("[name=code]", re.findall(r"\d{6}", sent[0]["body"])[0])
        page.press("[name=code]", "Enter")
        page.wait_for_url(lambda address: "/login" not in address)
    state = page.context.storage_state()
    page.close()
    return state


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str) -> None:
    for _ in range(360):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit("the demo does not become ready")


if __name__ == "__main__":
    main()
