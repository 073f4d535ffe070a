"""Passkeys in a real browser with a device of its own (Chromium's virtual one), and without script."""

from __future__ import annotations

from typing import Any

import pytest

from portal.database import session, transaction
from portal.identity import passkeys, totp
from portal.identity.models import Account
from portal.testing import World
from tests import looks
from tests.browser import Live, Visit
from tests.identity.test_password import GOOD, give
from tests.identity.test_second_factor import SECRET

pytestmark = pytest.mark.browser

FACTOR, AGAIN = "/d/990001/me/second-factor", "/d/990001/me/again"
ADD = "加一个通行密钥"


@pytest.fixture
def home(live: Live) -> Live:
    """Serve at the name passkeys need: a number is no home for them."""
    live.url = live.url.replace("127.0.0.1", "localhost")
    live.world.app.config["PUBLIC_URL"] = live.url
    return live


@pytest.fixture
def clerk(world: World, here: Any) -> Any:
    made = world.account(role="desk", district=here)
    give(made, username="clerk")
    return made


def device(page: Any, **options: Any) -> tuple[Any, str]:
    """Give a page's browser a device that unlocks by itself; return its wire and its name."""
    wire = page.context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    wanted = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
        **options,
    }
    made = wire.send("WebAuthn.addVirtualAuthenticator", {"options": wanted})
    return wire, made["authenticatorId"]


def credentials(wire: Any, name: str) -> list[dict[str, Any]]:
    found = wire.send("WebAuthn.getCredentials", {"authenticatorId": name})
    return list(found["credentials"])


def add(page: Any, name: str) -> None:
    page.get_by_label("给它起个名字").fill(name)
    page.get_by_role("button", name=ADD).click()


def leave(page: Any, url: str) -> None:
    page.goto(f"{url}/d/990001/me/")
    page.get_by_role("button", name="退出登录").click()
    page.get_by_text("已退出。").wait_for()


def test_a_passkey_is_set_up_logs_in_finishes_the_step_answers_and_is_taken_off(
    visit: Visit, home: Live, clerk: Any
) -> None:
    account_id = clerk.id
    session.remove()
    page = visit(FACTOR, account=clerk)
    wire, name = device(page)
    add(page, "我的电脑")
    page.locator("[data-code]").first.wait_for()
    assert page.locator("[data-code]").count() == 10
    assert looks.held_against(page) == []
    kept = credentials(wire, name)
    assert [one["rpId"] for one in kept] == ["localhost"] and kept[0]["isResidentCredential"]
    page.goto(home.url + FACTOR)
    assert page.get_by_role("heading", name="我的电脑").is_visible()
    # The same device has one already, and says so.
    add(page, "又一个")
    page.locator("#status", has_text="已经有这个账号的通行密钥").wait_for()

    # By itself.
    leave(page, home.url)
    page.goto(home.url + "/login")
    page.get_by_role("button", name="用通行密钥登录").click()
    page.wait_for_url("**/d/990001/**")

    # As the second step after a password.
    leave(page, home.url)
    page.goto(home.url + "/login/password")
    page.get_by_label("用户名或手机号").fill("clerk")
    page.get_by_label("密码", exact=True).fill(GOOD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/login/step")
    assert looks.held_against(page) == []
    page.get_by_role("button", name="用通行密钥确认").click()
    page.wait_for_url("**/d/990001/**")

    # Asked again.
    page.goto(f"{home.url}{AGAIN}?next={FACTOR}")
    assert looks.held_against(page) == []
    page.get_by_role("button", name="用通行密钥确认").click()
    page.wait_for_url(f"**{FACTOR}")
    page.get_by_text("确认是本人。").wait_for()

    # Taken off, now that there is another factor.
    with transaction():
        totp.give(account_id, SECRET)
    session.remove()
    page.goto(home.url + FACTOR)
    page.get_by_role("button", name="去掉“我的电脑”").click()
    page.get_by_text("通行密钥去掉了").wait_for()
    assert passkeys.of(account_id) == []
    session.remove()
    leave(page, home.url)
    page.goto(home.url + "/login")
    page.get_by_role("button", name="用通行密钥登录").click()
    page.get_by_text("已经去掉了").first.wait_for()


def test_who_does_not_confirm_is_told_and_may_try_again(visit: Visit, home: Live, account: Any) -> None:
    page = visit(FACTOR, account=account)
    wire, name = device(page, isUserVerified=False)
    add(page, "我的手机")
    page.locator("#status", has_text="没有确认").wait_for()
    assert page.get_by_label("给它起个名字").input_value() == "我的手机"
    wire.send("WebAuthn.setUserVerified", {"authenticatorId": name, "isUserVerified": True})
    page.get_by_role("button", name=ADD).click()
    page.locator("[data-code]").first.wait_for()


def test_a_line_cut_before_the_question_says_so(visit: Visit, home: Live, account: Any) -> None:
    page = visit(FACTOR, account=account)
    device(page)
    page.route("**/passkeys/begin", lambda route: route.abort())
    add(page, "我的手机")
    page.locator("#status", has_text="网络断了").wait_for()
    assert page.get_by_label("给它起个名字").input_value() == "我的手机"


def test_at_the_number_of_this_machine_the_page_says_where_it_works(
    visit: Visit, live: Live, account: Any
) -> None:
    live.world.app.config["PUBLIC_URL"] = live.url
    page = visit(FACTOR, account=account)
    named = live.url.replace("127.0.0.1", "localhost")
    page.get_by_text(f"通行密钥只在 {named} 能用").wait_for()
    assert not page.get_by_role("button", name=ADD).is_visible()


def test_a_browser_without_passkeys_shows_none_and_says_why(visit: Visit, home: Live, account: Any) -> None:
    page = visit("/login", account=None)
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(home.url + "/login")
    page.wait_for_function("document.documentElement.classList.contains('js')")
    assert not page.get_by_role("button", name="用通行密钥登录").is_visible()
    page = visit("/", account=account)
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(home.url + FACTOR)
    page.get_by_text("这个浏览器用不了通行密钥").wait_for()
    assert not page.get_by_role("button", name=ADD).is_visible()


def test_without_script_everything_else_is_there(visit: Visit, home: Live, account: Any) -> None:
    page = visit(FACTOR, account=account, java_script_enabled=False)
    assert page.get_by_text("要浏览器开着脚本").is_visible()
    assert not page.get_by_role("button", name=ADD).is_visible()
    page.get_by_role("button", name="现在设").click()
    page.wait_for_url("**/second-factor/totp")


@pytest.mark.parametrize("elder", [False, True], ids=["plain", "elder"])
def test_the_page_can_be_read_and_pressed(visit: Visit, home: Live, account: Any, elder: bool) -> None:
    with transaction():
        session.get_one(Account, account.id).elder = elder  # kept in the account, not in the browser
    page = visit(FACTOR, account=account, elder=elder)
    device(page)
    page.get_by_role("button", name=ADD).wait_for()
    assert looks.held_against(page, elder=elder) == []
    add(page, "我的手机")
    page.locator("[data-code]").first.wait_for()
    page.goto(home.url + FACTOR)
    page.get_by_text("改名字").click()
    assert looks.held_against(page, elder=elder) == []
