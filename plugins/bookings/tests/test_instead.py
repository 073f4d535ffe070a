"""Whose time is taken away finds others on the page the message leads to, and has one with two presses."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from plugins.bookings.judging import Asker
from plugins.bookings.messages_by_phone import WORDS
from plugins.bookings.models import BookingsAgreement, BookingsBooking, BookingsWish
from plugins.bookings.service import closing, deciding, visiting
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.pages import Somebody, labels, said, somebody
from plugins.bookings.tests.sharing import Shared
from plugins.bookings.verdicts import Span
from portal.api import notices, session
from portal.testing import queries


def of(center: Center, account: Any) -> Somebody:
    """Return somebody whose account is there already, logged in."""
    session.commit()
    return Somebody(center, account, center.world.browser(account))


def told(me: Somebody) -> Any:
    """Return the newest message of somebody, and open what it leads to."""
    with me.center.inside():
        newest = notices.inbox(me.id)[0]
        text, url = newest.text, newest.url
    assert text.endswith("点进来看还有哪些时间。")
    session.remove()
    return text, me.client.get(url)


def offered(page: Any) -> list[str]:
    """Return the free times that a page names, without their weekdays."""
    return [one for one in labels(page) if "月" in one and "—" in one]


def has_another(me: Somebody, page: Any, label: str) -> list[tuple[str, str, int]]:
    """Press a time and confirm it; return title, state and how many come of every time of this person."""
    check = me.press(page, label)
    assert check.status_code == 200 and "还没有约上" in said(check)
    done = me.press(check, next(one for one in ("约下", "交上去") if one in labels(check)))
    assert done.status_code == 303
    with me.center.inside():
        found = {row.id: row for row in session.scalars(select(BookingsBooking))}
        mine = [row for row in me.center.times() if found[row.booking_id].account_id == me.id]
        me.center.owns_its_slots()
        me.center.pieces_are_had_once()
        return [(found[row.booking_id].title, row.state, found[row.booking_id].headcount) for row in mine]


def test_a_closure_shows_each_displaced_the_times_it_promises(inside: Center):
    me, other = somebody(inside), somebody(inside)
    admin = somebody(inside, role="district_admin", district=inside.district)
    kind = inside.equipment("投影仪", 1)
    wish = {"asker": Asker(account_id=me.id), "by": me.id, "needs": {kind: 1}, "title": "读书会"}
    uid = inside.book(
        span(3, 9, 10), headcount=12, contact=Contact(name="王测", phone="10012340000"), **wish
    ).uid
    # The only projector is somebody else's at the next hour, and soon at the time that was lost.
    inside.book(span(3, 10, 11), room="东厅", needs={kind: 1})
    place = f"r.{inside.room().uid}"
    session.commit()
    asked = {"place": place, "from-day": "2026-03-03", "from": "8", "to-day": "2026-03-03", "to": "10"}
    preview = admin.get("desk/closures/new", **asked, reason="空调检修")
    assert "对方打开预约就能看到还有哪些时间" in said(preview)
    assert admin.press(preview, "停用，照选的办").status_code == 303
    with inside.inside():
        inside.book(span(3, 9, 10), room="西厅", needs={kind: 1})
        session.commit()
    text, page = told(me)
    assert text.startswith(
        "您约的测试党群服务中心 培训室（2026年3月3日 星期二 09:00—10:00）用不了了：空调检修"
    )
    assert offered(page) == [
        "2026年3月3日 星期二 明天 11:00—12:00，培训室",
        "2026年3月4日 星期三 09:00—10:00，培训室",
        "2026年3月5日 星期四 09:00—10:00，培训室",
    ]
    assert other.get(uid).status_code == 404
    assert offered(other.get("mine")) == []
    assert has_another(me, page, offered(page)[1]) == [
        ("读书会", "displaced", 12),
        ("读书会", "approved", 12),
    ]
    with inside.inside():
        made = session.scalars(select(BookingsBooking).order_by(BookingsBooking.id.desc())).first()
        assert made is not None and (made.needs, made.phone_tail) == ({str(kind): 1}, "0000")
    # What is past needs nothing instead.
    with me.on(at(3, 9)):
        assert "还有哪些时间" not in said(me.get(uid))


def test_who_gives_way_to_the_owner_finds_other_times(inside: Center):
    shared = Shared(inside)
    shared.agree()
    inside.setting("approval", "ask")
    me = of(inside, shared.accounts[shared.stranger.account_id or 0])
    owner = of(inside, shared.accounts[shared.a.account_id or 0])
    with inside.inside():
        asker = Asker(account_id=me.id, organization_id=shared.other.id, office=True)
        uid = shared.book(span(10, 9, 10), asker=asker, title="联合学习").uid
        hall, owns = shared.room().uid, shared.owner.id
        session.commit()
    form = {
        "day": "2026-03-10", "from": "09:00", "to": "11:00", "title": "职工大会", "people": "50",
        "contact_name": "甲测", "organization": str(owns), "act": "send", "_once": "owner-wants-it",
    }  # fmt: skip
    assert owner.post(f"rooms/{hall}/ask", form).status_code == 303
    text, page = told(me)
    assert "场地单位自己要用这个时间" in text and uid in page.request.path
    assert offered(page) == [
        "2026年3月10日 星期二 08:00—09:00，礼堂",
        "2026年3月10日 星期二 09:00—10:00，培训室（测试党群服务中心）",
        "2026年3月11日 星期三 09:00—10:00，礼堂",
    ]
    assert has_another(me, page, offered(page)[2]) == [
        ("联合学习", "displaced", 10),
        ("联合学习", "requested", 10),
    ]


@pytest.mark.parametrize("act", ["suspend", "end"])
def test_an_agreement_that_stops_leaves_times_elsewhere(inside: Center, act: str):
    shared = Shared(inside)
    agreement = shared.agree()
    me, owner = (of(inside, shared.accounts[one.account_id or 0]) for one in (shared.stranger, shared.a))
    with inside.inside():
        asker = Asker(account_id=me.id, organization_id=shared.other.id)
        shared.book(span(10, 9, 10), asker=asker, title="联合学习")
        agreement = session.get_one(BookingsAgreement, agreement.id)
        uid, version = agreement.uid, agreement.version
        session.commit()
    page = owner.get(f"agreements/{uid}/{act}")
    assert "告诉他还有哪些时间" in said(page)
    label = {"suspend": "暂停协议", "end": "结束协议"}[act]
    done = owner.press(page, label, reason="礼堂大修", version=str(version))
    assert done.status_code == 303
    _text, page = told(me)
    # Nothing of the hall: it is nobody's but the owner's now.
    assert offered(page) == [
        f"2026年3月10日 星期二 09:00—10:00，{room}（测试党群服务中心）" for room in ("培训室", "东厅", "西厅")
    ]
    assert has_another(me, page, offered(page)[0])[-1] == ("联合学习", "approved", 10)


def test_a_series_names_others_for_the_next_three_times_and_says_where_there_are_none(inside: Center):
    me = somebody(inside)
    weeks = [Span(start=at(3, 9) + timedelta(weeks=n), end=at(3, 10) + timedelta(weeks=n)) for n in range(8)]
    inside.setting("max_ahead_days", 10)
    uid = inside.book(
        *weeks, asker=Asker(account_id=me.id), by=me.id, rule="FREQ=WEEKLY;COUNT=8", headcount=70, room="大厅"
    ).uid
    rows = inside.times()
    counted, named = [], []
    for first, last in ((0, 4), (4, 7)):
        for row, when in zip(rows[first:last], weeks[first:last], strict=True):
            gone = {row.id: "displace"}
            closing.close(inside.venue, inside.room("大厅"), span=when, reason="检修", choices=gone, by=None)
        session.commit()
        me.get(uid)
        with queries() as seen:
            page = me.get(uid)
        counted.append(len(seen))
        named.append(offered(page))
    assert counted[0] == counted[1]
    words = said(page)
    # Two have other times; what lies behind the days one may book ahead says from when.
    assert len(named[0]) == 6 and named[0] == named[1]
    assert words.count("那一次 ") == 3
    assert "这么远的日子现在还约不了，2026年3月7日起可以约。" in words


def test_where_nothing_is_free_the_page_says_what_to_do(inside: Center):
    inside.venue.contact_phone = "0000-8801111"
    me = somebody(inside)
    made = inside.book(span(3, 9, 10), asker=Asker(account_id=me.id), by=me.id, headcount=70, room="大厅")
    touched = {inside.times(made)[0].id: "displace"}
    weeks = Span(start=at(3, 0), end=at(20, 0))
    closing.close(inside.venue, inside.room("大厅"), span=weeks, reason="检修", choices=touched, by=None)
    uid = made.uid
    session.commit()
    page = me.get(uid)
    assert offered(page) == [] and "看别的日子" in said(page)
    assert "相近的时间现在都约不了。请换一天看看，或者打0000-8801111请服务台帮您找。" in said(page)


def test_nothing_is_offered_that_this_person_could_not_have(inside: Center):
    """Not what is beyond the quota, nor the room that the desk let more into than it seats."""
    me = somebody(inside)
    inside.setting("quota_minutes", 60)
    asked = {"asker": Asker(account_id=me.id), "by": me.id, "room": "大厅"}
    booked = [inside.book(span(day, 9, 10), headcount=70, **asked) for day in (7, 10)]
    asked |= {"asker": Asker(account_id=me.id, staff=True), "over_reason": "加凳子"}
    booked.append(inside.book(span(17, 9, 10), headcount=90, **asked))
    for made, when in ((booked[0], Span(start=at(7, 0), end=at(9, 0))), (booked[2], span(17, 9, 10))):
        gone = {inside.times(made)[0].id: "displace"}
        closing.close(inside.venue, inside.room("大厅"), span=when, reason="检修", choices=gone, by=None)
    first, third = booked[0].uid, booked[2].uid
    session.commit()
    # The next week has its hour already.
    days = [one.split(" ")[0] for one in offered(me.get(first))]
    assert days == ["2026年3月16日", "2026年3月18日", "2026年3月19日"]
    assert offered(me.get(third)) == []


def test_who_has_no_account_is_called_to_the_telephone_and_the_desk_has_the_times(
    inside: Center, monkeypatch: pytest.MonkeyPatch
):
    sent: list[str] = []
    really = notices.send_to_phone

    def send(template: str, *, phone: str, params: dict[str, str], district_id: int) -> int:
        assert template.endswith("_called")
        sent.append(f"{phone} {WORDS[template.removeprefix('bookings.').removesuffix('_called')] % params}")
        return really(template, phone=phone, params=params, district_id=district_id)

    monkeypatch.setattr(notices, "send_to_phone", send)
    inside.venue.contact_phone = "0000-8801111"
    session.commit()
    desk = somebody(inside, role="district_admin", district=inside.district)
    made = inside.book(span(3, 9, 10), contact=Contact(name="李大爷", phone="10012345678"))
    touched = {inside.times(made)[0].id: "displace"}
    when = span(3, 8, 22)
    closed = closing.close(inside.venue, inside.room(), span=when, reason="检修", choices=touched, by=None)
    uid = made.uid
    session.commit()
    assert sent == [
        "10012345678 场地约好了：3-3 09:00。来不了，请联系服务台0000-8801111。",
        "10012345678 您约的3-3 09:00的场地用不了了。要另约，请联系服务台0000-8801111。",
    ]
    page = desk.get(f"desk/{uid}")
    assert "可以换成： 东厅 2026年3月3日 09:00—10:00" in said(page) and "desk/counter?resource=" in page.text
    # Opened again it is offered to them first, and had by calling: they have no page to take it on.
    with inside.inside():
        assert closing.lift(session.merge(closed), version=closed.version, by=None) == 1
        session.commit()
    assert sent[2] == (
        "10012345678 您候补的场地有了，给您留到3-2 12:00。要的话，请在这之前联系服务台0000-8801111。"
    )
    done = desk.press(desk.get(f"desk/{uid}"), "恢复给他")
    assert done.status_code == 303 and sent[3].endswith("又能用了，照原来的时间来就行。")
    with inside.inside():
        assert [row.state for row in inside.times()] == ["approved"]
        assert session.scalars(select(BookingsWish.state)).all() == ["withdrawn"]
        inside.owns_its_slots()


def test_a_visit_is_asked_for_again_as_a_visit(inside: Center):
    me = somebody(inside)
    made = visiting.ask(
        visiting.Group(name="莲湖小学"),
        span=span(10, 9, 11),
        headcount=20,
        contact=Contact(name="王老师", phone="10012345678"),
        asker=Asker(account_id=me.id),
        by=me.id,
    )
    (row,) = inside.times(made)
    room, when = inside.room(inside.room_name(row.room_id)), span(10, 8, 10)
    closing.close(inside.venue, room, span=when, reason="检修", choices={row.id: "displace"}, by=None)
    uid = made.uid
    session.commit()
    page = me.get(uid)
    assert offered(page) == []
    links = re.findall(r'href="([^"]+/visits/new\?[^"]+)"', page.text)
    assert len(links) == 3 and "莲湖" not in unquote(links[0])
    form = me.client.get(unescape(links[0])).text
    for name, value in (("begins", "10:00"), ("stops", "12:00"), ("headcount", "20"), ("day-day", "10")):
        assert re.search(rf'name="{name}"[^>]*value="{value}"', form), name


def test_a_request_answered_away_is_not_displaced(inside: Center):
    me = somebody(inside)
    inside.setting("approval", "ask")
    made = inside.book(span(3, 9, 10), asker=Asker(account_id=me.id), by=me.id)
    deciding.refuse(made, version=made.version, reason="要维修", by=somebody(inside).id)
    uid = made.uid
    session.commit()
    assert "还有哪些时间" not in said(me.get(uid))
