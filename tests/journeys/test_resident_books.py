"""Somebody new to the portal has a room within one sitting: number, code, notice, form. Needs bookings."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
import vobject
from flask import Flask
from sqlalchemy import select

from plugins.bookings import presence
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsBooking, BookingsOccurrence
from plugins.bookings.service import changing
from plugins.bookings.tests import conftest
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.pages import Somebody, fields_of, said
from plugins.bookings.tests.test_pages_ask import ask
from portal.api import Account, session
from portal.testing import World, token
from tests.identity.conftest import Visitor, code_for

#: The plugin's own fixtures, which are known in its folder only.
center, march = conftest.center, conftest.march
PHONE = "10088888888"


@pytest.fixture
def visitor(app: Flask, world: World) -> Visitor:
    return Visitor(app, world.browser())


def test_somebody_new_opens_an_account_with_a_code_and_books_a_room(center: Center, visitor: Visitor) -> None:
    here = f"/d/{center.district.code}"
    with center.inside():
        form = f"{here}/bookings/rooms/{center.room().uid}/ask"
    session.remove()
    assert "08:00—22:00 空着" in said(visitor.get(form.replace("/ask", "?day=2026-03-03")))
    asked = visitor.get(form)
    assert asked.status_code in (302, 303) and "login" in asked.location
    assert visitor.post(f"{here}/join", name="王阿姨", phone=PHONE, next=form).status_code == 303
    assert visitor.type_code(code_for(PHONE)).location == form
    # The notice about data comes before the first form, once.
    notice = f"{here}/me/notice"
    page = visitor.get(form)
    if page.status_code != 200:
        number = re.findall(r'name="notice" value="([^"]+)"', visitor.get(notice).text)[0]
        assert visitor.post(notice, next=form, notice=number).location == form
        page = visitor.get(form)
    typed: dict[str, Any] = {
        "day": "2026-03-03",
        "from": "09:00",
        "to": "10:00",
        "title": "太极拳",
        "people": "8",
        "contact_name": "王阿姨",
    }
    once = re.findall(r'name="_once" value="([^"]+)"', page.text)[0]
    checked = visitor.post(form, **typed, _once=once, act="check")
    assert checked.status_code == 200 and "还没有约上" in said(checked)
    head, inner = next(
        found
        for found in re.findall(r"<form\b([^>]*)>(.*?)</form>", checked.text, re.S)
        if "约下" in found[1]
    )
    action, fields = fields_of(head, inner)
    done = visitor.post(action, form, **{**fields, "act": "send"})
    assert done.status_code == 303
    assert "约好了" in said(visitor.get(done.location))
    with center.inside():
        booking = session.scalars(select(BookingsBooking)).one()
        assert booking.account_id == session.scalars(select(Account.id)).one()
        assert (booking.title, booking.phone_tail) == ("太极拳", PHONE[-4:])
        center.owns_its_slots()
        account = SimpleNamespace(id=booking.account_id)
    # From the same log-in all that a member does with a booking.
    me = Somebody(center, account, Hands(visitor.browser, form))
    books_a_series_over_a_clash(me)
    comes_from_the_waiting_list_to_a_booking(me)
    moves_shortens_and_calls_off_a_time(me)
    checks_in_with_the_code_of_the_door(me)
    has_a_calendar_link(me)
    with center.inside():
        center.owns_its_slots()


class Hands:
    """What ``Somebody`` does with a browser, in one that logged in by itself: each form has its token."""

    def __init__(self, browser: Any, page: str) -> None:
        self.get, self._post = browser.get, browser.post
        self._token = token(browser, page)

    def post(self, path: str, data: dict[str, Any]) -> Any:
        return self._post(path, data={**data, "csrf_token": self._token})


def times_of(me: Somebody, title: str) -> list[Any]:
    with me.center.inside():
        found = select(BookingsOccurrence).join(
            BookingsBooking, BookingsBooking.id == BookingsOccurrence.booking_id
        )
        found = found.where(BookingsBooking.title == title, BookingsBooking.account_id == me.id)
        found = found.order_by(BookingsOccurrence.id).execution_options(populate_existing=True)
        return list(session.scalars(found))


def books_a_series_over_a_clash(me: Somebody) -> None:
    with me.center.inside():
        me.center.book(span(10, 14, 15))
        session.commit()
    afternoon = {"from": "14:00", "to": "15:00", "title": "书法课"}
    checked = ask(me, **afternoon, every="week", ends="count", count="4", _once="resident-series-1")
    assert said(checked).count("这个时间已经有人约了。") == 1
    done = me.press(checked, "跳过这1次，约其余3次")
    assert done.status_code == 303 and "这天没约" in said(me.client.get(done.location))
    assert [(row.starts_at, row.state) for row in times_of(me, "书法课")] == [
        (at(3, 14), "approved"),
        (at(10, 14), "skipped"),
        (at(17, 14), "approved"),
        (at(24, 14), "approved"),
    ]


def comes_from_the_waiting_list_to_a_booking(me: Somebody) -> None:
    with me.center.inside():
        me.center.setting("waiting_list", True)
        other = me.center.world.account().id
        theirs = me.center.book(span(5, 9, 10), asker=Asker(account_id=other), by=other)
        session.commit()
    taken = ask(me, day="2026-03-05", title="合唱", _once="resident-wish-01")
    assert taken.status_code == 409
    waits = me.press(taken, "排候补")
    assert waits.status_code == 303 and "您排在第一位。" in said(me.client.get(waits.location))
    with me.center.inside():
        (row,) = me.center.times(theirs)
        changing.cancel([row], versions={row.id: row.version}, reason="不来了", by=other, staff=False)
        session.commit()
    offered = me.client.get(waits.location)
    assert "给您留到2026年3月2日 星期一 今天 12:00" in said(offered)
    done = me.press(offered, "要，约下")
    assert done.status_code == 303 and "约好了" in said(me.client.get(done.location))
    assert [(row.starts_at, row.state) for row in times_of(me, "合唱")] == [(at(5, 9), "approved")]


def moves_shortens_and_calls_off_a_time(me: Somebody) -> None:
    for day, first, last in ((4, "14:00", "16:00"), (4, "14:00", "14:30")):
        (row,) = times_of(me, "合唱")
        page = me.get(f"{uid_of(me, row)}/times/{row.uid}/move")
        done = me.press(page, "改到这个时间", **{"day-day": str(day), "from": first, "to": last})
        assert done.status_code == 303
        assert f"改好了：2026年3月4日 星期三 {first}—{last}。" in said(me.client.get(done.location))
    (row,) = times_of(me, "合唱")
    assert (row.starts_at, row.ends_at, row.state) == (at(4, 14), at(4, 14, 30), "approved")
    row = times_of(me, "书法课")[2]
    page = me.get(f"{uid_of(me, row)}/cancel", only=row.uid)
    done = me.press(page, "取消这1次", reason="那天有会")
    assert done.status_code == 303 and "取消了1次。" in said(me.client.get(done.location))
    states = [one.state for one in times_of(me, "书法课")]
    assert states == ["approved", "skipped", "cancelled", "approved"]


def checks_in_with_the_code_of_the_door(me: Somebody) -> None:
    soon = ask(
        me, day="2026-03-02", **{"from": "10:15", "to": "11:15"}, title="读报", _once="resident-soon-01"
    )
    assert me.press(soon, "约下").status_code == 303
    with me.center.inside():
        room = me.center.room().uid
    door = me.url(f"keep/arrive/{room}?door={presence.door(room)}")
    (inner,) = re.findall(
        r"<form\b[^>]*>((?:(?!</form>).)*我到了，签到.*?)</form>", me.client.get(door).text, re.S
    )
    # It is sent to where the code on the door has led.
    _action, fields = fields_of(f'action="{door}"', inner)
    assert me.client.post(door, {**fields, "act": "in"}).status_code == 303
    assert "10:00签到的" in said(me.client.get(door))
    assert [row.state for row in times_of(me, "读报")] == ["checked_in"]


def has_a_calendar_link(me: Somebody) -> None:
    assert me.press(me.get("calendar"), "做一个日历链接").status_code == 303
    link = re.findall(r"/c/[0-9a-f]{32}\.ics", me.get("calendar").text)[0]
    answer = me.center.world.browser().get(link)
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    events = vobject.readOne(answer.text).vevent_list
    assert sorted((one.dtstart.value, one.status.value) for one in events) == [
        (at(2, 10, 15), "CONFIRMED"),
        (at(3, 9), "CONFIRMED"),
        (at(3, 14), "CONFIRMED"),
        (at(4, 14), "CONFIRMED"),
        (at(17, 14), "CANCELLED"),
        (at(24, 14), "CONFIRMED"),
    ]


def uid_of(me: Somebody, row: Any) -> str:
    with me.center.inside():
        return session.get_one(BookingsBooking, row.booking_id).uid
