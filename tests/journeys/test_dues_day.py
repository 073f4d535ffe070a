"""A dues day in a real browser: one collects, another counts; and every page of the branch measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select, update

from plugins.dues.models import DuesVoucher
from plugins.dues.service import assessments, obligations, openings, reliefs
from portal import clock
from portal.api import Actor
from portal.database import everything, session, transaction
from portal.identity.models import Account
from portal.testing import World
from tests.browser import Live, Visit
from tests.looks import in_every_look


@dataclass
class Day:
    """A branch with two collectors, its treasurer, and people who owe since September."""

    world: World
    district: Any
    branch: Any
    members: list[int]
    collector: Any
    counter: Any
    treasurer: Any
    secretary: Any

    def path(self, rest: str) -> str:
        return f"/d/{self.district.code}/dues/{rest}"


class _May(Actor):
    def can(self, permission: str, at: str | None = None) -> bool:
        return True


@pytest.fixture
def day(world: World) -> Iterator[Day]:
    """Everything is measured from today's real date: the served portal has no frozen clock."""
    district = world.district()
    branch = world.organization(district, name="龙山园区第一联合党支部")
    now = clock.month()
    start = f"{int(now[:4]) - 1}-{now[5:]}"
    names = ("赵明远", "钱桂芳", "孙国庆", "欧阳建华", "李秀英")
    people = [world.member(branch, name=name) for name in names]
    staff = [world.member(branch, name=name) for name in ("周立民", "吴晓梅")]
    ref = world.ref(district)
    with world.writing(district), transaction():
        openings.start_branch(district=ref, organization=branch, start_month=start, by=None)
        for number, member in enumerate([*people, *staff]):
            openings.take_over_member(
                district=ref,
                member=member,
                category="retired" if number % 2 else "salaried",
                base_fen=386_000 if number % 2 else 510_000,
                paid_through=_back(now, 8 if number == 2 else 3),
                by=None,
            )
        for back in range(8, -1, -1):
            obligations.create_month(district_id=district.id, month=_back(now, back))
    collector = world.account(staff[0], role="dues_collector", organization=branch)
    counter = world.account(staff[1], role="dues_collector", organization=branch)
    treasurer = world.account(role="treasurer", district=district)
    secretary = world.account(role="secretary", organization=branch)
    with world.writing(district), transaction():
        assessments.draft(
            district=ref,
            member=people[1],
            category="retired",
            base_fen=600_000,
            from_month=now,
            origin="sheet",
            by=collector.id,
        )
        reliefs.propose(
            district=ref,
            member=people[3],
            from_month=now,
            to_month=now,
            monthly_fen=500,
            reason="本人住院",
            meeting_on=clock.today(),
            document="支部大会记录第9号",
            by=_May(account_id=collector.id),
        )
    ids = [member.id for member in people]
    session.remove()
    yield Day(world, district, branch, ids, collector, counter, treasurer, secretary)


def _back(month: str, months: int) -> str:
    year, index = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - months, 12)
    return f"{year:04d}-{index + 1:02d}"


def vouchers() -> int:
    session.rollback()
    with everything():
        found = session.scalar(select(func.count()).select_from(DuesVoucher)) or 0
    session.remove()
    return found


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_dues_day_on_a_phone(day: Day, visit: Visit, script: bool):
    page = visit(day.path("branch"), account=day.collector, java_script_enabled=script)
    page.get_by_role("link", name="登记现金").click()
    page.get_by_role("button", name="记一张现金单").click()
    page.get_by_role("checkbox", name="赵明远").check()
    page.get_by_role("checkbox", name="钱桂芳").check()
    if script:
        # what the collector has in hand can be compared before the sheet goes on
        page.locator(f"#amount-{day.members[1]}").fill("２０.5元")
        assert page.locator("[data-cash]").inner_text().startswith("已勾2人，共")
        page.get_by_role("checkbox", name="赵明远").uncheck()
        assert page.locator("[data-cash]").inner_text() == "已勾1人，共20.50元"
        page.get_by_role("checkbox", name="赵明远").check()
    page.locator(f"#amount-{day.members[1]}").fill("二十")
    page.get_by_role("button", name="记完了，交给另一位同志").click()
    page.get_by_text("有几处要改").wait_for()  # what cannot be read is said, and kept
    assert page.locator(f"#amount-{day.members[1]}").input_value() == "二十"
    page.locator(f"#amount-{day.members[1]}").fill("")
    page.get_by_role("button", name="记完了，交给另一位同志").click()
    page.get_by_text("等另一位同志核对。").wait_for()
    assert vouchers() == 0
    counting = visit(day.path("cash"), account=day.counter, java_script_enabled=script)
    counting.get_by_role("link", name="龙山园区第一联合党支部").click()
    total = counting.locator("tfoot td.num").inner_text().removesuffix("元").replace(",", "")
    counting.get_by_label("点出来一共多少").fill("1")
    counting.get_by_role("button", name="核对无误，入账").click()
    counting.locator(".error-summary").get_by_text("不一样").wait_for()
    counting.get_by_label("点出来一共多少").fill(total)
    counting.get_by_role("button", name="核对无误，入账").click()
    counting.get_by_text("已入账2笔").wait_for()
    assert vouchers() == 2


