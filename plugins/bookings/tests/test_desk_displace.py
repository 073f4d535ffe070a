"""One time is taken away without a closure: with a reason and other times, and given back while free."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsWish
from plugins.bookings.service import closing, deciding, displacing
from plugins.bookings.tests.conftest import Center, span
from plugins.bookings.tests.pages import labels, said, somebody
from plugins.bookings.tests.test_desk_rights import Street, key
from plugins.bookings.verdicts import NotFree
from portal.api import claims, notices, session


def states(center: Center) -> list[tuple[str, str]]:
    """Return how the times and the places in line stand."""
    with center.inside():
        wishes = session.scalars(select(BookingsWish).order_by(BookingsWish.id))
        return [("time", row.state) for row in center.times()] + [("wish", one.state) for one in wishes]


def test_a_time_is_taken_with_a_reason_and_given_back_while_it_is_free(inside: Center):
    owner = somebody(inside)
    admin = somebody(inside, role="district_admin", district=inside.district)
    made = inside.book(span(3, 9, 10), asker=Asker(account_id=owner.id), by=owner.id)
    uid = made.uid
    (row,) = inside.times(made)
    session.commit()
    form = admin.get(f"desk/{uid}/displace", time=row.uid)
    assert f"desk/{uid}/displace" in admin.get(f"desk/{uid}").text
    refused = admin.press(form, "让出来，告诉对方", reason=" ")
    assert refused.status_code == 422 and "请写原因" in said(refused)
    done = admin.press(form, "让出来，告诉对方", reason="区里开紧急会")
    assert done.status_code == 303
    assert states(inside) == [("time", "displaced"), ("wish", "waiting")]
    with inside.inside():
        told = notices.inbox(owner.id)[0]
        assert told.text.startswith(
            "您约的测试党群服务中心 培训室（2026年3月3日 星期二 09:00—10:00）用不了了：区里开紧急会"
        )
        assert "这些时间还空着：" in told.text and told.text.count("2026年3月") >= 2
    inside.owns_its_slots()
    assert admin.press(form, "让出来，告诉对方", reason="又一次", _once=key()).status_code == 409
    shown = admin.client.get(done.location)
    assert "desk/counter?resource=" in shown.text and "恢复给他" in labels(shown)
    # Somebody else has it meanwhile: it is not given back, in words.
    with inside.inside():
        other = inside.book(span(3, 9, 10))
        session.commit()
    clash = admin.press(shown, "恢复给他")
    assert clash.status_code == 409 and "恢复不了：这个时间已经有人约了。" in said(clash)
    assert states(inside)[0] == ("time", "displaced")
    # The other one leaves: whoever was displaced is offered the time first, and it is not given back besides.
    cancel = admin.get(f"desk/{other.uid}/cancel")
    assert admin.press(cancel, "取消这个时间，告诉对方", reason="不开了").status_code == 303
    assert states(inside)[-1] == ("wish", "offered")
    assert admin.press(shown, "恢复给他", _once=key()).status_code == 409
    assert states(inside)[0] == ("time", "displaced")
    inside.owns_its_slots()


def test_what_was_taken_by_mistake_comes_back_as_it_was(inside: Center):
    inside.setting("approval", "ask")
    owner = somebody(inside)
    admin = somebody(inside, role="district_admin", district=inside.district)
    asker = Asker(account_id=owner.id)
    made = [inside.book(span(day, 9, 10), asker=asker, by=owner.id) for day in (4, 5)]
    deciding.approve(made[0], version=made[0].version, by=admin.id)
    both = [(one.uid, inside.times(one)[0].uid) for one in made]
    session.commit()
    for uid, time in both:
        taken = admin.press(admin.get(f"desk/{uid}/displace", time=time), "让出来，告诉对方", reason="记错了")
        assert admin.press(admin.client.get(taken.location), "恢复给他").status_code == 303
    assert sorted(states(inside)) == [
        ("time", "approved"),
        ("time", "requested"),
        ("wish", "withdrawn"),
        ("wish", "withdrawn"),
    ]
    with inside.inside():
        assert notices.inbox(owner.id)[0].title == "场地又能用了"
    inside.owns_its_slots()


def test_a_closure_around_a_time_that_was_kept_gets_its_slots(inside: Center):
    by = inside.world.account().id
    made = inside.book(span(3, 9, 10))
    (row,) = inside.times(made)
    choices = {row.id: "keep"}
    closure = closing.close(
        inside.venue, inside.room(), span=span(3, 8, 12), reason="检修", choices=choices, by=by
    )
    assert len(claims.held(claims.Holder("bookings.closure", closure.id))) == 12
    displacing.displace(row, version=row.version, reason="这一段也要修", by=by)
    assert len(claims.held(claims.Holder("bookings.closure", closure.id))) == 16
    with pytest.raises(NotFree):
        displacing.give_back(row, version=row.version, by=by)
    inside.owns_its_slots()


def test_only_whoever_keeps_the_room_takes_a_time_away(world: Any, march: None):
    street = Street(world)
    with street.inside():
        made = street.request(span(3, 9, 10), room="礼堂")
        uid, (row,) = made.uid, street.times(made)
        time = row.uid
    answers = {}
    for who in ("neighbour", "member", "resident", "owner", "desk"):
        browser = street.browser(who)
        url = f"{street.base}/{uid}/displace"
        sent = browser.post(url, data={"_once": key(), "version": "1", "time": time, "reason": "要用"})
        answers[who] = sent.status_code
    # The desk reaches every venue, and comes second here.
    assert answers == {"neighbour": 404, "member": 404, "resident": 404, "owner": 303, "desk": 409}
