"""Every way of typing, the ranking and its reasons, what must never be found, hostile input."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from portal import clock
from portal.database import everything, is_postgresql, session, transaction
from portal.districts import service as districts
from portal.districts.models import District
from portal.organizations import matching, search, service, units
from portal.organizations.find import find, of_place, of_unit
from portal.organizations.matching import statement, understand, wanted
from portal.organizations.models import Organization, Place, Unit, UnitCoverage
from portal.organizations.search_models import SearchEntry
from portal.testing import queries


def names(answer) -> list[str]:
    return [line.name for line in answer.lines]


def own_branch() -> Organization:
    with everything():
        return session.query(Organization).filter_by(name=OWN).one()


def reasons(answer) -> list[tuple[str, str]]:
    return [(line.reason, line.name) for line in answer.lines]


OWN, JOINT, FLOATING = "双强科技党支部", "城北片区联合党支部", "人才服务中心流动党支部"


@pytest.mark.parametrize(
    "typed",
    [
        "双强",  # two characters
        "强科",  # two characters in the middle
        "双强科技",
        "枞阳县双强科技有限公司",  # the full name
        "枞阳双强科技公司",  # nearly the full name
        "双 强 科 技",
        "双墙",  # sounds the same
        "shuangqiang",
        "ShuangQiang",
        "shuangqiangk",  # while typing
        "shuangqiangkeji",
        "zongyangxianshuangqiang",
        "congyangxian",  # the other reading
        "sqkj",  # initials
        "zyxsq",
        "zyxsqkjyxgs",
        "双强keji",  # mixed
        "枞阳sqkj",
        "枞阳 双强",
        "六好",  # alias
        "liuhao",
        "SQ-Tech",
        "ｓｑｔｅｃｈ",
        "91340722MA2T000018",
        "91340722ma2t000018",
        "9134 0722 MA2T 000018",
        "913407",
        "９１３４０７２２ＭＡ２Ｔ",
    ],
)
def test_employer_is_found_however_it_is_typed(town, typed):
    found = [line for line in find(typed).lines if line.reason != "floating"]
    assert (found[0].reason, found[0].name) in {("own", OWN), ("asked", OWN)}
    assert ("own", OWN) in {(line.reason, line.name) for line in found}


@pytest.mark.parametrize(
    "typed", ["枞阳zhiyao", "枞阳zy", "恒远", "hengyuan", "ahhy", "金山大道", "枞阳制药"]
)
def test_joint_branch_is_named_for_a_covered_employer(town, typed):
    assert ("joint", JOINT) in reasons(find(typed))


@pytest.mark.parametrize("typed", ["双", "shuang", "s", "枞"])
def test_one_character_is_a_prefix(town, typed):
    assert OWN in names(find(typed))


@pytest.mark.parametrize("typed", ["zengshi", "cengshi", "曾氏", "zsmm", "csmm"])
def test_polyphone_surname_is_found_by_both_readings(town, typed):
    assert ("joint", JOINT) in reasons(find(typed))


@pytest.mark.parametrize("typed", ["changxing", "zhanghang", "changhang", "cxwl", "zhwl"])
def test_polyphones_in_a_name_are_found_by_each_reading(town, typed):
    assert find(typed).lines[0].via == "长行物流有限公司"


@pytest.mark.parametrize(
    "typed, reason, name",
    [
        ("新楼工业园", "building", "新楼工业园党支部"),
        ("新楼", "building", "新楼工业园党支部"),
        ("xinlou", "building", "新楼工业园党支部"),
        ("园区大道", "building", "新楼工业园党支部"),
        ("莲花社区", "community", "莲花社区党支部"),
        ("lianhua", "community", "莲花社区党支部"),
    ],
)
def test_place_leads_to_the_organization_that_answers_for_it(town, typed, reason, name):
    assert (reason, name) == reasons(find(typed))[0]


def test_employer_without_coverage_leads_to_its_park_and_says_so(town):
    answer = find("长行物流")
    assert reasons(answer)[0] == ("building", "新楼工业园党支部")
    assert answer.lines[0].via == "长行物流有限公司"


def test_order_of_reasons(town):
    employer = town.organization("莲花食品党支部")
    joint = town.organization("莲花片区联合党支部", "joint_branch")
    building = town.organization("莲花大厦党支部")
    town.unit("莲花食品有限公司", organization=employer)
    town.unit("莲花服饰有限公司", organization=joint)
    town.place("莲花大厦", "building", building)
    assert reasons(find("莲花")) == [
        ("own", "莲花食品党支部"),
        ("joint", "莲花片区联合党支部"),
        ("building", "莲花大厦党支部"),
        ("community", "莲花社区党支部"),
        ("floating", FLOATING),
    ]


def test_exact_name_comes_before_better_reasons(town):
    town.unit("莲花社区便民超市", organization=town.organization("便民超市党支部"))
    assert reasons(find("莲花社区"))[0] == ("community", "莲花社区党支部")


def test_desk_is_always_last_and_always_there(town):
    for typed in ("双强", "查不到的名字", ""):
        assert [line.reason for line in find(typed).desks] == ["desk"], typed
    assert find("双强").desks[0].phone == "0000-8800001"


def test_nothing_found_shows_no_organization(town):
    assert find("冥王星矿业").lines == ()


def test_homonyms_show_their_districts(town, make_town):
    other = make_town("平房区")
    other.unit("双强科技有限公司", organization=other.organization("双强科技党支部"))
    answer = find("双强科技")
    assert {line.district_name for line in answer.lines if line.name == OWN} == {"枞阳经济开发区", "平房区"}
    assert answer.many_districts
    assert {line.district_name for line in answer.desks} == {"枞阳经济开发区", "平房区"}


def test_district_narrows(town, make_town):
    other = make_town("平房区")
    other.unit("双强科技有限公司", organization=other.organization("双强科技党支部"))
    answer = find("双强", district=town.world.ref(other.district))
    assert {line.district_name for line in (*answer.lines, *answer.desks)} == {"平房区"}
    assert find("91340722MA2T000018", district=town.world.ref(other.district)).lines == ()


def test_district_includes_what_lies_below(town, world, make_town):
    park = districts.create(code="999901-kfq", name="高新园", kind="park", parent=town.district)
    town.district = park
    town.unit("银杏软件有限公司", organization=town.organization("银杏软件党支部"))
    above = session.get(District, park.parent_id)
    assert ("own", "银杏软件党支部") in reasons(find("银杏", district=world.ref(above)))


def test_district_without_a_center_offers_the_one_above(town, world):
    below = districts.create(code="999902-kfq", name="青山园", kind="park", parent=town.district)
    assert [line.district_name for line in find("甲", district=world.ref(below)).desks] == ["枞阳经济开发区"]


def test_city_without_a_center_offers_those_below_it(town, world):
    city = world.district(name="白云市")
    county = districts.create(code="999903", name="青山县", kind="county", parent=city)
    town.district = county
    town.desk("青山县党群服务中心")
    assert [line.district_name for line in find("白云").desks] == ["青山县"]
    assert [line.district_name for line in find("甲", district=world.ref(city)).desks] == ["青山县"]


def test_name_comes_before_an_address(town):
    town.unit("远航有限公司", organization=town.organization("远航党支部"), address="新楼路3号")
    assert reasons(find("新楼"))[:2] == [("building", "新楼工业园党支部"), ("own", "远航党支部")]


def test_district_name_leads_to_its_desk(town, make_town):
    make_town("平房区")
    for typed in ("平房区", "pingfang", "pfq"):
        assert [line.district_name for line in find(typed).desks] == ["平房区"], typed


def test_dissolved_organization_is_never_found(town):
    organization = own_branch()
    town.change(organization, dissolved_on=clock.today())
    assert OWN not in names(find("双强"))


def test_dissolution_through_the_verb_takes_the_entry_away(town):
    organization = own_branch()
    with town.world.writing(town.district):
        service.change_organization(
            organization, version=organization.version, actor=None, dissolved_on=clock.today()
        )
    with everything():
        assert (
            session.query(SearchEntry).filter_by(kind="organization", entity_id=organization.id).count() == 0
        )


@pytest.mark.parametrize("days, found", [(-1, False), (0, False), (1, True)])
def test_coverage_counts_until_the_day_before_its_end(town, days, found):
    with everything(), transaction():
        for row in session.query(UnitCoverage):
            row.valid_from, row.valid_to = date(2020, 1, 1), clock.today() + timedelta(days=days)
    assert (("joint", JOINT) in reasons(find("恒远"))) is found


def test_coverage_of_tomorrow_does_not_count_today(town):
    with everything(), transaction():
        for row in session.query(UnitCoverage):
            row.valid_from = clock.today() + timedelta(days=1)
    assert ("joint", JOINT) not in reasons(find("恒远"))


def test_index_follows_a_rename(town):
    with everything():
        unit = session.query(Unit).filter_by(name="枞阳县双强科技有限公司").one()
    with town.world.writing(town.district):
        units.change_unit(unit, version=unit.version, actor=None, name="丹霞科技有限公司", aliases=[])
    assert ("own", OWN) in reasons(find("danxia"))
    assert find("六好").lines == ()


def test_rolled_back_change_leaves_the_index_alone(town):
    with pytest.raises(RuntimeError), town.world.writing(town.district), transaction():
        units.create_unit(district_id=town.district.id, kind="other", name="昙花有限公司", actor=None)
        raise RuntimeError
    assert find("昙花").lines == ()


def test_rebuild_gives_the_same_index(town):
    def entries():
        with everything():
            return sorted(
                (row.kind, row.entity_id, row.number, row.name_key, row.terms)
                for row in session.query(SearchEntry)
            )

    before = entries()
    with everything(), transaction():
        session.query(SearchEntry).delete()
    assert find("双强").lines == ()
    assert search.rebuild(batch=3) > 10
    assert entries() == before
    assert OWN in names(find("双强"))


def test_member_data_is_in_no_entry(town, world):
    branch = town.organization("密云党支部")
    world.member(branch, name="欧阳密语", phone="10011112222")
    for typed in ("欧阳密语", "ouyangmiyu", "oymy", "10011112222"):
        assert find(typed).lines == ()


def test_door_of_a_unit_and_of_a_place(town, make_town):
    with everything():
        unit = session.query(Unit).filter_by(name="枞阳县双强科技有限公司").one()
        place = session.query(Place).filter_by(name="新楼工业园").one()
    here = town.world.ref(town.district)
    assert reasons(of_unit(unit.id, district=here))[0] == ("own", OWN)
    assert reasons(of_place(place.id, district=here))[0] == ("building", "新楼工业园党支部")
    other = town.world.ref(make_town("平房区").district)
    assert of_unit(unit.id, district=other) is None and of_place(place.id, district=other) is None


def test_distance_in_metres(town):
    near = town.organization("湖滨一支部", lat=30.7000, lng=117.2000)
    far = town.organization("湖滨二支部", lat=30.7100, lng=117.2000)
    answer = find("湖滨", near=(30.7000, 117.2010))
    found = {line.organization_id: line.metres for line in answer.lines}
    assert found[near.id] == 96 and found[far.id] == 1116
    assert names(answer)[:2] == ["湖滨一支部", "湖滨二支部"]


HOSTILE = [
    "x" * 1000,
    "双" * 1000,
    "😀👨‍👩‍👧",
    "\"'`;--",
    "' OR 1=1 --",
    "%%__",
    "双强* OR NEAR(a b)",
    "NOT AND OR",
    "name:双强",
    "^双强 + - ( ) { } [ ]",
    "\x00\x01\u202e双强",
    "a b c d e f g h i j k l",
    "&|!<->:*",
    "ﷺ" * 50,
    "𠮷野家",
]


@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_text_is_only_text(town, typed):
    find(typed)


def test_operators_in_the_text_change_nothing(town):
    assert reasons(find('双强"*()')) == reasons(find("双强"))


@given(st.text(max_size=80))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_answered_with_a_desk(town, typed):
    assert find(typed).desks


def test_queries_do_not_grow_with_rows(town):
    for _number in (1, 3):
        with queries() as seen:
            assert find("双强").lines
        assert len(seen) == 3, "\n".join(seen)
        for n in range(2):
            town.unit(f"双强{_number}{n}号有限公司", organization=town.organization(f"双强{_number}{n}支部"))


@pytest.mark.parametrize("typed", ["双强", "shuangqiang", "双", "sq", "91340722MA2T000018"])
@pytest.mark.parametrize("narrowed", [False, True])
def test_plan_looks_into_indexes_only(town, typed, narrowed):
    asked = understand(typed)
    here = town.world.ref(town.district) if narrowed else None
    sql, values = statement(asked, wanted(asked), district=here)
    if is_postgresql():
        # So few rows are read whole unless that is forbidden; where no index serves, they are all the same.
        # So is a walk along another index, one by one.
        for way in ("seqscan", "indexscan", "nestloop"):
            session.execute(text(f"SET LOCAL enable_{way} = off"))
        plan = "\n".join(row[0] for row in session.execute(text("EXPLAIN " + sql.text), values))
        assert "Seq Scan on search_entry" not in plan, plan
        assert "ix_search_entry_terms" in plan, plan
        return
    plan = session.execute(text("EXPLAIN QUERY PLAN " + sql.text), values)
    steps = [row[3] for row in plan]
    # The full-text index is "SCAN search_fts VIRTUAL TABLE INDEX …:M…"; the parts are its own short answers.
    scans = [step for step in steps if step.startswith("SCAN") and not step.startswith("SCAN part")]
    assert [step for step in scans if ":M" not in step] == [], steps
    assert any("search_fts VIRTUAL TABLE INDEX 0:M" in step for step in scans)


@pytest.mark.postgresql
@pytest.mark.parametrize("typed", ["shuangqiang", "shuangqiangk", "sqkj", "双", "双强keji", "zzz"])
def test_few_entries_are_asked_one_by_one_many_by_the_index_with_the_same_answer(town, monkeypatch, typed):
    here, asked = town.world.ref(town.district), understand(typed)
    answers, untouched = [], []
    for few, other in ((matching.HERE, "search_entry e_1"), (0, "CTE Scan on here e ")):
        monkeypatch.setattr(matching, "HERE", few)
        answers.append(find(typed, district=here))
        sql, values = statement(asked, wanted(asked), district=here)
        with everything():
            plan = [row[0] for row in session.execute(text("EXPLAIN ANALYZE " + sql.text), values)]
        untouched += [line for line in plan if other in line]
    assert answers[0] == answers[1] and (OWN in names(answers[0])) is (typed != "zzz")
    assert len(untouched) == 2 and all("never executed" in line for line in untouched), untouched


def test_employer_that_nobody_covers_is_named_when_it_was_meant(town):
    town.unit("昙花一号有限公司")
    town.unit("昙花二号有限公司")
    assert find("昙花一号有限公司").uncovered == ("昙花一号有限公司",)
    assert set(find("昙花").uncovered) == {"昙花一号有限公司", "昙花二号有限公司"}
    for number in range(3):
        town.unit(f"昙花{number}有限公司")
    assert find("昙花").uncovered == ()


def test_units_of_like_initials_do_not_crowd_out_the_organizations(town) -> None:
    for number in range(60):
        town.unit(f"平房{'安宝长东方高'[number % 6]}企{number}有限公司")
    wanted_one = town.organization("平房区作坊联合党支部", "joint_branch")
    assert wanted_one.name in names(find("pfq"))


def test_a_house_number_is_a_whole_number(town) -> None:
    for number in (31, 11, 1):
        town.organization(f"测试{number}党支部", office_address=f"江畔园{number}号办公楼")
    assert names(find("1号办公楼"))[0] == "测试1党支部"
    assert names(find("江畔园 １号办公楼"))[0] == "测试1党支部"
