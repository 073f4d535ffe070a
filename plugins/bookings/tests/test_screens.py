"""Displays in the hall and at a door: how each room stands now, and nobody's name (criterion 19)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from plugins.bookings.codes import drawn
from plugins.bookings.judging import Asker
from plugins.bookings.service import changing, closing, keeping, waiting
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.pages import said, somebody
from plugins.bookings.tests.test_nights import open_at_night
from plugins.bookings.verdicts import Span
from portal.api import clock, session
from portal.testing import queries

SECRETS = ("密谈甲乙", "岑联系", "看不见的支部", "7531")


def hall(center: Center) -> str:
    return f"/d/{center.district.code}/bookings/venues/{center.room().venue_uid}/screen"


def door(center: Center, name: str = "培训室") -> str:
    return f"/d/{center.district.code}/bookings/rooms/{center.room(name).uid}/screen"


def read(center: Center, path: str, when: datetime, **headers: str) -> Any:
    """Return what the display shows at an instant: it is logged in to nothing."""
    session.commit()
    session.remove()
    with clock.frozen(when):
        return center.world.browser().get(path, headers=headers)


def cards(answer: Any) -> dict[str, str]:
    """Return the words of each room's card."""
    found = {}
    for part in answer.text.split('<section class="screen-card')[1:]:
        name = part.split("<h2>")[1].split("<")[0].strip()
        found[name] = said(_Main(part.split("</section>")[0])).strip()
    return found


class _Main:
    def __init__(self, text: str) -> None:
        self.text = f"<main {text}</main>"

    def get_data(self, as_text: bool) -> str:
        return self.text


@pytest.mark.parametrize(
    ("hour", "minute", "words"),
    [
        (7, 59, "没开放 08:00开 今天接下来： 09:00—10:00 已约"),
        (8, 0, "空着 到09:00 今天接下来： 09:00—10:00 已约"),
        (8, 59, "空着 到09:00 今天接下来： 09:00—10:00 已约"),
        (9, 0, "已约 到10:00"),
        (9, 50, "已约 到10:00"),  # the slot that runs is somebody's to its end
        (10, 0, "空着 到22:00"),
        (22, 0, "没开放 明天 08:00开"),
    ],
)
def test_a_room_stands_as_the_minute_has_it(inside: Center, hour: int, minute: int, words: str):
    inside.book(span(3, 9, 10))
    shown = cards(read(inside, hall(inside), at(3, hour, minute)))
    assert list(shown) == ["培训室", "东厅", "西厅", "大厅"]
    assert shown["培训室"].partition("培训室 ")[2] == words


def test_a_hall_is_taken_with_its_part_and_a_closed_room_says_why(inside: Center):
    inside.book(span(3, 9, 12), room="东厅")
    shut = Span(start=at(3, 8), end=at(5, 12))
    closing.close(inside.venue, inside.room(), span=shut, reason="刷墙", choices={}, by=None)
    shown = cards(read(inside, hall(inside), at(3, 9, 30)))
    assert "已约 到12:00" in shown["东厅"] and "已约 到12:00" in shown["大厅"] and "空着" in shown["西厅"]
    assert "停用：刷墙 到3月5日 12:00" in shown["培训室"]
    alone = said(read(inside, door(inside), at(3, 9, 30)))
    assert "培训室" in alone and "停用：刷墙" in alone and "东厅" not in alone


def test_who_may_stay_in_a_closure_is_inside_and_a_later_one_is_no_booking(inside: Center):
    kept = inside.times(inside.book(span(3, 9, 11)))[0].id
    for room, hours in (("培训室", (8, 12)), ("东厅", (14, 16))):
        when, choices = span(3, *hours), {kept: "keep"} if room == "培训室" else {}
        closing.close(inside.venue, inside.room(room), span=when, reason="刷墙", choices=choices, by=None)
    shown = cards(read(inside, hall(inside), at(3, 9, 30)))
    assert "已约 到11:00" in shown["培训室"] and "停用：刷墙" not in shown["培训室"]
    assert shown["东厅"] == shown["大厅"].replace("大厅", "东厅") and "14:00—16:00 停用" in shown["东厅"]
    assert "停用：刷墙 到12:00" in cards(read(inside, hall(inside), at(3, 11, 30)))["培训室"]
    # The room's own page calls neither of them a booking.
    page = said(read(inside, door(inside, "东厅").removesuffix("/screen"), at(3, 9, 30)))
    assert "已约" not in page and "停用：刷墙" in page


def test_a_night_is_shown_to_its_end(inside: Center):
    open_at_night(inside)
    inside.book(Span(start=at(3, 23), end=at(4, 1)))
    assert "23:00—2026年3月4日 01:00 已约" in cards(read(inside, hall(inside), at(3, 20)))["培训室"]
    assert "已约 到明天 01:00" in cards(read(inside, hall(inside), at(3, 23, 30)))["培训室"]
    assert "已约 到01:00" in cards(read(inside, hall(inside), at(4, 0, 30)))["培训室"]


