"""The working days on a page: a year's holidays and make-up days, where they come from, what is missing."""

from __future__ import annotations

import re
from datetime import date

import pytest

from portal import clock, workdays
from portal.admin.views_workdays import holidays
from portal.database import session
from portal.districts.models import District
from portal.testing import Browser, World, queries
from tests import looks
from tests.browser import Visit
from tests.workdays.test_files import HEAD, NEW_YEAR

PATH = "/d/990100/admin/workdays"


@pytest.fixture
def county(world: World) -> District:
    return world.district("990100", name="试验县")


@pytest.fixture
def boss(world: World, county: District) -> Browser:
    return world.browser(world.account(role="district_admin", district=county))


def table(page: str) -> list[list[str]]:
    """Return the cells of a page's one table, without their markup."""
    [body] = re.findall(r"<tbody.*?</tbody>", page, re.DOTALL)
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    plain = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<br>", " ", cell).strip() for cell in row] for row in plain]


def test_a_year_reads_like_its_notice(boss: Browser) -> None:
    page = boss.get(f"{PATH}/2026").get_data(as_text=True)
    assert table(page) == [
        ["元旦", "1月1日（周四）至1月3日（周六）", "3", "1月4日（周日）"],
        ["春节", "2月15日（周日）至2月23日（周一）", "9", "2月14日（周六） 2月28日（周六）"],
        ["清明节", "4月4日（周六）至4月6日（周一）", "3", "不调休"],
        ["劳动节", "5月1日（周五）至5月5日（周二）", "5", "5月9日（周六）"],
        ["端午节", "6月19日（周五）至6月21日（周日）", "3", "不调休"],
        ["中秋节", "9月25日（周五）至9月27日（周日）", "3", "不调休"],
        ["国庆节", "10月1日（周四）至10月7日（周三）", "7", "9月20日（周日） 10月10日（周六）"],
    ]
    assert "国办发明电〔2025〕7号" in page and "2025年11月4日" in page and "随系统带来" in page
    assert "凭记忆" not in page and "以前的" not in page
    assert table(boss.get(f"{PATH}/2025").get_data(as_text=True))[0] == [
        "元旦",
        "1月1日（周三）",
        "1",
        "不调休",
    ]


def test_what_is_from_memory_and_what_is_no_longer_in_force_is_said(boss: Browser) -> None:
    memory = (HEAD + NEW_YEAR).replace("[[holiday]]", "from_memory = true\n[[holiday]]", 1)
    workdays.publish(workdays.read(memory), by=None)
    assert "凭记忆录入的，还没有和通知原文核对" in boss.get(f"{PATH}/2027").get_data(as_text=True)
    assert "没有核对通知" in boss.get(PATH).get_data(as_text=True)
    workdays.publish(workdays.read(HEAD + NEW_YEAR), by=None)
    page = boss.get(f"{PATH}/2027").get_data(as_text=True)
    assert "凭记忆" not in page and "部署人员导入" in page and f'href="{PATH}/2027?version=1"' in page
    before = boss.get(f"{PATH}/2027?version=1").get_data(as_text=True)
    assert "这是以前的第1版，现在用的是第2版。" in before and "凭记忆" in before
    assert "没有核对通知" not in boss.get(PATH).get_data(as_text=True)


@pytest.mark.parametrize(
    ("today", "missing"),
    [
        (date(2026, 10, 31), []),
        (date(2026, 11, 1), [2027]),
        (date(2027, 3, 1), [2027]),
        (date(2027, 11, 1), [2027, 2028]),
    ],
)
def test_a_year_that_should_be_there_is_missed_from_november_on(
    world: World, county: District, today: date, missing: list[int]
) -> None:
    with clock.frozen(today):
        boss = world.browser(world.account(role="deployer", district=county))
        page = boss.get(PATH).get_data(as_text=True)
    assert [int(year) for year in re.findall(r"(\d{4})年的日历还没有，先按周一到周五算", page)] == missing


@pytest.mark.parametrize(
    "path",
    [
        "/2031",
        "/1900",
        "/99999999999999999999",
        "/2026?version=2",
        "/2026?version=0",
    ],
)
def test_a_year_or_version_that_is_not_there_is_not_found(boss: Browser, path: str) -> None:
    assert boss.get(PATH + path).status_code == 404


def test_a_version_that_is_no_number_is_the_one_in_force(boss: Browser) -> None:
    for version in ("x", "", "9" * 20):
        assert boss.get(f"{PATH}/2026?version={version}").status_code == 200


def test_who_has_no_such_role_sees_no_calendar(world: World, county: District) -> None:
    stranger = world.browser(world.account(district=county))
    assert stranger.get(PATH).status_code in (403, 404) and stranger.get(f"{PATH}/2026").status_code in (
        403,
        404,
    )


def test_the_list_costs_the_same_with_more_years(boss: Browser) -> None:
    boss.get(PATH)
    costs = []
    for number in range(2):
        session.rollback()
        with queries() as seen:
            assert boss.get(PATH).status_code == 200
        costs.append(len(seen))
        if not number:
            for year in (2030, 2031, 2032):
                workdays.publish(workdays.read((HEAD + NEW_YEAR).replace("2027", str(year))), by=None)
    assert costs[0] == costs[1]


def test_a_holiday_that_comes_twice_in_a_year_is_two_lines() -> None:
    text = (
        HEAD
        + NEW_YEAR
        + '[[holiday]]\nname = "元旦"\nfirst = 2027-12-31\nlast = 2027-12-31\nwork = [2027-12-25]\n'
    )
    made = workdays.read(text)
    shown = workdays.Published(
        year=2027, version=1, origin="own", source=made.source, published_at=clock.now(), days=made.days
    )
    assert [(one.first, one.length, one.work) for one in holidays(shown)] == [
        (date(2027, 1, 1), 3, []),
        (date(2027, 12, 31), 1, [date(2027, 12, 25)]),
    ]


@pytest.mark.browser
@pytest.mark.parametrize("elder", [False, True])
def test_the_pages_can_be_read_and_pressed(visit: Visit, world: World, county: District, elder: bool) -> None:
    account = world.account(role="district_admin", district=county, elder=elder)
    for path in (PATH, f"{PATH}/2026"):
        page = visit(path, account=account, elder=elder)
        assert looks.in_every_look(page, elder=elder, schemes=("light",)) == {}
