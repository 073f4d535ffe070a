"""A time over midnight: asked for plainly, and the same two hours on every page, sheet and calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

import vobject

from plugins.bookings.models import BookingsVenue
from plugins.bookings.service import feeds, places
from plugins.bookings.tests.conftest import Center, at
from plugins.bookings.tests.pages import Somebody, labels, said, somebody
from plugins.bookings.tests.test_pages_ask import ask, bookings
from portal.api import clock, notices, session

SHOWN = "2026年3月3日 星期二 明天 23:00—2026年3月4日 01:00"


def open_at_night(center: Center) -> str:
    """Let a room be open from six in the evening until two in the morning; return its uid."""
    with center.inside():
        room = center.room()
        venue = session.get_one(BookingsVenue, room.venue_id)
        for kind in ("work", "off"):
            for opens, closes in ((1080, 1440), (0, 120)):
                places.add_hours(
                    venue, room.id, kind=kind, opens=opens, closes=closes, valid_from=date(2020, 1, 1)
                )
        session.commit()
        return room.uid


def night(me: Somebody, **changes: Any) -> Any:
    return ask(me, **{"from": "23:00", "to": "01:00", **changes})


def test_a_night_is_asked_for_in_one_press_and_shown_the_same_everywhere(inside: Center, client: Any):
    me = somebody(inside, inside.world.member(inside.world.organization(inside.district)))
    closed = night(me)
    assert closed.status_code == 422
    assert "当天开放08:00—22:00，第二天开放08:00—22:00" in said(closed) and "要用到第二天吗" not in said(
        closed
    )
    room = open_at_night(inside)
    for same in (night(me, to="23:00"), night(me, to="03:00")):
        assert same.status_code == 422 and "结束时间要晚于开始时间。" in said(same)
        assert SHOWN not in labels(same)
    asked = night(me, note="钥匙放哪")
    assert asked.status_code == 422 and "01:00在23:00前面" in said(asked) and bookings(me) == []
    checked = me.press(asked, SHOWN)
    assert checked.status_code == 200 and SHOWN in said(checked) and "钥匙放哪" in said(checked)
    # Back on the form the end is chosen as what it is.
    assert '<option value="25:00" selected>第二天01:00</option>' in me.press(checked, "返回修改").text
    done = me.press(checked, "约下")
    assert done.status_code == 303 and SHOWN in said(me.client.get(done.location))
    with inside.inside():
        (row,) = inside.times()
        assert (row.starts_at, row.ends_at) == (at(3, 23), at(4, 1))
        assert "2026年3月3日 星期二 23:00—2026年3月4日 星期三 01:00" in notices.inbox(me.id)[0].text
        feed = feeds.make_own(account_id=me.id)
    (event,) = vobject.readOne(client.get(f"/c/{feeds.token(feed.uid)}.ics").text).vevent_list
    assert (event.dtstart.value, event.dtend.value) == (at(3, 23), at(4, 1))
    assert me.get(f"{bookings(me)[0].uid}/times/{row.uid}/move").text.count('value="25:00" selected') == 1
    moved = me.press(
        me.get(f"{bookings(me)[0].uid}/times/{row.uid}/move"),
        "改到这个时间",
        **{"from": "22:00", "to": "00:30"},
    )
    assert moved.status_code == 422
    assert me.press(moved, "2026年3月3日 星期二 明天 22:00—2026年3月4日 00:30").status_code == 303
    # The search knows it too: the same question, as an address.
    found = me.get("", day="2026-03-05", **{"from": "23:00", "to": "01:00"})
    assert found.status_code == 422 and "to=25:00" in found.text.replace("%3A", ":")
    assert f"rooms/{room}/ask" in me.get("", day="2026-03-05", **{"from": "23:00", "to": "25:00"}).text
    inside.owns_its_slots()


def test_the_desk_takes_a_night_down_and_shows_it_on_both_days(inside: Center):
    room = open_at_night(inside)
    desk = somebody(inside, role="desk", district=inside.district)
    form = {"contact_name": "王测", "headcount": "5", "room": room, "day": "2026-03-03", "start": "23"}
    asked = desk.post("desk/counter", {**form, "_once": "night-counter-1", "end": "1点"})
    assert asked.status_code == 422 and labels(asked)[0] == f"培训室 {SHOWN}"
    assert desk.press(asked, f"培训室 {SHOWN}").status_code == 303
    uid = bookings(desk)[0].uid
    first, second = (desk.get("desk/day", on=f"2026-03-0{day}", venue="all").text for day in (3, 4))
    assert "<b>23:00起</b>" in first and "<b>到01:00</b>" in second
    week = desk.get("desk/week", **{"from": "2026-03-03", "room": room}).text
    assert "<b>23:00起</b>" in week and "<b>到01:00</b>" in week
    sheets = [said(desk.get("desk/print", on=f"2026-03-0{day}")) for day in (3, 4)]
    assert "23:00—24:00（接着用到第二天）" in sheets[0] and "00:00—01:00（前一天接着用）" in sheets[1]
    with inside.inside():
        (row,) = inside.times()
    form_again = desk.get(f"desk/{uid}/move", time=row.uid)
    assert 'value="第二天01:00"' in form_again.text
    assert desk.press(form_again, "改过去，告诉对方", day="2026-03-04").status_code == 303
    back = desk.press(desk.get(f"desk/{uid}/move", time=row.uid), "改过去，告诉对方", end="0:30")
    assert back.status_code == 422
    assert desk.press(back, "2026年3月4日 星期三 23:00—2026年3月5日 00:30").status_code == 303
    with inside.inside():
        (row,) = inside.times()
        ends = row.ends_at.astimezone(clock.SHANGHAI)
        assert (row.starts_at, ends) == (at(4, 23), at(5, 0, 30))
    inside.owns_its_slots()
