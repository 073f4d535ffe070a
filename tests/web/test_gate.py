"""The gate: unknown district, logged-out visitor, permission, switch, session end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal import clock
from portal.testing import World, queries


def test_unknown_district_is_404(client):
    assert client.get("/d/000000/").status_code == 404


def test_start_page_of_a_visitor_and_of_a_member(world: World):
    here = world.district()
    member = world.member(world.organization(here))
    assert world.browser().get(f"/d/{here.code}/").status_code == 200
    assert world.browser(world.account(member)).get(f"/d/{here.code}/").status_code == 200


def test_private_page_asks_a_visitor_to_log_in_and_comes_back(world: World):
    here = world.district()
    answer = world.browser().get(f"/d/{here.code}/me/")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/login?next=/d/{here.code}/me/"


def test_private_page_inside_htmx_leaves_the_whole_page(world: World):
    here = world.district()
    answer = world.browser().get(f"/d/{here.code}/me/", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and answer.headers["HX-Redirect"].startswith("/login")


@pytest.mark.parametrize("minutes, status", [(29, 200), (31, 303)])
def test_an_idle_member_is_logged_out_after_30_minutes(world: World, minutes: int, status: int):
    here = world.district()
    browser = world.browser(world.account(world.member(world.organization(here))))
    with clock.moved(timedelta(minutes=minutes)):
        assert browser.get(f"/d/{here.code}/me/").status_code == status


def test_an_idle_secretary_is_logged_out_after_15_minutes(world: World):
    here = world.district()
    branch = world.organization(here)
    browser = world.browser(world.account(world.member(branch), role="secretary", organization=branch))
    with clock.moved(timedelta(minutes=16)):
        assert browser.get(f"/d/{here.code}/me/").status_code == 303


def test_whoever_was_logged_out_by_the_clock_is_told_and_whoever_left_is_not(world: World):
    here = world.district()
    browser = world.browser(world.account(world.member(world.organization(here))))
    words = "一阵没操作，或在别处登录了，为安全已退出。请再登录一次。"
    with clock.moved(timedelta(minutes=31)):
        assert words in browser.get(browser.get(f"/d/{here.code}/me/").location).text
    leaving = world.browser(world.account(world.member(world.organization(here))))
    leaving.post("/logout")
    assert words not in leaving.get("/login").text
    assert words not in world.browser().get("/login").text


def test_a_query_that_would_bend_the_links_of_a_page_is_refused(world: World):
    browser, page = world.browser(), f"/d/{world.district().code}/find"
    odd = ["endpoint=x", "_anchor=x", "_method=POST", "_scheme=javascript", "_external=1", "district_code=x"]
    assert [browser.get(f"{page}?{one}").status_code for one in odd] == [400] * len(odd)
    assert browser.get(f"{page}?q=x").status_code == 200


def test_the_gate_costs_three_queries(world: World):
    here = world.district(plugins=())
    browser = world.browser(world.account(world.member(world.organization(here)), role="desk", district=here))
    browser.get(f"/d/{here.code}/desk/")  # a page that asks for nothing itself
    with queries() as seen:
        assert browser.get(f"/d/{here.code}/desk/").status_code == 200
    assert len(seen) == 3, "\n".join(seen)
