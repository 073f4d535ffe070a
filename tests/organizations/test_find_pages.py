"""The search page with and without JavaScript, one organization, a door's QR code, the center."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, text

from portal import clock
from portal.database import everything, session, transaction
from portal.districts.models import District
from portal.organizations import unmatched
from portal.organizations.models import CenterRoom, Organization, Place, ServiceCenter, Unit
from portal.testing import queries


def named(model, name):
    with everything():
        return session.query(model).filter_by(name=name).one()


def test_without_javascript_the_button_searches(town, client):
    page = client.get("/find").get_data(as_text=True)
    assert '<form method="get" action="/find" role="search">' in page and "<button" in page
    page = client.get("/find?q=双强").get_data(as_text=True)
    assert "双强科技党支部" in page and "您单位自己的党支部" in page and "查到2个党组织" in page
    assert page.index("双强科技党支部") < page.index("枞阳经济开发区党群服务中心")
    assert 'value="双强"' in page


def test_fragment_is_the_results_only(town, client):
    answer = client.get("/find?q=双强", headers={"HX-Request": "true"})
    page = answer.get_data(as_text=True)
    assert "<html" not in page and "双强科技党支部" in page
    assert 'data-announce="查到2个党组织"' in page
    assert "HX-Request" in answer.headers["Vary"]


def test_search_box_is_told_to_wait_and_to_keep_the_address(town, client):
    page = client.get("/find").get_data(as_text=True)
    assert "delay:300ms" in page and 'hx-replace-url="true"' in page and 'hx-target="#results"' in page


def test_nothing_found_offers_a_way_on(town, client):
    page = client.get("/find?q=冥王星矿业").get_data(as_text=True)
    assert "没查到。换公司全称、楼名或社区名试试。" in page and "还不确定？到服务台，我们帮您找。" in page


def test_narrowed_by_parameter_and_by_address(town, make_town, client):
    other = make_town("平房区")
    other.unit("双强科技有限公司", organization=other.organization("平房双强党支部"))
    for path in (f"/find?district={other.district.code}&q=双强", f"/d/{other.district.code}/find?q=双强"):
        page = client.get(path).get_data(as_text=True)
        assert "平房双强党支部" in page and "枞阳经济开发区" not in page
    assert client.get("/find?district=nowhere&q=双强").status_code == 404


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", "' OR 1=1", "%", "双" * 1000, "a" * 3000])
def test_hostile_text_is_shown_as_text(town, client, typed):
    answer = client.get("/find", query_string={"q": typed, "lat": "nan", "lng": "1e999"})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.get_data(as_text=True)


def test_a_sign_that_no_column_holds_is_refused(town, client):
    assert client.get("/find", query_string={"q": "双强\x00"}).status_code == 400


def test_distance_is_shown(town, client):
    town.organization("湖滨一支部", lat=30.7, lng=117.2)
    assert "96米" in client.get("/find?q=湖滨&lat=30.7&lng=117.201").get_data(as_text=True)


def test_organization_page_shows_public_things_only(town, world, client):
    row = named(Organization, "双强科技党支部")
    world.member(row, name="欧阳密语", phone="10011112222")
    page = client.get(f"/d/{town.district.code}/organizations/{row.id}").get_data(as_text=True)
    assert "双强科技办公楼101室" in page and "开发区党工委" in page and "1家" in page
    for secret in ("欧阳", "10011112222", "枞阳县双强科技有限公司", "91340722"):
        assert secret not in page


def test_organization_of_another_district_is_like_none(town, make_town, client):
    row, other = named(Organization, "双强科技党支部"), make_town("平房区")
    foreign = client.get(f"/d/{other.district.code}/organizations/{row.id}")
    missing = client.get(f"/d/{other.district.code}/organizations/999999")
    assert foreign.status_code == missing.status_code == 404

    def plain(answer, number):
        page = re.sub(r'(nonce="[^"]+")|(value|content)="[\w.-]{60,}"', "", answer.get_data(as_text=True))
        return page.replace(f"organizations/{number}", "")

    assert plain(foreign, row.id) == plain(missing, 999999)


def test_dissolved_organization_has_no_page(town, client):
    row = named(Organization, "双强科技党支部")
    town.change(row, dissolved_on=clock.today())
    assert client.get(f"/d/{town.district.code}/organizations/{row.id}").status_code == 404


def test_whoever_recognises_the_organization_is_led_to_the_log_in(town, client):
    row = named(Organization, "双强科技党支部")
    page = client.get(f"/d/{town.district.code}/organizations/{row.id}").get_data(as_text=True)
    assert f'href="/login?next=/d/{town.district.code}/"' in page


def test_my_own_organization_says_so(town, world):
    row = named(Organization, "双强科技党支部")
    browser = world.browser(world.account(world.member(row)))
    page = browser.get(f"/d/{town.district.code}/organizations/{row.id}").get_data(as_text=True)
    assert "这是您的党组织" in page


def test_door_of_a_unit_and_of_a_place(town, make_town, client):
    unit, place = named(Unit, "枞阳县双强科技有限公司"), named(Place, "新楼工业园")
    base = f"/d/{town.district.code}/find"
    assert "双强科技党支部" in client.get(f"{base}/u/{unit.id}").get_data(as_text=True)
    assert "新楼工业园党支部" in client.get(f"{base}/p/{place.id}").get_data(as_text=True)
    other = f"/d/{make_town('平房区').district.code}/find"
    for path in (f"{other}/u/{unit.id}", f"{other}/p/{place.id}", f"{base}/u/999999", f"{base}/u/x"):
        assert client.get(path).status_code == 404


def test_door_of_a_unit_nobody_covers_leads_to_the_desk(town, client):
    unit = town.unit("孤独有限公司")
    page = client.get(f"/d/{town.district.code}/find/u/{unit.id}").get_data(as_text=True)
    assert "还没有登记负责它的党组织" in page and "枞阳经济开发区党群服务中心" in page


def test_center_shows_rooms_hours_and_phone(town, make_town, client):
    with town.world.writing(town.district), transaction():
        center = session.query(ServiceCenter).one()
        session.add_all(
            CenterRoom(district_id=town.district.id, center_id=center.id, name=name)
            for name in ("甲厅", "乙室")
        )
    page = client.get(f"/d/{town.district.code}/center").get_data(as_text=True)
    for words in ("新城路1号", "工作日8:30-17:30", "0000-8800001", "甲厅", "乙室"):
        assert words in page
    other = client.get(f"/d/{make_town('平房区').district.code}/center").get_data(as_text=True)
    assert "甲厅" not in other


def test_district_without_a_center_says_so(world, client):
    page = client.get(f"/d/{world.district().code}/center")
    assert page.status_code == 200 and "还没有登记服务中心" in page.get_data(as_text=True)


def test_outside_of_districts_a_search_costs_three_queries(town, client):
    client.get("/find?q=双强")
    for number in (1, 3):
        with queries() as seen:
            client.get("/find?q=双强", headers={"HX-Request": "true"})
        assert len(seen) == 3, "\n".join(seen)
        for n in range(2):
            town.unit(f"双强{number}{n}有限公司", organization=town.organization(f"双强{number}{n}支部"))


def test_get_changes_nothing(town, client):
    def checksum():
        session.rollback()
        with everything():
            return [
                session.execute(text(f"select count(*), coalesce(sum(id), 0) from {name}")).one()  # noqa: S608
                for name in ("organization", "unit", "place", "search_entry", "unit_coverage", "audit")
            ]

    before = checksum()
    unit = named(Unit, "枞阳县双强科技有限公司")
    row = named(Organization, "双强科技党支部")
    code = town.district.code
    for path in (
        "/find?q=双强",
        f"/d/{code}/find?q=x",
        f"/d/{code}/find/u/{unit.id}",
        f"/d/{code}/organizations/{row.id}",
        f"/d/{code}/center",
    ):
        assert client.get(path).status_code == 200
    assert checksum() == before


def test_inside_a_district_a_search_costs_five_queries(town, client):
    path = f"/d/{town.district.code}/find?q=双强"
    client.get(path)
    with queries() as seen:
        client.get(path, headers={"HX-Request": "true"})
    assert len(seen) == 5, "\n".join(seen)


def test_the_desks_pages_of_this_room_stand_under_the_desk(town, world):
    browser = world.browser(world.account(role="desk", district=town.district))
    page = browser.get(f"/d/{town.district.code}/desk/places").get_data(as_text=True)
    found = re.findall(r'href="([^"]+)" aria-current="page"', page)
    assert found == [f"/d/{town.district.code}/desk/"]


def test_the_front_page_names_only_districts_with_a_center(town, client, world):
    world.district()
    page = client.get("/").get_data(as_text=True)
    with everything():
        desks = set(session.scalars(select(ServiceCenter.district_id)))
        districts = session.execute(select(District.id, District.code)).all()
    assert desks and len(districts) > len(desks)
    for district_id, code in districts:
        assert (f'href="/d/{code}/"' in page) is (district_id in desks)


def test_a_question_waits_for_the_desk_on_the_start_page(town, world):
    staff = world.browser(world.account(role="desk", district=town.district))
    here = f"/d/{town.district.code}"
    assert "有人没找到组织，等您联系" not in staff.get(f"{here}/").get_data(as_text=True)
    with world.writing(town.district):
        unmatched.ask(
            district_id=town.district.id, typed="某某公司", question="", phone="10000000001", address=None
        )
    page = staff.get(f"{here}/").get_data(as_text=True)
    assert "有人没找到组织，等您联系" in page and f'href="{here}/desk/"' in page
