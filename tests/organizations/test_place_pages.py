"""The desk's places and the posters for doors."""

from __future__ import annotations

import pytest

from portal import crypto
from portal.database import everything, session
from portal.organizations.find import find
from portal.organizations.models import Place, Unit


@pytest.fixture
def desk(town, world):
    return world.browser(world.account(role="desk", district=town.district))


@pytest.fixture
def base(town):
    return f"/d/{town.district.code}/desk/places"


def form(**values):
    return {
        "kind": "building",
        "name": "百花大厦",
        "aliases": "花楼、百花楼",
        "address": "滨河路9号",
        "organization": "双强科技党支部",
        "_once": crypto.new_token(),
        **values,
    }


def place(name: str) -> Place:
    session.rollback()
    with everything():
        return session.query(Place).filter_by(name=name).one()


def test_registered_place_is_found_at_once_by_its_other_name(desk, base):
    assert desk.post(f"{base}/new", data=form()).status_code == 303
    assert [line.name for line in find("花楼").lines][0] == "双强科技党支部"
    page = desk.get(base).get_data(as_text=True)
    assert "百花大厦" in page and "双强科技党支部" in page


def test_change_needs_the_version_and_an_old_one_is_refused(desk, base):
    row = place("新楼工业园")
    read = row.version
    path, sent = f"{base}/{row.id}", form(kind="park", name="新楼产业园")
    assert desk.post(path, data=sent).status_code == 400
    assert desk.post(path, data=sent | {"version": read}).status_code == 303
    late = form(kind="park", name="别的园") | {"version": read}
    assert desk.post(path, data=late).status_code == 409
    assert place("新楼产业园").id == row.id


@pytest.mark.parametrize(
    "values, words",
    [
        ({"name": "花"}, "请写名称"),
        ({"kind": "castle"}, "请选择"),
        ({"organization": "没有这个党支部"}, "没有叫这个名字的党组织"),
        ({"kind": "park", "name": "新楼工业园"}, "已经登记过"),
    ],
)
def test_wrong_form_says_how_to_mend_it_and_keeps_the_text(desk, base, values, words):
    answer = desk.post(f"{base}/new", data=form(**values))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and words in page and "滨河路9号" in page


def test_same_form_twice_makes_one_place(desk, base):
    sent = form()
    assert [desk.post(f"{base}/new", data=sent).status_code for _ in range(3)] == [303] * 3
    place("百花大厦")


def test_posters_carry_the_address_of_the_door(desk, base, town):
    row = place("新楼工业园")
    with everything():
        unit = session.query(Unit).filter_by(name="枞阳县双强科技有限公司").one()
    page = desk.get(f"{base}/{row.id}/poster").get_data(as_text=True)
    assert f"http://localhost/d/{town.district.code}/find/p/{row.id}" in page and "<svg" in page
    page = desk.get(f"/d/{town.district.code}/desk/unit-poster/{unit.id}").get_data(as_text=True)
    assert f"/find/u/{unit.id}" in page and "枞阳县双强科技有限公司" in page


def test_places_are_for_the_desk_of_this_district_only(world, town, make_town, base):
    row, other = place("新楼工业园"), make_town("平房区")
    for account in (
        world.account(world.member(town.organization("乙支部"))),
        world.account(role="desk", organization=town.organization("丙支部")),
        world.account(role="desk", district=other.district),
    ):
        browser = world.browser(account)
        for path in (base, f"{base}/new", f"{base}/{row.id}", f"{base}/{row.id}/poster"):
            assert browser.get(path).status_code == 404
        assert browser.post(f"{base}/new", data=form()).status_code == 404
    foreign = world.browser(world.account(role="desk", district=other.district))
    assert foreign.get(f"/d/{other.district.code}/desk/places/{row.id}").status_code == 404
