"""Staff move somebody's series: its owner's page and choices, and the owner is told."""

from __future__ import annotations

from datetime import timedelta

from plugins.bookings.judging import Asker
from plugins.bookings.tests.conftest import Center, at
from plugins.bookings.tests.pages import Somebody, labels, said, somebody
from plugins.bookings.tests.test_desk_rights import Street, key
from plugins.bookings.verdicts import Span
from portal.api import clock, notices, session


def weeks(number: int, hour: int = 9) -> list[Span]:
    starts = [at(3, hour) + timedelta(weeks=week) for week in range(number)]
    return [Span(start=start, end=start + timedelta(hours=1)) for start in starts]


def test_staff_move_what_is_left_of_a_series_and_its_owner_hears_of_it(inside: Center):
    owner = somebody(inside)
    desk = somebody(inside, role="desk", district=inside.district)
    asker = Asker(account_id=owner.id)
    made = inside.book(*weeks(4), rule="FREQ=WEEKLY;COUNT=4", asker=asker, by=owner.id)
    inside.book(weeks(4, 14)[2])
    uid = made.uid
    session.commit()
    with desk.on(at(4, 10)):
        page = desk.get(f"desk/{uid}")
        assert f"desk/{uid}/move-all" in page.text
        form = desk.get(f"desk/{uid}/move-all")
        assert "会改还没到的3次。" in said(form) and "改好会告诉对方" in said(form)
        preview = desk.press(form, "下一步：看每次行不行", **{"from": "14:00", "to": "15:00"})
        assert "有1次改不了" in said(preview) and said(preview).count("这个时间已经有人约了。") == 1
        assert labels(preview) == ["改能改的2次，其余1次不动", "全部有空才改", "返回修改"]
        assert desk.press(preview, "全部有空才改").status_code == 409
        done = desk.press(preview, "改能改的2次，其余1次不动")
        assert done.status_code == 303
        assert desk.press(preview, "全部有空才改").status_code == 409  # its versions are gone
    with inside.inside():
        found = [
            (row.starts_at.astimezone(clock.SHANGHAI).hour, row.state)
            for row in inside.times()
            if row.booking_id == made.id
        ]
        assert found == [(9, "approved"), (14, "approved"), (9, "approved"), (14, "approved")]
        told = notices.inbox(owner.id)[0]
        assert told.title == "场地预约改了时间" and "2026年3月10日 星期二 14:00—15:00起，一共2次" in told.text
    inside.owns_its_slots()


def test_a_move_to_a_taken_time_offers_others_and_one_press_takes_one(inside: Center):
    desk = somebody(inside, role="desk", district=inside.district)
    made = inside.book(*weeks(1))
    inside.book(*weeks(1, 14))
    uid, row = made.uid, inside.times(made)[0].uid
    session.commit()
    form = desk.get(f"desk/{uid}/move", time=row)
    clash = desk.press(form, "改过去，告诉对方", start="14:00", end="15:00")
    assert clash.status_code == 409 and "这个时间已经有人约了。" in said(clash)
    first, *others, _send = labels(clash)
    assert len(others) == 2
    assert desk.press(clash, first).status_code == 303
    with inside.inside():
        assert inside.times(made)[0].starts_at != at(3, 9)
    inside.owns_its_slots()


def test_only_staff_at_every_room_move_a_series(world: object, march: None):
    street = Street(world)
    account = street.accounts["resident"].id
    with street.inside():
        made = street.book(*weeks(3), rule="FREQ=WEEKLY;COUNT=3", asker=Asker(account_id=account), by=account)
        uid = made.uid
        session.commit()
    answers = {}
    for who in ("desk", "owner", "neighbour", "member", "resident"):
        browser = Somebody(street, street.accounts[who], street.browser(who))
        sent = browser.post(f"desk/{uid}/move-all", {"_once": key(), "version": "1"})
        answers[who] = (browser.get(f"desk/{uid}/move-all").status_code, sent.status_code)
    # 409: past the right, a form that names none of its times.
    assert answers == {
        "desk": (200, 409),
        "owner": (404, 404),
        "neighbour": (404, 404),
        "member": (404, 404),
        "resident": (404, 404),
    }
