"""A member books a series over a clash, and comes from the waiting list to a booking, small and wide."""

from __future__ import annotations

import os
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from plugins.bookings.judging import Asker
from plugins.bookings.queries import places as reads
from plugins.bookings.service import asking, changing, places
from plugins.bookings.service.asking import Contact, Wanted
from plugins.bookings.typed import span_of
from portal import clock
from portal.api import settings
from portal.database import everything, session, transaction
from portal.identity.models import Account
from portal.testing import World
from tests.looks import held_against

pytestmark = pytest.mark.browser
WEEK = timedelta(days=7)


@pytest.fixture
def town(live: Any, world: World) -> Any:
    """A center with two rooms, a member, and a neighbour who has one hour of the coming weeks."""
    district = world.district()
    member = world.member(world.organization(district), name="赵明兰")
    account, other = world.account(member), world.account()
    from flask import g

    g.district = world.ref(district)
    with world.writing(district):
        open_all_day = [
            {"kind": kind, "opens": 480, "closes": 1320, "valid_from": date(2020, 1, 1)}
            for kind in ("work", "off")
        ]
        venue = places.make_venue(
            kind="center",
            name="测试党群服务中心",
            address="测试路1号",
            contact_phone="0000-8800000",
            key_how="一楼服务台领钥匙",
            hours=open_all_day,
            by=None,
        )
        room = places.make_room(
            venue,
            kind="training",
            name="培训室",
            capacity=30,
            floor="2楼",
            features=["projector", "wifi"],
            step_free=True,
            by=None,
        )
        places.make_room(venue, kind="reading", name="阅览室", capacity=12, by=None)
        places.make_equipment(venue, name="移动音响", pieces=2, by=None)
        settings.put(district.id, "bookings.approval", "auto", by=None)
        settings.put(district.id, "bookings.waiting_list", True, by=None)
        found = reads.room(id=room.id)
        assert found is not None
        day = clock.today() + timedelta(days=3)
        for week in (1, 2):
            asking.ask(
                Wanted(
                    room=found,
                    spans=[span_of(day + week * WEEK, 9 * 60, 10 * 60)],
                    title="别人的活动",
                    headcount=5,
                    contact=Contact(name="钱测"),
                    asker=Asker(account_id=other.id),
                ),
                by=other.id,
            )
        session.commit()
    yield SimpleNamespace(
        world=world,
        district=district,
        account=account,
        other_id=other.id,
        account_id=account.id,
        room=found,
        day=day,
        path=f"/d/{district.code}/bookings/",
    )
    g.pop("district", None)


def reads_large(town: Any) -> None:
    """Let the member have chosen elder mode: the account's choice stands above the cookie's."""
    with everything(), transaction():
        session.get_one(Account, town.account_id).elder = True
    session.remove()


def look(page: Any, name: str, *, script: bool, elder: bool = False) -> None:
    """Measure a page; where a folder is named, keep a picture of it too."""
    folder = os.environ.get("BOOKINGS_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    # Measuring needs script in the page itself.
    if script:
        assert held_against(page, elder=elder) == []


@pytest.mark.parametrize(
    ("width", "script", "elder"),
    [(375, True, False), (375, False, False), (375, True, True), (1366, True, False)],
)
def test_a_member_books_a_series_over_a_clash(visit: Any, town: Any, width: int, script: bool, elder: bool):
    name = f"{width}{'' if script else '-plain'}{'-elder' if elder else ''}"
    if elder:
        reads_large(town)
    page = visit(town.path, account=town.account, width=width, elder=elder, java_script_enabled=script)
    look(page, f"find-{name}", script=script, elder=elder)
    page.get_by_role("link", name="明天").click()
    page.get_by_text("空着").first.wait_for()
    look(page, f"find-day-{name}", script=script, elder=elder)
    page.get_by_role("link", name="培训室").first.click()
    page.get_by_role("heading", name="培训室").wait_for()
    look(page, f"room-{name}", script=script, elder=elder)
    page.goto(page.url.split("/bookings/")[0] + f"/bookings/rooms/{town.room.uid}/ask")
    for part, value in zip(("year", "month", "day"), town.day.timetuple()[:3], strict=True):
        page.fill(f'[name="day-{part}"]', str(value))
    page.select_option('[name="from"]', "09:00")
    page.select_option('[name="to"]', "10:00")
    page.get_by_label("做什么用").fill("支部学习")
    page.get_by_label("来多少人").fill("２０")
    page.get_by_text("要约好几次").click()
    page.get_by_text("按周", exact=True).click()
    page.get_by_label("一共几次").fill("4")
    look(page, f"ask-{name}", script=script, elder=elder)
    page.get_by_role("button", name="下一步：看一遍").click()
    page.get_by_role("heading", name="看一遍再交").wait_for()
    assert page.get_by_text("这个时间已经有人约了。").count() == 2
    assert "别人的活动" not in page.content()
    look(page, f"check-{name}", script=script, elder=elder)
    page.get_by_role("button", name="跳过这2次，约其余2次").click()
    page.get_by_role("heading", name="支部学习").wait_for()
    page.get_by_text("怎么进门：一楼服务台领钥匙").wait_for()
    look(page, f"booking-{name}", script=script, elder=elder)
    page.get_by_role("link", name="以后2次都取消").click()
    page.get_by_role("heading", name="会取消这2次").wait_for()
    look(page, f"cancel-{name}", script=script, elder=elder)
    page.get_by_label("为什么取消").fill("改到下个月")
    page.get_by_role("button", name="取消这2次").click()
    page.get_by_text("取消了2次。").first.wait_for()
    page.goto(page.url.rsplit("/", 1)[0] + "/mine?over=1")
    page.get_by_role("link", name="支部学习").wait_for()
    look(page, f"mine-{name}", script=script, elder=elder)


@pytest.mark.parametrize(("width", "script"), [(375, True), (375, False), (1366, True)])
def test_from_the_waiting_list_to_a_booking(visit: Any, town: Any, width: int, script: bool):
    name = f"{width}{'' if script else '-plain'}"
    day = town.day + WEEK
    query = f"?day={day}&from=09:00&to=10:00&people=8"
    path = f"{town.path}rooms/{town.room.uid}/ask{query}"
    page = visit(path, account=town.account, width=width, java_script_enabled=script)
    page.get_by_label("做什么用").fill("书法班")
    page.get_by_role("button", name="下一步：看一遍").click()
    page.get_by_role("heading", name="这个时间刚被订走").wait_for()
    look(page, f"taken-{name}", script=script)
    page.get_by_role("button", name="排候补").click()
    page.get_by_text("您排在第一位。").wait_for()
    look(page, f"wish-{name}", script=script)
    with town.world.writing(town.district):
        (row,) = [
            one
            for one in session.query(changing.BookingsOccurrence)
            if one.starts_at == span_of(day, 9 * 60, 10 * 60).start
        ]
        changing.cancel([row], versions={row.id: row.version}, reason="不来了", by=town.other_id, staff=False)
        session.commit()
    session.remove()
    page.goto(page.url.split("/bookings/")[0] + "/")
    look(page, f"home-{name}", script=script)
    page.get_by_role("link", name="候补的培训室有了").click()
    page.get_by_role("button", name="要，约下").wait_for()
    look(page, f"offer-{name}", script=script)
    page.get_by_role("button", name="要，约下").click()
    page.get_by_text("约好了").first.wait_for()
    page.get_by_role("heading", name="书法班").wait_for()
    page.get_by_role("link", name="改时间").click()
    page.get_by_role("heading", name="改时间").wait_for()
    look(page, f"move-{name}", script=script)
