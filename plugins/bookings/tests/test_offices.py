"""What was booked for an organization is seen and changed by whoever holds an office there now."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from plugins.bookings import presence
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsBooking, BookingsPoint, BookingsStep
from plugins.bookings.queries import mine
from plugins.bookings.queries.holders import hands_of
from plugins.bookings.service import changing, desk, feeds, waiting
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.pages import Somebody, said, somebody
from plugins.bookings.tests.test_keeping_pages import post
from plugins.bookings.tests.test_pages_ask import ask
from plugins.bookings.verdicts import Refused, Span
from portal.api import Grant, clock, everything, notices, session, transaction
from portal.testing import queries


class Branch:
    """A branch with two secretaries, an ordinary member, and the secretary of the next one."""

    def __init__(self, center: Center) -> None:
        self.center = center
        self.own = center.world.organization(center.district, name="同心支部")
        self.next = center.world.organization(center.district)
        self.first = self.of(self.own, role="secretary")
        self.second = self.of(self.own, role="secretary", name="周同事")
        self.member = self.of(self.own)
        self.neighbour = self.of(self.next, role="secretary")

    def of(self, organization: Any, *, role: str = "", name: str = "") -> Somebody:
        member = self.center.world.member(organization, name=name)
        return somebody(self.center, member, **({"role": role, "organization": organization} if role else {}))

    def book(self, *spans: Span, who: Somebody | None = None, **values: Any) -> str:
        """Book in the branch's name; return the booking's uid."""
        by = (who or self.first).id
        asker = Asker(account_id=by, is_member=True, organization_id=self.own.id, office=True)
        with self.center.inside():
            made = self.center.book(*spans, asker=asker, by=by, **values)
            session.commit()
            return str(made.uid)

    def ends(self, who: Somebody, on: date) -> None:
        """Let an office have ``on`` as its first day without it."""
        with everything(), transaction():
            session.execute(update(Grant).where(Grant.account_id == who.id).values(valid_to=on))


@pytest.fixture
def branch(center: Center) -> Branch:
    return Branch(center)


def weekly(number: int) -> list[Span]:
    return [
        Span(start=one.start + timedelta(weeks=week), end=one.end + timedelta(weeks=week))
        for one in [span(4, 9, 10)]
        for week in range(number)
    ]


def told(who: Somebody) -> list[str]:
    return [str(one.title) for one in notices.inbox(who.id, limit=9)]


def test_an_office_holder_changes_what_another_booked_and_nothing_once_the_office_ends(
    branch: Branch, client: Any
):
    center, a, b = branch.center, branch.first, branch.second
    uid = branch.book(*weekly(3), rule="FREQ=WEEKLY;COUNT=3", title="支部学习")
    with center.inside():
        feed = feeds.make_own(account_id=b.id)
        link = f"/c/{feeds.token(feed.uid)}.ics"
        times = [row.uid for row in center.times()]
        session.commit()
    before = len(told(a))
    assert "您" not in said(b.get(uid)).split("到哪一步了")[1]
    # Only under the organization's view, with who made it; A's own list is A's.
    assert "支部学习" not in said(b.get("mine"))
    listed = said(b.get("mine", of="office"))
    assert ("支部学习" in listed, "同心支部 · 赵*" in listed, "本单位的" in listed) == (True, True, True)
    again = ask(b, day="2026-03-04")
    assert again.status_code == 409 and "本单位的同志已经约了这个时间。" in said(again)
    assert "本单位" not in said(ask(branch.neighbour, day="2026-03-04"))
    assert "支部学习" in said(a.get("mine")) and "支部学习" in said(a.get("mine", of="office"))
    page = said(b.get(uid))
    assert "这是同心支部的预约。您改了或者取消了，会告诉约的人。" in page and "谁约的" in page
    assert "本单位的" in page and "谁约的" not in said(a.get(uid))

    moved = b.press(b.get(f"{uid}/times/{times[0]}/move"), "改到这个时间", **{"from": "14:00", "to": "15:00"})
    assert moved.status_code == 303
    renamed = b.press(b.get(f"{uid}/words"), "保存", title="支部大会")
    assert renamed.status_code == 303
    called_off = b.press(b.get(f"{uid}/cancel", only=times[1]), "取消这1次", reason="改期")
    assert called_off.status_code == 303
    assert told(a)[: len(told(a)) - before] == ["场地预约取消了", "场地预约有改动", "场地预约改了时间"]
    assert told(b) == []
    with center.inside():
        booking = session.scalars(select(BookingsBooking)).one()
        steps = session.execute(select(BookingsStep.action, BookingsStep.actor_id).order_by(BookingsStep.id))
        assert [tuple(one) for one in steps][1:] == [
            ("moved", b.id),
            ("renamed", b.id),
            ("cancelled", b.id),
        ]
        assert (booking.account_id, booking.made_by) == (a.id, a.id)
        assert [row.state for row in center.times()] == ["approved", "cancelled", "approved"]
        assert [row.starts_at for row in center.times()][0] == at(4, 14)
        center.owns_its_slots()
    assert client.get(link).get_data(as_text=True).count("SUMMARY:支部大会") == 3
    assert client.get(link).get_data(as_text=True).count("同心支部") == 0
    assert b.get(f"{uid}/calendar.ics").status_code == b.get(f"{uid}/move").status_code == 200

    assert "赵" in said(b.get(uid)) and "周**" in said(a.get(uid)).split("到哪一步了")[1]
    assert "周**" not in said(b.get(uid)) and "您" in said(b.get(uid)).split("到哪一步了")[1]

    # Who belongs to the branch without an office, and who has one elsewhere: as if it were not there.
    paths = ("", "/words", "/move", "/cancel", "/calendar.ics", f"/times/{times[0]}/move")
    for who in (branch.member, branch.neighbour):
        assert [who.get(uid + rest).status_code for rest in paths] == [404] * len(paths)
        assert "支部大会" not in said(who.get("mine", of="office"))
        with center.inside():
            assert mine.booking(uid, hands_of(who.id)) is None
    # The last day is the last: from midnight on there is nothing, on no page and in no link.
    branch.ends(b, date(2026, 3, 3))
    assert b.get(uid).status_code == 200
    with b.on(at(3, 0)):
        assert [b.get(uid + rest).status_code for rest in paths] == [404] * len(paths)
        assert b.post(f"{uid}/cancel", {"version": "1", "_once": "another-key"}).status_code == 404
        assert ("支部大会" in said(b.get("mine", of="office")), "本单位的" in said(b.get("mine"))) == (
            False,
            False,
        )
        assert "VEVENT" not in client.get(link).get_data(as_text=True)


def test_moving_a_colleague_s_request_approves_nothing_and_no_own_one_is_approved(branch: Branch):
    """An office holder who is staff of the room as well asks again by moving, as the one who asked would."""
    center = branch.center
    center.setting("approval", "ask")
    uid = branch.book(span(4, 9, 10))
    own = branch.book(span(5, 9, 10), who=branch.second)
    with everything(), transaction():
        session.add(
            Grant(
                district_id=center.district.id,
                account_id=branch.second.id,
                role="desk",
                valid_from=date(2020, 1, 1),
                granted_at=clock.now(),
            )
        )
    b = Somebody(center, branch.second.account, center.world.browser(branch.second.account))
    with center.inside():
        (row, _other) = center.times()
        time = row.uid
    page = b.get(f"{uid}/times/{time}/move")
    assert b.press(page, "改到这个时间", **{"from": "14:00", "to": "15:00"}).status_code == 303
    with center.inside():
        assert [one.state for one in center.times()] == ["requested", "requested"]
        actor = center.world.actor(branch.second.account, center.district)
        booking = session.scalars(select(BookingsBooking).where(BookingsBooking.uid == own)).one()
        with pytest.raises(Refused) as refused:
            desk.approve(actor, booking, version=booking.version)
        assert [one.code for one in refused.value.refusals] == ["own"]
        center.owns_its_slots()


def test_at_the_door_and_late_it_is_the_organization_s_and_the_points_are_who_booked(branch: Branch):
    center, a, b = branch.center, branch.first, branch.second
    center.setting("points", True)
    branch.book(span(3, 9, 11))
    uid = branch.book(span(3, 14, 15))
    with center.inside():
        row, room = center.times()[0], center.room()
        time, version = row.uid, row.version
    door = b.url(f"keep/arrive/{room.uid}?door={presence.door(room.uid)}")
    with clock.frozen(at(3, 8, 50)):
        member = center.world.browser(branch.member.account)
        assert post(member, door, time=time, version=version, act="in").status_code == 404
        browser = center.world.browser(b.account)
        assert post(browser, door, time=time, version=version, act="in").status_code == 303
    with b.on(at(3, 9)):
        late = b.press(b.get(f"{uid}/cancel"), "取消这1次", reason="不开了")
        assert late.status_code == 303
    with center.inside():
        assert [one.state for one in center.times()] == ["checked_in", "cancelled"]
        assert [(one.account_id, one.halves) for one in session.scalars(select(BookingsPoint))] == [(a.id, 1)]


def test_a_place_in_line_for_the_organization_is_left_by_a_colleague_and_its_owner_is_told(branch: Branch):
    center, a, b = branch.center, branch.first, branch.second
    center.setting("waiting_list", True)
    with center.inside():
        center.book(span(4, 9, 10))
        asker = Asker(account_id=a.id, is_member=True, organization_id=branch.own.id, office=True)
        wish = waiting.join(center.wanted(span(4, 9, 10), asker=asker), by=a.id)
        uid = wish.uid
        session.commit()
    assert branch.member.get(f"wishes/{uid}").status_code == 404
    assert branch.neighbour.get(f"wishes/{uid}").status_code == 404
    assert "培训室" in said(b.get("wishes"))
    assert b.press(b.get(f"wishes/{uid}"), "不排了").status_code == 303
    assert told(a)[0] == "候补退掉了" and told(b) == []


def test_what_is_offered_to_the_organization_is_taken_by_a_colleague_for_who_waits(branch: Branch):
    center, a, b = branch.center, branch.first, branch.second
    center.setting("waiting_list", True)
    with center.inside():
        there = center.book(span(4, 9, 10))
        asker = Asker(account_id=a.id, is_member=True, organization_id=branch.own.id, office=True)
        uid = waiting.join(center.wanted(span(4, 9, 10), asker=asker), by=a.id).uid
        rows = center.times(there)
        changing.cancel(
            rows, versions={row.id: row.version for row in rows}, reason="不用了", by=None, staff=True
        )
        session.commit()
    assert branch.neighbour.get(f"wishes/{uid}").status_code == 404
    taken = b.press(b.get(f"wishes/{uid}"), "要，约下")
    assert taken.status_code == 303
    with center.inside():
        made = session.scalars(select(BookingsBooking).order_by(BookingsBooking.id.desc())).first()
        assert made is not None and (made.account_id, made.organization_id) == (a.id, branch.own.id)
        assert [row.state for row in center.times(made)] == ["approved"]
        center.owns_its_slots()
    assert "场地约好了" in told(a)


def test_the_organization_s_list_costs_the_same_for_one_and_three(branch: Branch):
    counts = []
    for number in range(3):
        branch.book(span(3, 9 + number, 10 + number))
        branch.second.get("mine", of="office")
        with queries() as seen:
            branch.second.get("mine", of="office")
        counts.append(len(seen))
    assert counts[0] == counts[2]