PAGES = (
    ("branch", "collector"),
    ("branch/print", "collector"),
    ("cash", "collector"),
    ("bases", "treasurer"),
    ("bases/new", "collector"),
    ("remind", "collector"),
    ("arrears", "collector"),
    ("ledger", "secretary"),
    ("reliefs", "secretary"),
    ("reliefs/new", "secretary"),
    ("reliefs/1", "secretary"),
    ("openings", "treasurer"),
    ("totals", "treasurer"),
    ("cash/deposit", "treasurer"),
)


@pytest.mark.once
@pytest.mark.browser
@pytest.mark.parametrize("elder", [False, True], ids=["plain", "elder"])
def test_every_page_can_be_read_and_pressed(day: Day, visit: Visit, live: Live, elder: bool):
    if elder:
        with everything(), transaction():
            session.execute(update(Account).values(elder=True))
    held = {}
    for who in ("collector", "counter", "secretary", "treasurer"):
        page = visit("/", account=getattr(day, who), elder=elder)
        for path in (path for path, reader in PAGES if reader == who):
            page.goto(live.url + day.path(path))
            if found := in_every_look(page, elder=elder, widths=(375, 1366), schemes=("light",)):
                held[path] = found
    assert held == {}


@pytest.mark.browser
def test_the_group_text_is_copied_by_a_button(day: Day, visit: Visit):
    page = visit(day.path("remind"), account=day.collector, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制到微信群").click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.includes('不会用手机的请找我'))")
    assert page.locator(".copy-qr img").evaluate("image => image.naturalWidth") > 200


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_ledger_is_kept_under_its_chinese_name(day: Day, visit: Visit, script: bool):
    page = visit(day.path("ledger"), account=day.secretary, width=1366, java_script_enabled=script)
    with page.expect_download() as kept:
        page.get_by_role("button", name="导出Excel").click()
    assert kept.value.suggested_filename == f"龙山园区第一联合党支部{clock.month()[:4]}年党费收缴台账.xlsx"


@pytest.mark.browser
def test_the_only_holder_of_cash_is_chosen_already(day: Day, visit: Visit):
    page = visit(day.path("branch"), account=day.collector)
    page.get_by_role("link", name="登记现金").click()
    page.get_by_role("button", name="记一张现金单").click()
    page.get_by_role("checkbox", name="赵明远").check()
    page.get_by_role("button", name="记完了，交给另一位同志").click()
    page.get_by_text("等另一位同志核对。").wait_for()
    counting = visit(day.path("cash"), account=day.counter)
    counting.get_by_role("link", name="龙山园区第一联合党支部").click()
    counting.get_by_label("点出来一共多少").fill(counting.locator("tfoot td.num").inner_text())
    counting.get_by_role("button", name="核对无误，入账").click()
    counting.get_by_text("已入账1笔").wait_for()
    bank = visit(day.path("cash/deposit"), account=day.treasurer)
    assert bank.locator("input[name=holder]").is_checked()


@pytest.mark.browser
def test_choosing_people_to_remind_counts_them_and_all_means_all(day: Day, visit: Visit):
    page = visit(day.path("remind"), account=day.secretary, width=1366)
    boxes = page.locator("input[name=who]")
    tally = page.locator("[data-tally]")
    chosen = page.locator("input[name=who]:checked").count()
    assert tally.inner_text() == f"已选 {chosen} 项" and 0 < chosen < boxes.count()
    page.locator("[data-check-all]").check()
    assert tally.inner_text() == f"已选 {boxes.count()} 项"
    page.locator("[data-check-all]").uncheck()
    assert page.locator("input[name=who]:checked").count() == 0


@pytest.mark.browser
def test_a_wrong_amount_is_said_over_the_whole_width_of_a_phone(day: Day, visit: Visit):
    page = visit(day.path("cash"), account=day.collector, width=375)
    page.get_by_role("button", name="记一张现金单").click()
    page.get_by_role("checkbox", name="赵明远").check()
    page.get_by_label("赵明远交了多少元").fill("abc")
    page.get_by_role("button", name="记完了，交给另一位同志").click()
    said = page.locator("td .field-error")
    said.wait_for()
    assert said.bounding_box()["width"] > 250
