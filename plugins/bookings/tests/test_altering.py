"""What a booking says is changed: people, equipment, whom to call; who prepares the room is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings import messages
from plugins.bookings.judging import Asker
from plugins.bookings.service import altering, changing, deciding
from plugins.bookings.service.altering import Said
from plugins.bookings.tests.conftest import Center, span
from plugins.bookings.tests.pages import Somebody, said, somebody
from plugins.bookings.verdicts import NotFree, Refused
from portal.api import Conflict, notices, session

SAID = Said(title="支部学习", headcount=10, note="", contact_name="王测")


def alter(booking: Any, *, by: int | None, staff: bool = False, **values: Any) -> list[str]:
    """Change what a booking says, as its owner or as staff."""
    asker = Asker(account_id=booking.account_id, staff=staff)
    try:
        return altering.alter(booking, replace(SAID, **values), version=booking.version, asker=asker, by=by)
    finally:
        session.rollback()


def told(account_id: int) -> list[str]:
    """Return what an account was told, the oldest first."""
    return [one.title for one in notices.inbox(account_id)[::-1]]


def test_pieces_follow_the_numbers_at_every_time_to_come(inside: Center):
    kind, other = inside.equipment("投影仪", 2), inside.equipment("话筒", 3)
    keeper = inside.world.account(role="desk", district=inside.district).id
    owner = inside.world.account().id
    made = inside.book(
        span(3, 9, 10), span(4, 9, 10), asker=Asker(account_id=owner), by=owner, needs={other: 1}
    )
    theirs = inside.book(span(4, 9, 10), room="东厅", needs={kind: 1})
    rows = [(row.version, row.sequence) for row in inside.times(made)]
    with pytest.raises(NotFree) as few:
        alter(made, by=owner, needs={kind: 2, other: 2})
    assert [[one.code for one in verdict.refusals] for verdict in few.value.verdicts] == [[], ["equipment"]]
    assert "投影仪不够了" in few.value.verdicts[1].refusals[0].text
    inside.pieces_are_had_once()
    assert [(row.version, row.sequence) for row in inside.times(made)] == rows and told(keeper) == []
    assert alter(made, by=owner, headcount=12, needs={kind: 1, other: 2}) == [
        "人数从10改成12",
        "要借的改成投影仪1件、话筒2件",
    ]
    inside.pieces_are_had_once()
    inside.owns_its_slots()
    # What moves the old pieces is stale; a calendar shows neither people nor pieces.
    assert [(row.version, row.sequence) for row in inside.times(made)] == [(v + 1, s) for v, s in rows]
    assert told(keeper) == ["场地准备有变化"] and told(owner) == ["场地约好了"]
    (notice,) = notices.inbox(keeper)
    assert "人数从10改成12；要借的改成投影仪1件、话筒2件。" in notice.text
    assert notice.url.endswith(f"/bookings/desk/{made.uid}")
    # Fewer are let go at once; nobody else's booking has noticed anything.
    assert alter(made, by=owner, headcount=12, needs={}) == ["不借设备了"]
    assert alter(theirs, by=keeper, staff=True, needs={kind: 2}) == ["要借的改成投影仪2件"]
    inside.pieces_are_had_once()
    with pytest.raises(Conflict):
        altering.alter(made, SAID, version=1, asker=Asker(), by=owner)


def test_a_piece_that_broke_is_asked_for_only_where_its_number_changes(inside: Center):
    from plugins.bookings.models import BookingsEquipmentUnit

    kind = inside.equipment("投影仪", 2)
    made = inside.book(span(3, 9, 10), needs={kind: 2})
    for piece in session.scalars(select(BookingsEquipmentUnit).limit(1)):
        piece.fault = "灯泡坏了"
    session.commit()
    assert alter(made, by=None, staff=True, headcount=12, needs={kind: 2}) == ["人数从10改成12"]
    assert alter(made, by=None, staff=True, headcount=12, needs={kind: 1}) == ["要借的改成投影仪1件"]
    inside.pieces_are_had_once()


def test_a_competing_request_has_no_pieces_until_it_is_approved(inside: Center):
    inside.setting("approval", "ask")
    inside.setting("pending", "compete")
    kind = inside.equipment("投影仪", 1)
    owner, keeper = (inside.world.account(role=role, district=inside.district).id for role in (None, "desk"))
    made = inside.book(span(3, 9, 10), asker=Asker(account_id=owner), by=owner)
    assert alter(made, by=owner, needs={kind: 1}) and told(keeper) == []
    inside.pieces_are_had_once()
    deciding.approve(made, version=made.version, by=keeper)
    inside.pieces_are_had_once()
    inside.owns_its_slots()


def test_people_and_number_change_within_the_limits_and_the_owner_is_told(inside: Center):
    owner = inside.world.account().id
    made = inside.book(span(3, 9, 10), asker=Asker(account_id=owner), by=owner)
    for headcount, staff, why, code in (
        (31, False, "", "seats"),
        (31, True, "", "seats"),
        (41, True, "加椅子", "fire"),
    ):
        with pytest.raises(Refused) as refused:
            alter(made, by=owner, staff=staff, headcount=headcount, over_reason=why)
        assert [one.code for one in refused.value.refusals] == [code]
    keeper = inside.world.account(role="desk", district=inside.district).id
    assert alter(made, by=keeper, staff=True, headcount=35, over_reason="加椅子", phone="13800000009")
    assert (made.headcount, made.over_reason, made.phone_tail) == (35, "加椅子", "0009")
    assert messages.phone_of(made) == "13800000009"
    assert told(owner) == ["场地约好了", "场地预约有改动"] and told(keeper) == []
    # Who was let in may come with fewer, and change a word, without asking again; more they may not.
    assert alter(made, by=owner, headcount=34, title="读书") and alter(
        made, by=owner, headcount=34, note="早到"
    )
    assert [row.sequence for row in inside.times(made)] == [1 + 1]
    with pytest.raises(Refused):
        alter(made, by=owner, headcount=36)
    assert alter(made, by=owner, headcount=10) and made.over_reason == ""
    rows = inside.times(made)
    changing.cancel(
        rows, versions={row.id: row.version for row in rows}, reason="不来了", by=owner, staff=False
    )
    with pytest.raises(Conflict):
        alter(made, by=owner, title="再改")


@pytest.fixture
def me(inside: Center) -> Somebody:
    return somebody(inside, inside.world.member(inside.world.organization(inside.district)))


def test_the_pages_change_it_for_oneself_and_at_the_desk(me: Somebody):
    center = me.center
    with center.inside():
        kind = center.equipment("投影仪", 1)
        uid = str(center.book(span(3, 9, 10), asker=Asker(account_id=me.id), by=me.id).uid)
        center.book(span(3, 9, 10), room="东厅", needs={kind: 1})
    page = me.get(f"{uid}/words")
    wrong = me.press(page, "保存", phone="12", **{f"need-{kind}": "两件"})
    assert wrong.status_code == 422
    assert (
        "要几件，请填数字。" in said(wrong) and "电话没看懂" in said(wrong) and 'value="两件"' in wrong.text
    )
    few = me.press(page, "保存", **{f"need-{kind}": "1"})
    assert few.status_code == 409 and "投影仪不够了，少要一些，或者换个时间。" in said(few)
    done = me.press(few, "保存", people="12人", phone="13800000009", **{f"need-{kind}": ""})
    assert done.status_code == 303
    assert "12人" in said(me.client.get(done.location)) and "人数从10改成12" in said(me.get(uid))
    assert "现在是尾号0009的电话" in said(me.get(f"{uid}/words"))
    desk = somebody(center, role="desk", district=center.district)
    page = desk.get(f"desk/{uid}/words")
    over = desk.press(page, "保存", people="33")
    assert over.status_code == 422 and "为什么坐得下" in said(over)
    done = desk.press(over, "保存", over_reason="加椅子")
    assert done.status_code == 303
    words = said(desk.client.get(done.location))
    assert "改好了，已经告诉约的人。" in words and "33人" in words and "加椅子" in words
    assert "13800000009" not in desk.get(f"desk/{uid}").text
    assert desk.press(page, "保存", people="20", _once="another-key").status_code == 409
    assert somebody(center).get(f"desk/{uid}/words").status_code in (403, 404)
    center.owns_its_slots()
