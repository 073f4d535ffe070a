"""An offer of the waiting list, on the pages: taken, declined, run out."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings import words
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsOccurrence, BookingsWish
from plugins.bookings.service import changing, waiting
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.pages import Somebody, button, said, somebody
from plugins.bookings.tests.test_pages_mine import book, times
from plugins.bookings.verdicts import Refused
from portal.api import session


@pytest.fixture
def me(inside: Center) -> Somebody:
    return somebody(inside, inside.world.member(inside.world.organization(inside.district)))


def line_up(me: Somebody, other: Somebody) -> str:
    """Let somebody else have a time and me wait for it; return the uid of my place in line."""
    me.center.setting("waiting_list", True)
    book(other, span(5, 9, 10))
    with me.center.inside():
        wanted = me.center.wanted(span(5, 9, 10), asker=Asker(account_id=me.id))
        return str(waiting.join(wanted, by=me.id).uid)


def test_an_offer_is_shown_everywhere_and_taken(me: Somebody):
    other = somebody(me.center)
    uid = line_up(me, other)
    assert "您排在第一位。" in said(me.get(f"wishes/{uid}"))
    assert other.get(f"wishes/{uid}").status_code == 404
    theirs = times(me)[0]
    with me.center.inside():
        row = session.get_one(BookingsOccurrence, theirs.id)
        changing.cancel([row], versions={row.id: row.version}, reason="不来了", by=other.id, staff=False)
    home = said(me.client.get(f"/d/{me.center.district.code}/"))
    assert "候补的培训室有了，留到2026年3月2日 星期一 今天 12:00（还有2小时）" in home
    with me.center.inside():
        assert words.dated("2026-03-03 00:00") == "2026年3月2日 星期一 今天晚上12点"
    told = said(me.client.get(f"/d/{me.center.district.code}/me/notices"))
    assert "（2026年3月5日 星期四 09:00—10:00）有了，给您留到2026年3月2日 星期一 12:00。" in told
    page = me.get(f"wishes/{uid}")
    assert "给您留到2026年3月2日 星期一 今天 12:00（还有2小时）" in said(page)
    with me.center.inside():
        me.center.setting("quota_minutes", 30)
    over = me.press(page, "要，约下")
    assert over.status_code == 422
    assert "每人每周最多约30分钟" in said(over) and "请先取消这一周的另一个预约" in said(over)
    with me.center.inside():
        me.center.setting("quota_minutes", 0)
    done = me.press(over, "要，约下")
    assert done.status_code == 303
    assert "约好了" in said(me.client.get(done.location))
    assert me.press(over, "要，约下").location == done.location
    assert me.press(page, "要，约下", _once="another-key").status_code == 409
    assert "看这个预约" in said(me.get(f"wishes/{uid}"))
    me.center.owns_its_slots()


def test_an_offer_declined_goes_to_the_next(me: Somebody):
    other, third = somebody(me.center), somebody(me.center)
    uid = line_up(me, other)
    with me.center.inside():
        wanted = me.center.wanted(span(5, 9, 10), asker=Asker(account_id=third.id))
        next_uid = str(waiting.join(wanted, by=third.id).uid)
    assert "前面还有1位。" in said(third.get(f"wishes/{next_uid}"))
    theirs = times(me)[0]
    with me.center.inside():
        row = session.get_one(BookingsOccurrence, theirs.id)
        changing.cancel([row], versions={row.id: row.version}, reason="不来了", by=other.id, staff=False)
    stale = third.get(f"wishes/{next_uid}")
    assert me.press(me.get(f"wishes/{uid}"), "不要了，让给下一位").status_code == 303
    assert "给您留到" in said(third.get(f"wishes/{next_uid}"))
    answer = third.press(stale, "不排了")
    assert answer.status_code == 409 and "刚才这里变了" in said(answer)
    me.center.owns_its_slots()


def test_an_offer_that_ran_out_cannot_be_taken(me: Somebody):
    other = somebody(me.center)
    uid = line_up(me, other)
    with me.center.inside():
        row = session.get_one(BookingsOccurrence, times(me)[0].id)
        changing.cancel([row], versions={row.id: row.version}, reason="不来了", by=other.id, staff=False)
    page = me.get(f"wishes/{uid}")
    action, fields = button(page, "要，约下")
    with me.on(at(2, 13)):
        assert "留给您的时间过了" in said(me.get(f"wishes/{uid}"))
        session.remove()
        answer = me.client.post(action, data=fields)
        assert answer.status_code == 409 and "留给您的时间过了" in said(answer)
    with me.center.inside():
        assert session.scalars(select(BookingsWish.state)).all() == ["offered"]


@pytest.mark.parametrize(("values", "code"), [({"headcount": 31}, "seats"), ({"title": " "}, "title")])
def test_nobody_waits_for_what_they_could_not_have(me: Somebody, values: dict[str, Any], code: str):
    me.center.setting("waiting_list", True)
    book(somebody(me.center), span(5, 9, 10))
    with me.center.inside():
        wanted = me.center.wanted(span(5, 9, 10), asker=Asker(account_id=me.id), **values)
        with pytest.raises(Refused) as refused:
            waiting.join(wanted, by=me.id)
    assert [one.code for one in refused.value.refusals] == [code]
