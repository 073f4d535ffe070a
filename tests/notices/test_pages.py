"""The outbox exists in the demo only; a person reads and marks their own notices."""

from __future__ import annotations

from flask import Flask

from portal import clock, notices
from portal.app import create_app
from portal.database import session, transaction
from portal.jobs import run_due
from portal.notices import Template
from portal.testing import World, settings

WAITS = notices.declare(
    Template(key="t.pages", title="您有一条新消息", body="请登录查看", inside="%(months)s的党费可以交了")
)


def test_outbox_shows_what_would_have_been_sent(app: Flask, world: World) -> None:
    here = world.district()
    account = world.account(world.member(world.organization(here)), phone="10012340000")
    with clock.frozen(clock.now().replace(hour=4)):
        with transaction():
            notices.notify("t.pages", account_id=account.id, district_id=here.id, params={"months": "6月"})
        run_due()
    browser = world.browser()
    assert browser.get("/demo/outbox?phone=10012340000&format=json").json == [
        {"phone": "10012340000", "title": "您有一条新消息", "body": "请登录查看", "url": ""}
    ]
    assert "请登录查看" in browser.get("/demo/outbox").text


def test_outbox_is_not_there_outside_of_the_demo(data_dir: object) -> None:
    app = create_app(settings(data_dir, demo=False))  # type: ignore[arg-type]
    with app.app_context():
        assert app.test_client().get("/demo/outbox").status_code == 404
        session.remove()


def test_my_notices_are_mine(app: Flask, world: World) -> None:
    here = world.district()
    organization = world.organization(here)
    mine, other = (world.account(world.member(organization)) for _ in range(2))
    with transaction():
        first = notices.notify("t.pages", account_id=mine.id, district_id=here.id, params={"months": "6月"})
    browser, stranger = world.browser(mine), world.browser(other)
    path = f"/d/{here.code}/me/notices"
    assert "6月的党费可以交了" in browser.get(path).text
    assert "6月" not in stranger.get(path).text
    assert stranger.post(path, data={"id": first}).status_code == 303
    assert notices.unread_count(mine.id) == 1
    session.rollback()
    assert browser.post(path, data={"id": [first, "x"]}).status_code == 303
    assert notices.unread_count(mine.id) == 0
    assert "未读" not in browser.get(path).text
