"""My open sessions: seen in words, ended by me alone, at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from portal import clock
from portal.database import session
from portal.identity import whereabouts
from portal.identity.models import LoginSession
from portal.testing import World
from tests.browser import WECHAT
from tests.identity.conftest import Visitor

PAGE = "/d/990001/me/sessions"


def open_ids(account: Any) -> list[int]:
    found = select(LoginSession.id).where(
        LoginSession.account_id == account.id, LoginSession.ended_at.is_(None)
    )
    ids = list(session.scalars(found.order_by(LoginSession.id)))
    session.rollback()
    return ids


def test_the_list_says_device_and_place_in_words_and_which_is_this(visitor: Visitor, account: Any) -> None:
    visitor.address = "8.8.4.4"
    visitor.browser.environ_base["HTTP_USER_AGENT"] = WECHAT
    visitor.log_in()
    page = visitor.get(PAGE).text
    assert "安卓手机 · 微信" in page and "网络地址以8.8开头" in page and "这一台" in page
    assert "8.8.4" not in page and '/end"' not in page
    kept = session.execute(text("select device, place from login_session")).all()
    assert [tuple(row) for row in kept] == [("android wechat", "8.8")]


def test_another_device_is_ended_at_once(world: World, here: Any, account: Any) -> None:
    mine, lost = world.browser(account), world.browser(account)
    first, second = open_ids(account)
    page = mine.get(PAGE).text
    assert f"/me/sessions/{second}/end" in page and f"/me/sessions/{first}/end" not in page
    assert mine.post(f"{PAGE}/{second}/end").location == PAGE
    assert lost.get(PAGE).location.startswith("/login")
    assert mine.get(PAGE).status_code == 200 and open_ids(account) == [first]
    assert mine.post(f"{PAGE}/{second}/end").status_code == 404  # over already
    trail = session.execute(
        text("select actor_id, subject_id from audit where action='account.sessions.end'")
    )
    assert [tuple(row) for row in trail] == [(account.id, str(account.id))]


def test_all_others_are_ended_at_once(world: World, here: Any, account: Any) -> None:
    mine, others = world.browser(account), [world.browser(account) for _ in range(2)]
    assert "别的设备全部退出" in mine.get(PAGE).text
    assert mine.post(f"{PAGE}/end-others").location == PAGE
    assert "别的2台设备已退出" in mine.get(PAGE).text
    assert [one.get(PAGE).status_code for one in [mine, *others]] == [200, 303, 303]
    mine.post(f"{PAGE}/end-others")
    assert "没有别的设备登录着" in mine.get(PAGE).text


def test_nobody_ends_or_sees_somebody_elses_session(world: World, here: Any, account: Any) -> None:
    stranger = world.account(world.member(world.organization(here)))
    mine, theirs = world.browser(account), world.browser(stranger)
    own, foreign = open_ids(account)[0], open_ids(stranger)[0]
    answers = [mine.post(f"{PAGE}/{foreign}/end"), mine.post(f"{PAGE}/{foreign + 7}/end")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len(answers[0].data) == len(answers[1].data)
    assert f"session-{foreign}" not in mine.get(PAGE).text and f"session-{own}" in mine.get(PAGE).text
    mine.post(f"{PAGE}/end-others")
    assert theirs.get(PAGE).status_code == 200
    assert mine.post(f"{PAGE}/{foreign}/end", csrf=False).status_code == 400


def test_a_session_too_long_idle_is_not_listed(world: World, here: Any, account: Any) -> None:
    old = world.browser(account)
    listed = open_ids(account)[0]
    with clock.moved(timedelta(minutes=31)):
        mine = world.browser(account)
        assert f"session-{listed}" not in mine.get(PAGE).text
        assert old.get(PAGE).location.startswith("/login")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("", ""),
        ("nonsense", ""),
        ("127.0.0.1", "local"),
        ("10.1.2.3", "local"),
        ("8.8.4.4", "8.8"),
        ("2001:4860:1:2::3", "2001:4860::"),
    ],
)
def test_an_address_is_kept_by_its_beginning_only(address: str, kept: str) -> None:
    assert whereabouts.place(address) == kept


def test_a_line_kept_before_is_still_said_in_words() -> None:
    line = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    assert whereabouts.device_words(line) == "Windows电脑"
    assert whereabouts.device_words("") == "认不出的设备"
