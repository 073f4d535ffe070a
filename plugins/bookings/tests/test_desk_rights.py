"""Who may do what at the desk: the same from the calendar and from the record (criterion 20)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import column, insert, table

from plugins.bookings import permissions
from plugins.bookings.judging import Asker
from plugins.bookings.queries.calendar import SHOWN
from plugins.bookings.service import desk, places
from plugins.bookings.tests.conftest import ALL_DAY, Center, span
from portal.api import session

PAGES = ("day", "week", "print", "counter", "requests", "closures", "list")
KEYS = iter(range(10**8, 10**9))


def key() -> str:
    """Return the key of a form."""
    return f"desk-form-{next(KEYS)}"


class Street(Center):
    """A center, a venue of a neighbouring organization with a hall, and everybody who may knock."""

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.owner = world.organization(self.district)
        self.other = world.organization(self.district)
        with self.inside():
            self.shared = places.make_venue(
                kind="shared",
                name="测试共享场馆",
                owner_id=self.owner.id,
                hours=[
                    {"kind": "work", **ALL_DAY, "valid_from": self.since},
                    {"kind": "off", **ALL_DAY, "valid_from": self.since},
                ],
                by=None,
            )
            self._rooms["礼堂"] = places.make_room(
                self.shared, kind="hall", name="礼堂", capacity=60, fire_limit=80, by=None
            ).id
            session.commit()
        self.accounts = {
            "desk": world.account(role="desk", district=self.district),
            "admin": world.account(role="district_admin", district=self.district),
            "owner": world.account(world.member(self.owner), role="secretary", organization=self.owner),
            "neighbour": world.account(world.member(self.other), role="secretary", organization=self.other),
            "member": world.account(world.member(self.owner)),
            "resident": world.account(),
        }
        self.base = f"/d/{self.district.code}/bookings/desk"

    @property
    def since(self) -> Any:
        from datetime import date

        return date(2020, 1, 1)

    def browser(self, who: str) -> Any:
        return self.world.browser(self.accounts[who])

    def request(self, *spans: Any, room: str = "礼堂", who: str = "resident", **values: Any) -> Any:
        """Let somebody ask for a room, so that it waits for an answer."""
        account = self.accounts[who].id
        made = self.book(
            *spans,
            room=room,
            asker=Asker(account_id=account, organization_id=self.owner.id),
            by=account,
            **values,
        )
        session.commit()
        return made


@pytest.fixture
def street(world: Any, march: None) -> Street:
    return Street(world)


@pytest.mark.parametrize(
    ("who", "status"),
    [("desk", 200), ("admin", 200), ("owner", 200), ("neighbour", 200), ("member", 404), ("resident", 404)],
)
def test_the_pages_open_for_staff_only(street: Street, who: str, status: int):
    browser = street.browser(who)
    # A secretary whose organization owns no venue has nothing to book at the counter and nothing to close.
    lacking = {"counter": 404} if who == "neighbour" else {}
    for page in PAGES:
        answer = browser.get(f"{street.base}/{page}")
        assert answer.status_code == lacking.get(page, status), page


def test_a_title_is_read_by_whose_venue_it_is_and_is_only_taken_for_others(street: Street):
    with street.inside():
        street.request(span(3, 9, 10), room="礼堂", title="密谈甲乙")
    venue = street.shared.uid
    for who, sees in (("desk", True), ("owner", True), ("neighbour", False)):
        for page in (f"day?on=2026-03-03&venue={venue}", f"week?from=2026-03-03&venue={venue}"):
            said = street.browser(who).get(f"{street.base}/{page}").get_data(as_text=True)
            assert ("密谈甲乙" in said) == sees, (who, page)
            assert ("已约" in said) == (not sees), (who, page)
        printed = street.browser(who).get(f"{street.base}/print?on=2026-03-03&venue={venue}&titles=1")
        assert ("密谈甲乙" in printed.get_data(as_text=True)) == sees
    # Nor how it stands: asking for one state after the other tells a neighbour nothing.
    asked = f"{street.base}/day?on=2026-03-03&venue={venue}&state="
    said = [street.browser("neighbour").get(asked + one).get_data(as_text=True) for one in SHOWN]
    assert [page.count("已约") for page in said] == [0] * len(SHOWN)


def test_who_may_close_and_approve_without_seeing_reads_no_title(street: Street):
    with street.inside():
        street.setting("approval", "ask")
        street.request(span(3, 9, 10), title="密谈甲乙")
        street.request(span(3, 10, 11), title="密谈丙丁")
        decided = {"role": "secretary", "permission": permissions.SEE, "allowed": False}
        said_so = table("role_permission", *map(column, ("district_id", *decided)))
        session.execute(insert(said_so).values(district_id=street.district.id, **decided))
        session.commit()
    asked = f"closures/new?place=v.{street.shared.uid}&from-day=2026-03-03&to-day=2026-03-03&reason=x"
    said = street.browser("owner").get(f"{street.base}/{asked}").get_data(as_text=True)
    assert ("密谈" in said, "王测" in said, "已约" in said) == (False, False, True)
    # What is to be answered has its title; what stands beside it has none.
    said = street.browser("owner").get(f"{street.base}/requests").get_data(as_text=True)
    assert [said.count(one) for one in ("密谈甲乙", "密谈丙丁")] == [2, 2] and "已约（" in said


def test_a_booking_of_a_venue_out_of_reach_is_not_there(street: Street):
    with street.inside():
        made = street.request(span(3, 9, 10))
        (row,) = street.times(made)
        uid, time, version = made.uid, row.uid, row.version
    there, nowhere = street.browser("neighbour"), "0" * 26
    for path in ("", "/answer", "/move", "/cancel", "/slip"):
        seen = [there.get(f"{street.base}/{name}{path}") for name in (uid, nowhere)]
        assert [one.status_code for one in seen] == [404, 404], path
        assert len(seen[0].data) == len(seen[1].data)
    for path in ("answer", "approve", "move", "cancel", "phone"):
        sent = there.post(
            f"{street.base}/{uid}/{path}", data={"_once": key(), "version": version, "act": "approve"}
        )
        assert sent.status_code == 404, path
    found = there.get(f"{street.base}/list").get_data(as_text=True)
    assert "支部学习" not in found
    moved = there.post(
        f"{street.base}/move",
        data={"_once": key(), "id": time, "version": version, "resource": "x", "start": "", "end": ""},
    )
    assert moved.status_code == 404


def test_another_district_sees_nothing(street: Street):
    with street.inside():
        uid = street.request(span(3, 9, 10)).uid
    elsewhere = street.world.district()
    browser = street.world.browser(street.world.account(role="desk", district=elsewhere))
    assert browser.get(f"/d/{elsewhere.code}/bookings/desk/{uid}").status_code == 404
    assert browser.get(f"{street.base}/{uid}").status_code == 404


ROLES = ("desk", "admin", "owner", "neighbour", "member", "resident")


@pytest.mark.parametrize("policy", ["ask", "auto"])
@pytest.mark.parametrize("who", ROLES)
def test_calendar_and_record_give_the_same_answer(street: Street, who: str, policy: str):
    """12 combinations of role and policy: two bookings alike, one moved by each way."""
    with street.inside():
        street.setting("approval", policy)
        made = [street.request(span(day, 9, 10), who="resident") for day in (3, 4)]
        rows = [street.times(one)[0] for one in made]
        before = [(row.uid, row.version) for row in rows]
        room = street.room("礼堂").uid
    browser = street.browser(who)
    (first, second), answers = before, []
    answers.append(
        browser.post(
            f"{street.base}/move",
            data={
                "_once": key(),
                "id": first[0],
                "version": first[1],
                "resource": room,
                "start": "2026-03-03T14:00",
                "end": "2026-03-03T15:00",
            },
        )
    )
    answers.append(
        browser.post(
            f"{street.base}/{made[1].uid}/move",
            data={
                "_once": key(),
                "time": second[0],
                "version": second[1],
                "room": room,
                "day": "2026-03-04",
                "start": "14",
                "end": "15:00",
            },
        )
    )
    expected = 404 if who in ("neighbour", "member", "resident") else 303
    assert [one.status_code for one in answers] == [expected] * 2
    with street.inside():
        after = [(row.state, row.version, row.starts_at.hour) for row in street.times()]
        assert after[0] == after[1]
        assert (after[0][1] > before[0][1]) == (expected == 303)
        street.owns_its_slots()
    if expected == 303:
        # Staff who move what waits for an answer have given it: the page says so.
        said = browser.get(answers[0].location).get_data(as_text=True)
        assert ("这个申请也就批准了" in said) == (policy == "ask")


def test_into_a_room_of_somebody_else_neither_way_leads(street: Street):
    """The secretary of the hall's owner may move within the hall, and not into the center's room."""
    with street.inside():
        # Of somebody the house let in; what is booked in its own name its office holders move as their own.
        guest = Asker(account_id=street.accounts["resident"].id, staff=True, host=True)
        made = street.book(span(3, 9, 10), room="礼堂", asker=guest)
        session.commit()
        (row,) = street.times(made)
        room, uid, version = street.room("培训室").uid, row.uid, row.version
    browser = street.browser("owner")
    form = {"_once": key(), "version": version}
    start, end = "2026-03-03T14:00", "2026-03-03T15:00"
    by_block = {**form, "id": uid, "resource": room, "start": start, "end": end}
    by_form = {
        **form,
        "time": uid,
        "room": room,
        "day": "2026-03-03",
        "start": "14",
        "end": "15",
        "_once": key(),
    }
    answers = [
        browser.post(f"{street.base}/move", data=by_block).status_code,
        browser.post(f"{street.base}/{made.uid}/move", data=by_form).status_code,
    ]
    assert answers == [403, 403]
    with street.inside():
        assert [one.version for one in street.times()] == [version]


def test_who_is_staff_of_one_of_two_rooms_moves_the_own_organization_s_request_and_approves_nothing(
    street: Street,
):
    """From the center into the hall of one's own house: as the organization, which asks again."""
    with street.inside():
        street.setting("approval", "ask")
        street.request(span(3, 9, 10), room="培训室", who="member")
        actor = street.world.actor(street.accounts["owner"], street.district)
        for start, room in ((14, "礼堂"), (16, "礼堂")):
            (row,) = street.times()
            moved = {"version": row.version, "span": span(3, start, start + 1), "room": street.room(room)}
            desk.move(actor, row, **moved)
            session.commit()
            # Within the hall its keeper is staff, as for any request there.
            expected = "requested" if start == 14 else "approved"
            assert [one.state for one in street.times()] == [expected]
        street.owns_its_slots()


