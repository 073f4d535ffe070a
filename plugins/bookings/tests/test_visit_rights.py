"""A visit has two entrances, its own page and its booking's record: one answer at both (criterion 20)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsVisit
from plugins.bookings.service import changing, visiting
from plugins.bookings.service.asking import Contact
from plugins.bookings.service.visiting import Group
from plugins.bookings.tests.conftest import span
from plugins.bookings.tests.test_desk_rights import ROLES, Street, key
from plugins.bookings.tests.test_visits import guide
from portal.api import notices, session


@pytest.fixture
def street(world: Any, march: None) -> Street:
    return Street(world)


def visits(
    street: Street, *, with_guide: bool, room: str, who: str = "resident"
) -> list[tuple[str, str, int]]:
    """Let a group ask for two visits alike, on two days; return (uid, ticked value, version) of each."""
    account, found = street.accounts[who].id, []
    for day in (10, 11):
        made = visiting.ask(
            Group(name="莲湖小学", with_guide=with_guide),
            span=span(day, 9, 11),
            headcount=20,
            contact=Contact(name="王老师", phone="10012345678"),
            asker=Asker(account_id=account),
            by=account,
        )
        (row,) = street.times(made)
        if room != "培训室":
            changing.move(
                row,
                version=row.version,
                span=span(day, 9, 11),
                room=street.room(room),
                asker=Asker(staff=True, host=True),
                by=street.accounts["desk"].id,
            )
        session.refresh(made)
        found.append((str(made.uid), f"{row.uid}.{row.version}", int(made.version)))
    session.commit()
    return found


def both(street: Street, who: str, found: list[tuple[str, str, int]], act: str, **form: str) -> list[int]:
    """Do the same to the first by its own page and to the second by its record; return the statuses."""
    browser = street.browser(who)
    (first, _one, version), (second, ticked, _same) = found
    own = {"act": "confirm" if act == "approve" else act, "version": version, "_once": key(), **form}
    record = {"act": act, "version": version, "_once": key(), "time": ticked, **form}
    visit = street.base.replace("/desk", "/visits")
    return [
        browser.post(f"{visit}/{first}", data=own).status_code,
        browser.post(f"{street.base}/{second}/answer", data=record).status_code,
    ]


def states(street: Street) -> list[str]:
    with street.inside():
        street.owns_its_slots()
        return [row.state for row in street.times()]


@pytest.mark.parametrize("room", ["培训室", "礼堂"])
@pytest.mark.parametrize("policy", ["ask", "auto"])
@pytest.mark.parametrize("who", ROLES)
def test_both_entrances_give_the_same_answer(street: Street, who: str, policy: str, room: str):
    """12 combinations of role and policy, in a room of the center and in one of somebody else."""
    with street.inside():
        street.setting("approval", policy)
        found = visits(street, with_guide=False, room=room)
    allowed = who in ("desk", "admin") or who == "owner" and room == "礼堂"
    browser, pages = street.browser(who), street.base.replace("/desk", "/visits")
    seen = [browser.get(f"{base}/{found[0][0]}").status_code for base in (pages, street.base)]
    assert seen == [200 if allowed else 404] * 2
    expected = 303 if allowed else 404
    # Nothing is written: both ask for a reason, or are not there.
    assert both(street, who, found, "refuse", reason=" ") == [422 if allowed else 404] * 2
    assert both(street, who, found, "approve") == [expected] * 2
    assert states(street) == ["approved" if allowed else "requested"] * 2


@pytest.mark.parametrize("who", ["desk", "admin", "owner"])
def test_both_entrances_refuse_alike(street: Street, who: str):
    with street.inside():
        found = visits(street, with_guide=True, room="礼堂")
    assert both(street, who, found, "refuse", reason="那天闭馆") == [303, 303]
    assert states(street) == ["refused"] * 2


def test_at_neither_entrance_a_visit_that_wants_a_guide_is_approved_without(street: Street):
    with street.inside():
        found = visits(street, with_guide=True, room="培训室")
        one = guide(street).id
    assert both(street, "desk", found, "approve") == [422, 422]
    browser = street.browser("desk")
    sent = browser.post(f"{street.base}/{found[0][0]}/approve", data={"version": 1, "_once": key()})
    assert sent.status_code == 422 and "他们想要讲解" in sent.get_data(as_text=True)
    listed = browser.get(f"{street.base}/requests").get_data(as_text=True)
    assert listed.count("安排讲解，定下来") == 2 and ">批准<" not in listed
    assert states(street) == ["requested"] * 2
    pages = street.base.replace("/desk", "/visits")
    for (uid, _ticked, _version), chosen in zip(found, (str(one), "none"), strict=True):
        form = {"act": "confirm", "version": 1, "_once": key(), "guide": chosen}
        assert browser.post(f"{pages}/{uid}", data=form).status_code == 303
    with street.inside():
        assert [row.state for row in street.times()] == ["approved"] * 2
        with_whom = session.scalars(select(BookingsVisit).order_by(BookingsVisit.id)).all()
        assert [(visit.guide_id, visit.with_guide) for visit in with_whom] == [(one, True), (None, True)]
        street.owns_its_slots()
    # Who asked reads that nobody shows them round.
    mine = street.browser("resident").get(f"/d/{street.district.code}/bookings/{found[1][0]}")
    assert "<dd>这次没有讲解" in mine.get_data(as_text=True)
    told = [one.text for one in notices.inbox(street.accounts["resident"].id, limit=9)]
    assert sum("这次没有讲解" in text for text in told) == 1


def test_at_neither_entrance_somebody_answers_the_own_visit(street: Street):
    with street.inside():
        found = visits(street, with_guide=False, room="礼堂", who="owner")
    assert both(street, "owner", found, "approve") == [403, 403]
    assert states(street) == ["requested"] * 2
    assert both(street, "desk", found, "approve") == [303, 303]


def test_guides_are_the_districts_and_the_room_is_its_owners(street: Street):
    """Whoever answers for the hall may receive a group there; whom the district sends, it says."""
    with street.inside():
        found = visits(street, with_guide=True, room="礼堂")
        number = str(guide(street).id)
    uid = found[0][0]
    path = f"{street.base.replace('/desk', '/visits')}/{uid}"
    form = {"act": "confirm", "version": found[0][2], "guide": number}
    answers = [
        street.browser(who).post(path, data={**form, "_once": key()}).status_code
        for who in ("neighbour", "member", "resident", "owner")
    ]
    assert answers == [404, 404, 404, 403]
    owner = street.browser("owner")
    page = owner.get(path).get_data(as_text=True)
    assert "岑小岚" not in page and "这次不讲解" in page
    assert owner.post(path, data={**form, "guide": "none", "_once": key()}).status_code == 303
    assert "换讲解员" not in owner.get(path).get_data(as_text=True)
    desk = street.browser("desk")
    assert "换讲解员" in desk.get(path).get_data(as_text=True)
    # Somebody is found after all; and what is no guide at all is none.
    given = {"act": "guide", "version": found[0][2] + 1, "guide": number, "_once": key()}
    assert desk.post(path, data=given).status_code == 303
    assert (
        desk.post(
            path, data={**given, "version": found[0][2] + 2, "guide": "none", "_once": key()}
        ).status_code
        == 303
    )
    with street.inside():
        assert [row.state for row in street.times()] == ["approved", "requested"]
        assert session.scalars(select(BookingsVisit.guide_id).order_by(BookingsVisit.id)).all() == [
            None,
            None,
        ]
