"""Closing a room with a choice for every booking, and opening it again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsClosure, BookingsWish
from plugins.bookings.service import changing, closing
from plugins.bookings.tests.conftest import span
from plugins.bookings.tests.test_desk_rights import Street, key
from portal.api import session
from portal.testing import queries as counted

ASKED = {"from-day": "2026-03-03", "from": "8", "to-day": "2026-03-03", "to": "", "reason": "空调检修"}


@pytest.fixture
def street(world: Any, march: None) -> Street:
    return Street(world)


def place(street: Street, room: str = "培训室") -> str:
    with street.inside():
        return f"r.{street.room(room).uid}"


def hidden(said: str) -> dict[str, list[str]]:
    """Return the hidden fields of a preview, as a browser sends them."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', said):
        if name != "csrf_token":
            found.setdefault(name, []).append(value)
    return found


def six(street: Street) -> list[Any]:
    """Return six bookings of one day."""
    with street.inside():
        account = street.accounts["resident"].id
        made = [
            street.book(
                span(3, hour, hour + 1), asker=Asker(account_id=account), by=account, title=f"第{hour}件"
            )
            for hour in range(9, 15)
        ]
        session.commit()
        return [street.times(one)[0] for one in made]


def preview(street: Street, **values: str) -> Any:
    return street.browser("desk").get(
        f"{street.base}/closures/new", query_string={"place": place(street), **ASKED, **values}
    )


def test_the_preview_lists_every_booking_and_changes_nothing(street: Street):
    rows = six(street)
    said = preview(street).get_data(as_text=True)
    assert "有6个预约在里面" in said
    assert all(f"第{hour}件" in said for hour in range(9, 15))
    assert sorted(hidden(said)["shown"]) == sorted(f"{row.uid}.{row.version}" for row in rows)
    with street.inside():
        assert {row.state for row in street.times()} == {"approved"}
        assert session.scalars(select(BookingsClosure)).all() == []


def test_each_booking_gets_its_own_choice_and_the_rest_the_one_for_all(street: Street):
    rows = six(street)
    said = preview(street).get_data(as_text=True)
    sent = {
        **hidden(said),
        "every": "displace",
        f"choice-{rows[0].uid}": "keep",
        f"choice-{rows[1].uid}": "cancel",
    }
    answer = street.browser("desk").post(f"{street.base}/closures/new", data=sent)
    assert answer.status_code == 303
    with street.inside():
        assert [row.state for row in street.times()] == ["approved", "cancelled"] + ["displaced"] * 4
        assert {row.reason for row in street.times() if row.reason} == {"空调检修"}
        assert session.scalars(select(BookingsWish.ahead)).all() == [True] * 4
        street.owns_its_slots()


def test_what_changed_meanwhile_is_shown_anew_with_the_choices_kept(street: Street):
    rows = six(street)
    said = preview(street).get_data(as_text=True)
    with street.inside():
        by = street.accounts["resident"].id
        (last,) = [row for row in street.times() if row.uid == rows[5].uid]
        changing.cancel([last], versions={last.id: last.version}, reason="来不了", by=by, staff=False)
        session.commit()
    sent = {**hidden(said), "every": "cancel", f"choice-{rows[0].uid}": "keep"}
    answer = street.browser("desk").post(f"{street.base}/closures/new", data=sent)
    assert answer.status_code == 409
    said = answer.get_data(as_text=True)
    assert "刚才有预约变了，还没有停用" in said and "有5个预约在里面" in said
    assert re.search(rf'name="choice-{rows[0].uid}".*?value="keep" selected', said, re.S)
    assert re.search(r'name="every" value="cancel" checked', said)
    with street.inside():
        assert session.scalars(select(BookingsClosure)).all() == []
    again = {**hidden(said), "every": "cancel", f"choice-{rows[0].uid}": "keep"}
    assert street.browser("desk").post(f"{street.base}/closures/new", data=again).status_code == 303
    with street.inside():
        assert [row.state for row in street.times()] == ["approved"] + ["cancelled"] * 5
        street.owns_its_slots()