def test_what_is_asked_for_or_offered_is_taken_and_what_competes_is_free(inside: Center):
    inside.setting("approval", "ask")
    inside.setting("waiting_list", True)
    held = inside.world.account().id
    inside.book(span(3, 9, 10), asker=Asker(account_id=held), by=held)
    assert "已约 到10:00" in cards(read(inside, hall(inside), at(3, 9, 5)))["培训室"]
    inside.setting("approval", "auto")
    made = inside.book(span(3, 14, 15), room="东厅")
    wanted = inside.wanted(span(3, 14, 15), room="东厅", asker=Asker(account_id=held))
    waiting.join(wanted, by=held)
    (row,) = inside.times(made)
    changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=None, staff=True)
    assert "14:00—15:00" in cards(read(inside, hall(inside), at(3, 9, 5)))["东厅"]
    inside.setting("approval", "ask")
    inside.setting("pending", "compete")
    inside.book(span(3, 9, 10), room="西厅", asker=Asker(account_id=held), by=held)
    assert "空着" in cards(read(inside, hall(inside), at(3, 9, 5)))["西厅"]


def test_nobody_is_named_whoever_looks(inside: Center):
    branch = inside.world.organization(inside.district, name=SECRETS[2])
    owner = somebody(inside)
    asker = Asker(account_id=owner.id, organization_id=branch.id)
    contact = Contact(name=SECRETS[1], phone="10088887531")
    inside.book(span(3, 9, 10), title=SECRETS[0], contact=contact, asker=asker, by=owner.id)
    desk = somebody(inside, role="desk", district=inside.district)
    session.commit()
    with clock.frozen(at(3, 9, 5)):
        for path in (hall(inside), door(inside)):
            for client in (
                inside.world.browser(),
                *(inside.world.browser(who.account) for who in (owner, desk)),
            ):
                session.remove()
                page = client.get(path).text
                assert "已约" in page and not [word for word in SECRETS if word in page]


def test_its_code_leads_to_where_that_can_be_booked(inside: Center):
    here = f"{inside.world.app.config['PUBLIC_URL']}/d/{inside.district.code}/bookings/"
    for path, address in ((hall(inside), here), (door(inside), f"{here}rooms/{inside.room().uid}")):
        page = read(inside, path, at(3, 9)).text
        assert str(drawn(address)) in page
        assert inside.world.browser().get(address[address.index("/d/") :]).status_code == 200


def test_many_times_are_counted_and_not_listed(inside: Center):
    for hour in range(8, 22, 2):
        inside.book(span(3, hour, hour + 1))
    shown = cards(read(inside, hall(inside), at(3, 7)))["培训室"]
    assert shown.count("—") == 6 and "还有1段" in shown


def test_it_asks_again_and_is_loaded_anew_after_an_upgrade(inside: Center):
    path = hall(inside)
    page = read(inside, path, at(3, 9))
    assert 'hx-trigger="every 30s, online from:window"' in page.text
    assert '<meta http-equiv="refresh"' in page.text
    look = page.text.split('"look": "')[1].split('"')[0]
    same = read(inside, f"{path}?look={look}", at(3, 9, 1), **{"HX-Request": "true"})
    assert "<html" not in same.text and "09:01" in same.text and "HX-Refresh" not in same.headers
    old = read(inside, f"{path}?look=old", at(3, 9, 1), **{"HX-Request": "true"})
    assert old.headers["HX-Refresh"] == "true"


def test_what_is_out_of_use_has_no_display(inside: Center):
    room = inside.room("西厅")
    row = session.get_one(keeping.BookingsRoom, room.id)
    path, west = hall(inside), door(inside, "西厅")
    by = inside.staff("district_admin")
    keeping.change_room(row, version=row.version, active=False, by=by)
    assert read(inside, west, at(3, 9)).status_code == 404
    assert "西厅" not in cards(read(inside, path, at(3, 9)))
    assert read(inside, path[:-10] + "xx/screen", at(3, 9)).status_code == 404
    elsewhere = inside.world.district()
    there = path.replace(f"/d/{inside.district.code}/", f"/d/{elsewhere.code}/")
    assert read(inside, there, at(3, 9)).status_code == 404


def test_a_display_of_many_rooms_asks_no_more_questions(inside: Center):
    inside.book(span(3, 9, 10))
    path = hall(inside)
    few: list[str] = []
    for number in range(2):
        session.commit()
        session.remove()
        with clock.frozen(at(3, 9, 5)), queries() as asked:
            assert inside.world.browser().get(path).status_code == 200
        few.append(str(len(asked)))
        for extra in range(6):
            inside.add(f"小间{number}{extra}", "other", 5, 6)
    assert few[0] == few[1]