def test_nobody_approves_the_own_request(street: Street):
    with street.inside():
        street.setting("approval", "ask")
        made = street.request(span(9, 9, 10), who="owner")
        uid, version = made.uid, made.version
        (row,) = street.times(made)
        mark = f"{row.uid}.{row.version}"
    browser = street.browser("owner")
    shown = browser.get(f"{street.base}/requests").get_data(as_text=True)
    assert "自己的申请要请另一位同志批准" in shown
    for path, more in (("approve", {}), ("answer", {"act": "approve", "time": mark})):
        answer = browser.post(
            f"{street.base}/{uid}/{path}", data={"_once": key(), "version": version, **more}
        )
        assert answer.status_code == 403
        assert "自己的申请要请另一位同志批准" in answer.get_data(as_text=True)
    with street.inside():
        assert [one.state for one in street.times()] == ["requested"]
    assert (
        street.browser("desk")
        .post(f"{street.base}/{uid}/approve", data={"_once": key(), "version": version})
        .status_code
        == 303
    )
    with street.inside():
        assert [one.state for one in street.times()] == ["approved"]


def test_a_secretary_answers_for_the_own_venue_only(street: Street):
    with street.inside():
        street.setting("approval", "ask")
        own = street.request(span(9, 9, 10), title="礼堂的事")
        center = street.request(span(9, 9, 10), room="培训室", title="中心的事")
    assert own.uid != center.uid
    for who, mine, theirs in (("owner", True, False), ("neighbour", False, False), ("desk", True, True)):
        said = street.browser(who).get(f"{street.base}/requests").get_data(as_text=True)
        assert ("礼堂的事" in said, "中心的事" in said) == (mine, theirs)


@pytest.mark.parametrize(("who", "number"), [("desk", 2), ("owner", 1), ("neighbour", 0), ("resident", 0)])
def test_what_waits_is_counted_within_reach(street: Street, who: str, number: int):
    with street.inside():
        street.setting("approval", "ask")
        street.request(span(9, 9, 10))
        street.request(span(9, 9, 10), room="培训室")
    said = street.browser(who).get(f"/d/{street.district.code}/").get_data(as_text=True)
    assert ("场地申请等您答复" in said) == (number > 0)
