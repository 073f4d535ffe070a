"""The tree of districts by services: who sees what, filters, pages, and what it costs."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import insert

from portal.admin import switchboard, tree
from portal.database import session, transaction
from portal.districts import service as districts
from portal.districts.models import District
from portal.testing import World, queries

PLUGIN = "dues"


def below(world: World, above: District, code: str, name: str, kind: str = "park") -> District:
    return districts.create(code=code, name=name, kind=kind, parent=above)


def shown(here: District, **asked: Any) -> list[str]:
    return [place.code for place in tree.read(here, tree.Asked(**asked)).places]


def state(here: District, code: str, slug: str = PLUGIN) -> switchboard.Line:
    found = next(one for one in tree.read(here, tree.Asked(under=True)).places if one.code == code)
    return next(line for line in found.lines if line.slug == slug)


@pytest.fixture
def county(world: World) -> District:
    """A county with the service on, two towns, and a park below the first one that said off."""
    made = world.district("990100", name="试验县")
    one = below(world, made, "990100-a", "东风镇", "town")
    below(world, made, "990100-b", "双强镇", "town")
    park = below(world, one, "990100-a1", "东风园区")
    switchboard.switch(park, PLUGIN, state="off", actor=None)
    return made


def test_one_level_at_a_time_and_all_of_them_when_asked(county: District):
    assert shown(county) == ["990100-a", "990100-b"]
    assert shown(county, under=True) == ["990100-a", "990100-a1", "990100-b"]
    [first, *_rest] = tree.read(county, tree.Asked()).places
    assert (first.below, first.along) == (1, "")
    deep = tree.read(county, tree.Asked(text="园区")).places[0]
    assert (deep.code, deep.along) == ("990100-a1", "东风镇")


def test_every_cell_says_where_its_state_comes_from(county: District):
    assert (state(county, "990100-a").on, state(county, "990100-a").source) == (True, "试验县")
    park = state(county, "990100-a1")
    assert (park.on, park.here, park.own) == (False, True, "off")
    switchboard.switch(county, PLUGIN, state="locked-on", actor=None)
    park = state(county, "990100-a1")
    assert (park.on, park.locked_above, park.source, park.own) == (True, True, "试验县", "off")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"text": "双强"}, ["990100-b"]),
        ({"text": "shuangq"}, ["990100-b"]),
        ({"text": "sqz"}, ["990100-b"]),
        ({"text": "990100-a"}, ["990100-a", "990100-a1"]),
        ({"text": "没有这里"}, []),
        ({"own": True}, ["990100-a1"]),
        ({"own": True, "plugin": "wechatpay"}, []),
        ({"state": "off", "plugin": PLUGIN}, ["990100-a1"]),
        ({"state": "on", "plugin": PLUGIN}, ["990100-a", "990100-b"]),
        ({"state": "locked", "plugin": PLUGIN}, []),
        ({"state": "off", "plugin": PLUGIN, "text": "双强"}, []),
    ],
)
def test_filters(county: District, asked: dict[str, Any], found: list[str]):
    assert shown(county, **asked) == found


def test_a_page_shows_the_filters_as_labels_to_take_off_and_a_fragment_to_htmx(
    world: World, county: District
):
    boss = world.browser(world.account(role="district_admin", district=county))
    url = f"/d/{county.code}/admin/plugins?q=%E5%9B%AD%E5%8C%BA&plugin={PLUGIN}&state=off&own=1"
    page = boss.get(url).get_data(as_text=True)
    assert "东风园区" in page and "东风镇" in page and page.count('class="chip"') == 5
    part = boss.get(url, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert part.strip().startswith('<section id="tree"') and "<html" not in part and "东风园区" in part
    assert "没有找到" in boss.get(f"/d/{county.code}/admin/plugins?q=zzz").get_data(as_text=True)


def test_each_administrator_sees_the_own_subtree_and_only_own_districts_above(world: World, county: District):
    town = session.query(District).filter_by(code="990100-a").one()
    other = world.district("990200", name="邻县")
    boss = world.browser(world.account(role="district_admin", district=county))
    page = boss.get(f"/d/{town.code}/admin/plugins").get_data(as_text=True)
    assert f'href="/d/{county.code}/admin/plugins"' in page
    assert boss.get(f"/d/{other.code}/admin/plugins").status_code == 404
    lower = world.browser(world.account(role="district_admin", district=town))
    page = lower.get(f"/d/{town.code}/admin/plugins").get_data(as_text=True)
    assert "东风园区" in page and f'href="/d/{county.code}/admin/plugins"' not in page
    for code in (county.code, "990100-b"):
        assert lower.get(f"/d/{code}/admin/plugins").status_code == 404
        answer = lower.post(
            f"/d/{code}/admin/plugins/{PLUGIN}", data={"to": "off", "seen": "on", "_once": "a" * 12}
        )
        assert answer.status_code == 404
    deployer = world.browser(world.account(role="deployer", district=county))
    assert "双强镇" in deployer.get(f"/d/{county.code}/admin/plugins").get_data(as_text=True)
    # The history of the whole subtree, and nothing of the neighbour.
    switchboard.switch(other, PLUGIN, state="off", actor=None)
    assert "东风园区" in boss.get(f"/d/{county.code}/admin/history").get_data(as_text=True)
    assert "邻县" not in boss.get(f"/d/{county.code}/admin/history").get_data(as_text=True)
    assert "东风园区" in lower.get(f"/d/{town.code}/admin/history").get_data(as_text=True)


def many(above: District, count: int, *, under: int = 0) -> None:
    """Add ``count`` towns, each with ``under`` parks, in a few statements."""
    with transaction():
        table: Any = District.__table__
        first = 1 + session.query(District.id).order_by(District.id.desc()).first()[0]
        rows = [
            {
                "id": first + number,
                "parent_id": above.id,
                "code": f"98{number:05d}",
                "kind": "town",
                "name": f"第{number}镇",
                "path": f"{above.path}{first + number}/",
                "pinyin": "",
                "initials": "",
            }
            for number in range(count)
        ]
        parks = [
            {
                **row,
                "id": first + count + position * under + extra,
                "parent_id": row["id"],
                "code": f"{row['code']}-p{extra}",
                "kind": "park",
                "path": f"{row['path']}{first + count + position * under + extra}/",
            }
            for position, row in enumerate(rows)
            for extra in range(under)
        ]
        session.execute(insert(table), rows + parks)


def test_a_page_costs_the_same_queries_with_one_row_and_with_three(world: World):
    counts = []
    for number in (1, 3):
        here = world.district()
        for one in range(number):
            below(world, here, f"{here.code}-{one}", f"园{one}")
        boss = world.browser(world.account(role="district_admin", district=here))
        boss.get(f"/d/{here.code}/admin/plugins")
        for query in ("", "?under=1", "?state=on&plugin=dues"):
            with queries() as seen:
                page = boss.get(f"/d/{here.code}/admin/plugins{query}").get_data(as_text=True)
            every = len(world.app.extensions["portal.registry"].plugins)
            assert page.count('class="state"') == number * (1 if "plugin=" in query else every)
            counts.append(len(seen))
    assert counts == [9, 9, 11] * 2


def test_three_thousand_districts_are_paged_both_ways_and_quick(world: World):
    here = world.district("990300")
    many(here, 1000, under=2)
    codes, after = [], ""
    while True:
        page = tree.read(here, tree.Asked(under=True, after=after))
        codes += [place.code for place in page.places]
        if page.after is None:
            break
        after = page.after
    assert len(codes) == len(set(codes)) == 3000
    assert codes[:4] == ["9800000", "9800000-p0", "9800000-p1", "9800001"]
    last = tree.read(here, tree.Asked(under=True, before=after))
    assert (last.places[-1].code, last.after) == (codes[codes.index(after) - 1], last.places[-1].code)
    first = tree.read(here, tree.Asked())
    assert (len(first.places), first.before, first.after) == (50, None, "9800049")
    second = tree.read(here, tree.Asked(after="9800049"))
    assert (second.places[0].code, second.before) == ("9800050", "9800050")
    assert tree.read(here, tree.Asked(before="9800050")).places == first.places
    start = time.perf_counter()
    tree.read(here, tree.Asked(state="on", plugin=PLUGIN))
    assert time.perf_counter() - start < 2