def test_lifting_names_who_is_offered_the_time_and_does_so(street: Street):
    rows = six(street)
    said = preview(street).get_data(as_text=True)
    browser = street.browser("desk")
    at = browser.post(f"{street.base}/closures/new", data={**hidden(said), "every": "displace"}).location
    with street.inside():
        # Somebody waits besides for what the first of them had, and stands behind them.
        assert len(rows) == 6
    address = f"{street.base.removesuffix('/desk')}/rooms/{place(street)[2:]}?day=2026-03-03"
    day = street.browser("member").get(address)
    # As the form says to whoever writes it: everybody reads why.
    form = browser.get(f"{street.base}/closures/new").get_data(as_text=True)
    assert "大家都会看到：房间的页面和门口的屏幕上会写。请别写人名和电话。" in form
    assert "原因大家都会看到" in said and "停用：空调检修" in day.get_data(as_text=True)
    shown = browser.get(at).get_data(as_text=True)
    assert "先把时间留给6家" in shown and shown.count("停用时让出来的") == 6
    lifted = browser.post(f"{at}/lift", data={"_once": key(), "version": 1})
    assert lifted.status_code == 303
    with street.inside():
        assert session.scalars(select(BookingsWish.state)).all() == ["offered"] * 6
        street.owns_its_slots()
    assert browser.post(f"{at}/lift", data={"_once": key(), "version": 1}).status_code == 409


def test_the_foretold_offers_are_those_made(street: Street):
    """A second closure keeps its slots, and of two who wait for one time only the first is named."""
    six(street)
    with street.inside():
        by = street.accounts["desk"].id
        there = {row.id: "displace" for row in street.times()}
        first = closing.close(
            street.venue, street.room(), span=span(3, 8, 22), reason="检修", choices=there, by=by
        )
        closing.close(street.venue, street.room(), span=span(3, 9, 11), reason="另一件事", choices={}, by=by)
        uid = first.uid
        session.commit()
    browser = street.browser("desk")
    shown = browser.get(f"{street.base}/closures/{uid}").get_data(as_text=True)
    assert "先把时间留给4家" in shown
    browser.post(f"{street.base}/closures/{uid}/lift", data={"_once": key(), "version": 1})
    with street.inside():
        states = session.scalars(select(BookingsWish.state).order_by(BookingsWish.starts_at)).all()
        assert states == ["waiting"] * 2 + ["offered"] * 4
        street.owns_its_slots()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"place": "r.none"}, "请选场馆或者房间"),
        ({"from-day": "下周"}, "日期看不懂"),
        ({"reason": " "}, "请写为什么停用，大家都会看到。"),
        ({"to-day": "2026-03-02", "to": "7"}, "结束时间要晚于开始时间"),
        ({"from-day": "2026-02-02", "to-day": "2026-02-03"}, "这个时间已经过了"),
    ],
)
def test_what_cannot_be_closed_says_why(street: Street, change: dict[str, str], words: str):
    answer = preview(street, **change)
    assert answer.status_code == 422 and words in answer.get_data(as_text=True)


def test_a_secretary_closes_the_own_venue_only(street: Street):
    browser = street.browser("owner")
    said = browser.get(f"{street.base}/closures/new").get_data(as_text=True)
    assert "礼堂" in said and "培训室" not in said
    refused = browser.get(f"{street.base}/closures/new", query_string={"place": place(street), **ASKED})
    assert refused.status_code == 422
    with street.inside():
        by = street.accounts["desk"].id
        made = closing.close(
            street.venue, street.room(), span=span(3, 8, 9), reason="检修", choices={}, by=by
        )
        uid = made.uid
        session.commit()
    assert browser.get(f"{street.base}/closures/{uid}").status_code == 404
    assert (
        browser.post(f"{street.base}/closures/{uid}/lift", data={"_once": key(), "version": 1}).status_code
        == 404
    )


def test_a_preview_costs_the_same_for_one_and_six_bookings(street: Street):
    browser = street.browser("desk")
    seen = []
    for more in (False, True):
        with street.inside():
            if more:
                six(street)
            else:
                street.book(span(3, 16, 17))
                session.commit()
        asked = {"place": place(street), **ASKED}
        browser.get(f"{street.base}/closures/new", query_string=asked)
        with counted() as statements:
            browser.get(f"{street.base}/closures/new", query_string=asked)
        seen.append(len(statements))
    assert seen == [11, 11]
