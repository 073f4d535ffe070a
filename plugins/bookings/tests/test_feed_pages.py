"""The pages of calendar links: made, changed, ended; one booking as a file; a room that is busy."""

from __future__ import annotations

import re
from typing import Any

import pytest
import vobject
from sqlalchemy import select

from plugins.bookings.models import BookingsOccurrence
from plugins.bookings.service import closing, feeds
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.test_feeds import Owner, path, read
from portal.api import session


@pytest.fixture
def owner(center: Center) -> Owner:
    return Owner(center)


def test_the_page_makes_changes_and_ends_the_link(center: Center, client: Any) -> None:
    account = center.world.account()
    browser = center.world.browser(account)
    url = f"/d/{center.district.code}/bookings/calendar"
    assert "webcal://" not in browser.get(url).get_data(as_text=True)

    def press(act: str) -> str:
        reply = browser.post(f"{url}/{act}", data={"_once": f"{act}-once-key"})
        assert reply.status_code == 303
        return str(browser.get(url).get_data(as_text=True))

    def shown(page: str) -> str:
        return re.findall(r"/c/[0-9a-f]{32}\.ics", page)[0]

    page = press("make")
    assert "webcal://" in page and "<svg" in page
    first = shown(page)
    assert client.get(first).status_code == 200
    second = shown(press("anew"))
    assert second != first
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)
    assert "webcal://" not in press("end")
    assert client.get(second).status_code == 404


def test_one_booking_is_a_file_for_its_owner_alone(owner: Owner) -> None:
    made = owner.book(span(3, 9, 10))
    reply = owner.browser().get(owner.url(f"{made.uid}/calendar.ics"))
    assert reply.status_code == 200 and reply.mimetype == "text/calendar"
    [event] = vobject.readOne(reply.get_data(as_text=True)).vevent_list
    assert event.dtstart.value == at(3, 9)
    stranger = owner.center.world.browser(owner.center.world.account())
    assert stranger.get(owner.url(f"{made.uid}/calendar.ics")).status_code == 404
    assert owner.browser().get(owner.url(f"{'0' * 26}/calendar.ics")).status_code == 404


def test_a_room_s_calendar_says_busy_and_nothing_else(center: Center, client: Any) -> None:
    with center.inside():
        center.book(span(3, 9, 10), room="东厅", title="秘密的事")
        center.book(span(3, 10, 12), room="西厅", title="别的事")
        staff = center.staff()
        closing.close(
            center.venue,
            center.room("东厅"),
            span=span(5, 8, 12),
            reason="修灯",
            choices={},
            by=staff.account_id,
        )
        feed = feeds.make_for_room(center.room("大厅"), by=staff)
    found = read(client, path(feed)).vevent_list
    assert [(event.dtstart.value, event.dtend.value) for event in found] == [
        (at(3, 9), at(3, 12)),
        (at(5, 8), at(5, 12)),
    ]
    assert {event.summary.value for event in found} == {"已约"}
    text = client.get(path(feed)).get_data(as_text=True)
    assert not any(word in text for word in ("秘密", "别的事", "修灯"))
    with center.inside():
        uids = session.scalars(select(BookingsOccurrence.uid)).all()
    assert not any(uid in text for uid in uids)


def test_staff_make_and_end_a_room_s_link_within_their_reach(center: Center, client: Any) -> None:
    desk = center.world.browser(center.world.account(role="desk", district=center.district))
    url = f"/d/{center.district.code}/bookings/calendar/rooms"
    with center.inside():
        room = center.room()
    assert desk.post(f"{url}/make", data={"_once": "k" * 12, "room": ""}).status_code == 422
    assert desk.post(f"{url}/make", data={"_once": "l" * 12, "room": "0" * 26}).status_code == 404
    assert desk.post(f"{url}/make", data={"_once": "m" * 12, "room": room.uid}).status_code == 303
    page = desk.get(url).get_data(as_text=True)
    link = re.findall(r"/c/[0-9a-f]{32}\.ics", page)[0]
    assert client.get(link).status_code == 200
    resident = center.world.browser(center.world.account())
    assert resident.get(url).status_code == 404
    uid = re.findall(r'name="link" value="([0-9A-Z]{26})"', page)[0]
    branch = center.world.organization(center.district)
    secretary = center.world.browser(center.world.account(role="secretary", organization=branch))
    assert secretary.post(f"{url}/end", data={"_once": "n" * 12, "link": uid}).status_code == 404
    assert client.get(link).status_code == 200
    assert desk.post(f"{url}/end", data={"_once": "o" * 12, "link": uid}).status_code == 303
    assert client.get(link).status_code == 404
