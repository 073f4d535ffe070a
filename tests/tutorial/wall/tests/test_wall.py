"""A wish from the phone of a member to the desk, and back as a notice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.api import clock, jobs, registry, session, settings, transaction
from portal.testing import Browser, World

from ..models import WallWish


@pytest.fixture
def place(world: World) -> Any:
    return world.district(plugins=("wall",))


@pytest.fixture
def member(world: World, place: Any) -> Any:
    return world.member(world.organization(place), name="赵心愿")


@pytest.fixture
def phone(world: World, member: Any) -> Browser:
    return world.browser(world.account(member))


@pytest.fixture
def desk(world: World, place: Any) -> Browser:
    return world.browser(world.account(role="desk", district=place))


def wish(phone: Browser, place: Any, text: str = "想学写字", key: str = "the-first") -> Any:
    """Send the form as the member would."""
    return phone.post(f"/d/{place.code}/wall/new", data={"text": text, "_once": key})


def hanging(world: World, place: Any) -> list[WallWish]:
    """Return what the table holds of this district."""
    with world.writing(place):
        return list(session.scalars(select(WallWish).execution_options(populate_existing=True)))


def test_a_wish_comes_true_and_its_writer_hears_of_it(
    world: World, place: Any, phone: Browser, desk: Browser
):
    root = f"/d/{place.code}/wall"
    assert wish(phone, place).status_code == 303
    page = desk.get(f"{root}/").get_data(as_text=True)
    assert "想学写字" in page and "赵**" in page and "赵心愿" not in page
    (row,) = hanging(world, place)
    number = row.id
    done = {"answer": "周三下午来学", "version": "1", "_once": "granted-1"}
    assert desk.post(f"{root}/{number}/grant", data=done).status_code == 303
    # Somebody else had the same page open: the second one is told, not overwritten.
    late = {"answer": "我也办了", "version": "1", "_once": "granted-2"}
    assert desk.post(f"{root}/{number}/grant", data=late).status_code == 409
    assert "周三下午来学" in phone.get(f"{root}/?state=granted").get_data(as_text=True)
    assert "您写的心愿有人办了" in phone.get(f"/d/{place.code}/me/notices").get_data(as_text=True)


def test_an_empty_or_endless_wish_comes_back(world: World, place: Any, phone: Browser):
    assert wish(phone, place, " ").status_code == 422
    answer = wish(phone, place, "长" * 201)
    assert answer.status_code == 422 and "最多200个字。" in answer.get_data(as_text=True)


def test_the_same_form_twice_hangs_up_one_wish(world: World, place: Any, phone: Browser):
    for _again in range(2):
        wish(phone, place)
    assert len(hanging(world, place)) == 1


def test_a_member_grants_nothing_and_the_desk_wishes_nothing(
    world: World, place: Any, phone: Browser, desk: Browser
):
    wish(phone, place)
    (row,) = hanging(world, place)
    assert phone.get(f"/d/{place.code}/wall/{row.id}/grant").status_code == 404
    assert desk.get(f"/d/{place.code}/wall/new").status_code == 404


def test_another_district_does_not_see_the_wall(world: World, place: Any, phone: Browser):
    wish(phone, place)
    (row,) = hanging(world, place)
    there = world.district(plugins=("wall",))
    desk = world.browser(world.account(role="desk", district=there))
    assert desk.get(f"/d/{there.code}/wall/{row.id}/grant").status_code == 404
    assert "想学写字" not in desk.get(f"/d/{there.code}/wall/").get_data(as_text=True)


def test_the_job_takes_down_what_nobody_took_up(world: World, place: Any, phone: Browser):
    wish(phone, place)
    with world.writing(place):
        settings.put(place.id, "wall.open_days", 7, by=None)
    for days, state in ((6, "open"), (8, "closed")):
        with clock.frozen(clock.now() + timedelta(days=days)):
            with world.writing(place), transaction():
                jobs.enqueue("wall.close_old", district_id=place.id)
            jobs.run_due()
        assert [row.state for row in hanging(world, place)] == [state]


def test_a_persons_rights_reach_the_wall(world: World, place: Any, member: Any, phone: Browser):
    wish(phone, place)
    here, who = world.ref(place), world.member_ref(member)
    with world.writing(place):
        copy = registry().ask("member_export", district=here, member=who)["wall"]
        assert [one["text"] for one in copy["wishes"]] == ["想学写字"]
        assert registry().ask("member_erase", district=here, member=who)["wall"].erased == 1
    assert hanging(world, place) == []
