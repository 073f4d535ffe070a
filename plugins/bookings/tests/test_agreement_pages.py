"""The pages of agreements: written, signed, printed, ended with a choice for every booking."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings.models import BookingsAgreement
from plugins.bookings.queries import agreements as queries
from plugins.bookings.service import agreeing, opening
from plugins.bookings.tests.conftest import Center, span
from plugins.bookings.tests.sharing import Shared
from portal.api import Actor, notices, session


@pytest.fixture
def shared(inside: Center) -> Shared:
    return Shared(inside)


def url(shared: Shared, rest: str = "") -> str:
    return f"/d/{shared.center.district.code}/bookings/agreements/{rest}"


def browser(shared: Shared, who: Actor) -> Any:
    session.commit()
    return shared.center.world.browser(shared.accounts[who.account_id or 0])


def typed(shared: Shared, **changed: Any) -> dict[str, Any]:
    return {
        "venue": shared.venue.uid,
        "party_b": "测试党群服务中心",
        "valid_from": "2026-03-03",
        "valid_to": "2026-12-31",
        "groups": ["organizations", "members"],
        "named": "",
        "kind-0": "work",
        "opens-0": "18:00",
        "closes-0": "21：00",
        "cost": "不收费",
        "_once": "a" * 20,
        **changed,
    }


def test_a_draft_is_written_signed_and_printed(shared: Shared):
    staff, owner = browser(shared, shared.b), browser(shared, shared.a)
    answer = staff.post(url(shared, "new"), data=typed(shared))
    assert answer.status_code == 303
    with shared.center.inside():
        row = session.scalars(select(BookingsAgreement)).one()
        assert row.hours == [{"kind": "work", "opens": 1080, "closes": 1260}]
        assert row.valid_to == date(2027, 1, 1)
        uid = row.uid
    assert staff.post(url(shared, f"{uid}/sign"), data={"version": 1, "_once": "b" * 20}).status_code == 403
    assert owner.post(url(shared, f"{uid}/sign"), data={"version": 1, "_once": "c" * 20}).status_code == 303
    assert owner.post(url(shared, f"{uid}/sign"), data={"version": 2, "_once": "d" * 20}).status_code == 403
    assert staff.post(url(shared, f"{uid}/sign"), data={"version": 1, "_once": "e" * 20}).status_code == 409
    assert staff.post(url(shared, f"{uid}/sign"), data={"version": 2, "_once": "f" * 20}).status_code == 303
    sheet = staff.get(url(shared, f"{uid}/print")).get_data(as_text=True)
    for words in ("甲厂党支部", "测试党群服务中心", "工作日 18:00—21:00", "2026年12月31日"):
        assert words in sheet


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"venue": ""}, "venue"),
        ({"valid_from": "31.12."}, "valid_from"),
        ({"valid_to": "2026-03-02"}, "valid_to"),
        ({"valid_to": "9999-12-31"}, "valid_to"),
        ({"groups": []}, "groups"),
        ({"groups": ["named"], "named": "没有的党支部"}, "named"),
        ({"opens-0": "25:00"}, "opens-0"),
        ({"opens-0": "22:00"}, "opens-0"),
        ({"kind-0": ""}, "opens-0"),
        ({"party_b": ""}, "party_b"),
    ],
)
def test_a_bad_draft_says_what_to_mend_and_keeps_what_was_typed(
    shared: Shared, changed: dict[str, Any], field: str
):
    answer = browser(shared, shared.b).post(url(shared, "new"), data=typed(shared, **changed))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'href="#{field}"' in page
    assert "不收费" in page
    with shared.center.inside():
        assert session.scalars(select(BookingsAgreement)).all() == []


def test_who_has_no_part_finds_no_agreement(shared: Shared):
    row = shared.agree()
    uid = row.uid
    stranger, owner = browser(shared, shared.stranger), browser(shared, shared.a)
    assert [stranger.get(url(shared, rest)).status_code for rest in ("", uid, f"{uid}/print")] == [
        200,
        404,
        404,
    ]
    assert "甲厂礼堂" not in stranger.get(url(shared)).get_data(as_text=True)
    assert "甲厂礼堂" in owner.get(url(shared)).get_data(as_text=True)
    assert stranger.post(url(shared, f"{uid}/end"), data={"version": 1, "_once": "a" * 20}).status_code == 404
    assert stranger.post(url(shared, "new"), data=typed(shared)).status_code == 404
    member = shared.center.world.browser(shared.center.world.account())
    assert [member.get(url(shared, rest)).status_code for rest in ("", uid, "new")] == [404, 404, 404]


def test_a_secretary_of_party_b_finds_and_signs_it(shared: Shared):
    row = shared.draft(party_b_id=shared.other.id, party_b_name="乙厂党支部")
    agreeing.sign(row, version=row.version, by=shared.a)
    page = browser(shared, shared.stranger).get(url(shared)).get_data(as_text=True)
    assert "甲厂礼堂" in page
    with shared.center.inside():
        assert agreeing.sign(row, version=row.version, by=shared.stranger) == "active"


def test_the_district_signs_for_an_organization_only_by_saying_so(shared: Shared):
    row = shared.draft(party_b_id=shared.other.id, party_b_name="乙厂党支部", by=shared.a)
    agreeing.sign(row, version=row.version, by=shared.a)
    assert [
        queries.to_sign(one.reach("bookings.manage")) for one in (shared.a, shared.b, shared.stranger)
    ] == [
        {},
        {},
        {"signed_a": 1},
    ]
    desk = browser(shared, shared.actor("desk"))
    assert "代签" not in desk.get(url(shared, row.uid)).get_data(as_text=True)
    sent = {"version": row.version, "stands_in": "1"}
    assert desk.post(url(shared, f"{row.uid}/sign"), data={**sent, "_once": "a" * 20}).status_code == 403
    admin = browser(shared, shared.b)
    assert "受乙方委托代签" in admin.get(url(shared, row.uid)).get_data(as_text=True)
    silent = admin.post(url(shared, f"{row.uid}/sign"), data={"version": row.version, "_once": "b" * 20})
    assert silent.status_code == 422 and 'href="#stands_in"' in silent.get_data(as_text=True)
    assert admin.post(url(shared, f"{row.uid}/sign"), data={**sent, "_once": "c" * 20}).status_code == 303
    page = browser(shared, shared.stranger).get(url(shared, row.uid)).get_data(as_text=True)
    assert "（区里受委托代签）" in page and "受乙方委托代签，生效" in page
    with shared.center.inside():
        assert notices.inbox(shared.stranger.account_id or 0, limit=1)[0].text.startswith(
            "甲厂礼堂的共享协议两方都签好了"
        )


def test_a_rooms_page_says_what_the_agreement_and_the_holidays_make_of_a_day(shared: Shared):
    member = shared.center.world.browser(shared.accounts[shared.stranger.account_id or 0])
    room = f"/d/{shared.center.district.code}/bookings/rooms/{shared.room().uid}"

    def page(day: str) -> str:
        session.commit()
        return str(member.get(f"{room}?day={day}").get_data(as_text=True))

    assert "现在没有生效的协议" in page("2026-03-10") and f"{room}/ask" not in page("2026-03-10")
    shared.agree(groups=["organizations"])
    assert "协议" not in page("2026-03-10") and f"{room}/ask" in page("2026-03-10")
    assert "这一天清明节放假，这些时间照样开放。" in page("2026-04-06")
    assert "为劳动节调休上班，按工作日开放。" in page("2026-05-09")
    opening.set_date(
        shared.venue, None, version=shared.venue.version, day=date(2026, 4, 6), windows=(), by=shared.a
    )
    assert "清明节放假，这一天不开放。" in page("2026-04-06")


def test_party_b_decides_about_bookings_without_reading_whose_they_are(shared: Shared):
    row = shared.draft(party_b_id=shared.other.id, party_b_name="乙厂党支部")
    agreeing.sign(row, version=row.version, by=shared.a)
    agreeing.sign(row, version=row.version, by=shared.stranger)
    shared.book(span(20, 9, 10), title="合唱排练")
    pages = [
        browser(shared, who).get(url(shared, f"{row.uid}/suspend")).get_data(as_text=True)
        for who in (shared.a, shared.stranger)
    ]
    assert ["合唱排练" in page for page in pages] == ["王测" in page for page in pages] == [True, False]
    assert "2026年3月20日 09:00—10:00" in pages[1] and "已约" in pages[1]


def test_ending_shows_the_bookings_first_and_does_nothing_before_each_has_a_choice(shared: Shared):
    row = shared.agree()
    booked = shared.book(span(20, 9, 10), title="合唱排练")
    (time,) = shared.center.times(booked)
    uid, version, time_id = row.uid, row.version, time.id
    staff = browser(shared, shared.b)
    page = staff.get(url(shared, f"{uid}/end")).get_data(as_text=True)
    assert "合唱排练" in page
    data = {"version": version, "on": "2026-03-15", "reason": "厂里要用", "_once": "b" * 20}
    answer = staff.post(url(shared, f"{uid}/end"), data=data)
    assert answer.status_code == 409
    assert f"choice-{time_id}" in answer.get_data(as_text=True)
    never = {**data, "on": "9999-12-31", "_once": "e" * 20}
    assert staff.post(url(shared, f"{uid}/end"), data=never).status_code == 422
    data |= {f"choice-{time_id}": "dance", "_once": "c" * 20}
    assert staff.post(url(shared, f"{uid}/end"), data=data).status_code == 422
    data |= {f"choice-{time_id}": "cancel", "_once": "d" * 20}
    assert staff.post(url(shared, f"{uid}/end"), data=data).status_code == 303
    with shared.center.inside():
        assert [one.state for one in shared.center.times(booked)] == ["cancelled"]


def test_the_register_is_narrowed_and_searched(shared: Shared):
    shared.agree(valid_to=date(2026, 3, 20))
    shared.draft()
    staff = browser(shared, shared.b)

    def found(query: str) -> int:
        return staff.get(url(shared, query)).get_data(as_text=True).count("甲厂党支部和")

    asked = ("", "?state=soon", "?state=draft", "?state=ended", "?q=礼堂", "?q=没有", "?state=zz")
    assert [found(query) for query in asked] == [2, 1, 1, 0, 2, 0, 2]
