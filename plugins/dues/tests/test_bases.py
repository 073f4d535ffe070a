"""The yearly bases: the sheet staff use, a verdict per row, the member's word, another person's approval."""

from __future__ import annotations

import dataclasses
import io
import re
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from plugins.dues import hooks
from plugins.dues.base_columns import PROFILE, ratio
from plugins.dues.models import DuesAssessment, DuesBaseSheet
from plugins.dues.service import bases as service
from portal.api import Member, everything, session, sheet_kit
from portal.testing import Browser

from .conftest import Branch, create_months
from .test_cash import key

HEADERS = ["序号", "姓名", "岗位", "薪级", "基础性绩效", "养老", "职业年金", "公积金", "医疗", "所得税",
           "税后工资总额", "交纳比例", "每月应交", "共交", "备注"]  # fmt: skip
#: 3000 + 2500 + 1200 - 500 - 250 - 600 - 150 - 100 = 5100, 1.5 percent: 76.50
GOOD = ["3000", "2500", "1200", "500", "250", "600", "150", "100", "5100", "1.5%", "76.50", "918", ""]


def workbook(*rows: list[Any], headers: list[str] = HEADERS) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["2027年党费核算表"])
    page.append(headers)
    for row in rows:
        page.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_rows_filtered_away_are_not_read_and_a_hidden_column_is_said(staff: Any) -> None:
    branch, _people, collector, _treasurer = staff
    book = openpyxl.load_workbook(io.BytesIO(workbook(["1", "钱一", *GOOD], ["2", "孙二", *GOOD])))
    page = book.active
    page.auto_filter.ref = "A2:O4"
    page.row_dimensions[4].hidden = True
    page.column_dimensions["K"].hidden = True
    book.save(out := io.BytesIO())
    brought = bring(branch, collector, out.getvalue())
    assert brought.status_code == 303 and set(verdicts(branch)) == {3}
    said = collector.get(brought.location).get_data(as_text=True)
    assert "表里隐藏的1行没有读（筛选掉的、收起来的）。要一起读，请取消隐藏，再传一次。" in said
    assert "这些列在表里是隐藏的，也读了：税后工资总额。" in said
    page.row_dimensions[3].hidden = True
    book.save(out := io.BytesIO())
    refused = bring(branch, collector, out.getvalue())
    assert refused.status_code == 422 and "表里的数据都是隐藏的" in refused.get_data(as_text=True)


@pytest.fixture
def staff(branch: Branch) -> Any:
    """A branch with two people, its collector and its treasurer."""
    world = branch.world
    people = [branch.member(name=name, category="salaried", base_fen=480_000) for name in ("钱一", "孙二")]
    collector = world.browser(
        world.account(branch.member(name="收款甲"), role="dues_collector", organization=branch.organization)
    )
    treasurer = world.browser(world.account(role="treasurer", district=branch.district))
    return branch, people, collector, treasurer


def base(branch: Branch) -> str:
    return f"/d/{branch.district.code}/dues/bases"


def bring(
    branch: Branch, browser: Browser, data: bytes, *, name: str = "核算表.xlsx", month: str = "2027-01"
):
    form = {"_once": key(), "from_month": month, "branch": str(branch.organization.id)}
    return browser.post(f"{base(branch)}/new", data={**form, "file": (io.BytesIO(data), name)})


def sheet() -> DuesBaseSheet:
    session.rollback()
    session.expire_all()
    with everything():
        found = session.scalars(select(DuesBaseSheet).order_by(DuesBaseSheet.id.desc()).limit(1)).one()
        session.expunge_all()
        return found


def verdicts(branch: Branch) -> dict[int, tuple[str, str]]:
    with branch.inside():
        rows, _notices = service.judged(session.get_one(DuesBaseSheet, sheet().id), district=branch.ref)
        return {row.number: (row.verdict.value, "".join(map(str, row.reasons))) for row in rows}


def act(branch: Branch, browser: Browser, what: str, **fields: str):
    made = sheet()
    page = browser.get(f"{base(branch)}/{made.id}").get_data(as_text=True)
    plan = re.search(r'name="plan" value="(\w+)"', page)
    form = {"_once": key(), "version": str(made.version), "plan": plan[1] if plan else "", **fields}
    return browser.post(f"{base(branch)}/{made.id}/{what}", data=form)


def proposals(branch: Branch, *states: str) -> list[DuesAssessment]:
    session.rollback()
    session.expire_all()
    with everything():
        wanted = select(DuesAssessment).where(DuesAssessment.state.in_(states or ("draft", "confirmed")))
        found = list(session.scalars(wanted.order_by(DuesAssessment.id)))
        session.expunge_all()
        return found


def decide(branch: Branch, browser: Browser, what: str, *rows: DuesAssessment, **fields: str):
    picks = [f"{row.id}:{row.version}" for row in rows]
    return browser.post(f"{base(branch)}/decide", data={"_once": key(), "act": what, "pick": picks, **fields})


def test_a_year_from_the_sheet_to_the_months(staff):
    branch, (first, second), collector, treasurer = staff
    data = workbook(["1", "钱 一", *GOOD], ["2", "孙二", *[""] * 8, 4800, 0.01, 48, "", ""])
    assert bring(branch, collector, data).status_code == 303
    page = collector.get(f"{base(branch)}/{sheet().id}").get_data(as_text=True)
    assert "核定基数每月5100元，在5000元到10000元这一档，按1.5%算，每月76.50元。" in page
    assert [one for one, _why in verdicts(branch).values()] == ["changed", "same"]
    assert proposals(branch) == [], "a dry run writes nothing"
    assert act(branch, collector, "commit").status_code == 303
    (row,) = proposals(branch)
    assert (row.member_id, row.state, row.base_fen, row.amount_fen) == (first.id, "draft", 510_000, 7650)
    assert decide(branch, treasurer, "approve", row).status_code == 409, "the member has not confirmed yet"
    me = branch.world.browser(branch.world.account(first))
    confirm = {"_once": key(), "version": str(row.version)}
    done = me.post(f"/d/{branch.district.code}/dues/base/{row.id}/confirm", data=confirm)
    assert done.status_code == 303
    (row,) = proposals(branch)
    assert "本人已确认" in treasurer.get(base(branch)).get_data(as_text=True)
    assert decide(branch, collector, "approve", row).status_code == 403
    assert decide(branch, treasurer, "approve", row).status_code == 303
    create_months(branch, "2026-11", "2027-01")
    with branch.inside():
        from plugins.dues.models import DuesObligation

        found = session.execute(
            select(DuesObligation.month, DuesObligation.due_fen).where(DuesObligation.member_id == first.id)
        ).all()
    assert sorted(map(tuple, found)) == [("2026-11", 4800), ("2027-01", 7650)]


def test_the_same_file_twice_changes_nothing(staff):
    branch, _people, collector, _treasurer = staff
    data = workbook(["1", "钱一", *GOOD])
    for _turn in range(2):
        bring(branch, collector, data)
        act(branch, collector, "commit")
    assert verdicts(branch) == {} or [v for v, _w in verdicts(branch).values()] == ["same"]
    assert len(proposals(branch, "draft", "confirmed", "withdrawn")) == 1


def test_a_form_sent_twice_is_one_sheet(staff):
    branch, _people, collector, _treasurer = staff
    once = key()
    for _turn in range(2):
        form = {"_once": once, "from_month": "2027-01", "branch": str(branch.organization.id)}
        file = (io.BytesIO(workbook(["1", "钱一", *GOOD])), "a.xlsx")
        collector.post(f"{base(branch)}/new", data={**form, "file": file})
    with everything():
        assert len(session.scalars(select(DuesBaseSheet)).all()) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"每月应交": "49"}, "每月应交写的是49.00元，按规定是76.50元，差27.50元。"),
        ({"交纳比例": "1%"}, "交纳比例写的是1%，基数5100元应该按1.5%。"),
        ({"税后工资总额": "5000"}, "税后工资总额写的是5000.00元，按各项工资和扣款算是5100.00元，差100.00元"),
        ({"姓名": "周无此人"}, "“周无此人”不在这个支部"),
        ({"岗位": "九级"}, "看不懂"),
        ({"岗位": "-3000"}, "负数"),
        ({"所得税": "99999999"}, "基数不能小于0"),
        ({"岗位": "", "薪级": "", "基础性绩效": "", "养老": "", "职业年金": "", "公积金": "", "医疗": "",
          "所得税": "", "税后工资总额": "", "交纳比例": "", "每月应交": ""}, "请填写每月的基数"),
    ],
)  # fmt: skip
def test_a_wrong_row_says_what_is_wrong(staff, change: dict[str, str], said: str):
    branch, _people, collector, _treasurer = staff
    row = dict(zip(HEADERS, ["1", "钱一", *GOOD], strict=True)) | change
    bring(branch, collector, workbook([row[name] or None for name in HEADERS]))
    ((verdict, why),) = verdicts(branch).values()
    assert verdict == "refused" and said in why
    assert "没有要登记的变化" in collector.get(f"{base(branch)}/{sheet().id}").get_data(as_text=True)
    assert act(branch, collector, "commit").status_code == 409
    assert proposals(branch) == []


def test_rounding_of_the_sheet_is_only_noted(staff):
    branch, _people, collector, _treasurer = staff
    bring(branch, collector, workbook(["1", "钱一", *GOOD[:10], "76.5", "", ""]))
    assert verdicts(branch)[3] == ("changed", "")
    bring(branch, collector, workbook(["1", "钱一", *GOOD[:10], "76.55", "", ""]))
    assert verdicts(branch)[3] == ("changed", "")
    assert "差0.05元" in collector.get(f"{base(branch)}/{sheet().id}").get_data(as_text=True)


def test_two_of_the_same_name_need_the_last_four(staff):
    branch, (first, _second), collector, _treasurer = staff
    twin_tail = branch.member(name="钱一", category="salaried", base_fen=480_000).ric_tail
    first_tail = first.ric_tail
    bring(branch, collector, workbook(["1", "钱一", *GOOD]))
    assert "2位“钱一”" in verdicts(branch)[3][1]
    headers = [*HEADERS, "身份证号"]
    whole = "999999195001010" + twin_tail
    rows = (["1", "钱一", *GOOD, whole], ["2", "钱一", *GOOD, first_tail], ["3", "钱一", *GOOD, "000X"])
    bring(branch, collector, workbook(*rows, headers=headers))
    found = verdicts(branch)
    assert [found[n][0] for n in (3, 4, 5)] == ["changed", "changed", "refused"]
    assert "不一样" in found[5][1] and first_tail not in found[5][1], "the registered four stay unsaid"
    bring(branch, collector, workbook(rows[0], rows[0], headers=headers))
    assert "同一个人" in verdicts(branch)[4][1]


def test_wrong_rows_come_back_as_a_sheet_and_mended_go_in(staff):
    branch, _people, collector, _treasurer = staff
    bring(branch, collector, workbook(["1", "钱一", *GOOD], ["2", "孙二", *GOOD[:9], "2%", "102", "", ""]))
    assert act(branch, collector, "commit").status_code == 303
    answer = collector.get(f"{base(branch)}/{sheet().id}/wrong.xlsx")
    assert "attachment" in answer.headers["Content-Disposition"]
    page = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    assert rows[0] == [*HEADERS, "没有导入的原因", "原表行号"]
    assert [row[1] for row in rows[1:]] == ["孙二"] and rows[1][-1] == "4"
    assert "应该按1.5%" in rows[1][-2]
    rows[1][11], rows[1][12] = "1.5%", "76.50"
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    bring(branch, collector, stream.getvalue())
    assert [one for one, _why in verdicts(branch).values()] == ["changed"]


def test_what_is_committed_is_what_was_shown(staff):
    branch, (first, _second), collector, _treasurer = staff
    bring(branch, collector, workbook(["1", "钱一", *GOOD]))
    made = sheet()
    stale = {"_once": key(), "version": str(made.version), "plan": "0" * 32}
    assert collector.post(f"{base(branch)}/{made.id}/commit", data=stale).status_code == 409
    assert collector.post(f"{base(branch)}/{made.id}/commit", data={"_once": key()}).status_code == 400
    assert proposals(branch) == []


def test_who_brought_it_in_never_approves_it(staff):
    """K12: also when that person is the treasurer, and also with a signature on paper."""
    branch, _people, collector, treasurer = staff
    bring(branch, treasurer, workbook(["1", "钱一", *GOOD]))
    assert act(branch, collector, "commit").status_code == 403, "another person's sheet"
    assert act(branch, treasurer, "commit").status_code == 303
    (row,) = proposals(branch)
    assert decide(branch, collector, "paper", row).status_code == 303
    (row,) = proposals(branch)
    assert (row.state, row.confirmed_how) == ("confirmed", "paper")
    assert decide(branch, treasurer, "approve", row).status_code == 403
    second = branch.world.browser(branch.world.account(role="treasurer", district=branch.district))
    assert decide(branch, second, "approve", row).status_code == 303
    assert proposals(branch) == []


def test_a_proposal_is_sent_back_with_a_reason(staff):
    branch, _people, collector, _treasurer = staff
    bring(branch, collector, workbook(["1", "钱一", *GOOD]))
    act(branch, collector, "commit")
    (row,) = proposals(branch)
    assert decide(branch, collector, "withdraw", row).status_code == 422
    assert decide(branch, collector, "withdraw").status_code == 422
    assert decide(branch, collector, "nonsense", row).status_code == 400
    assert decide(branch, collector, "withdraw", row, reason="工资还没定").status_code == 303
    assert [one.reason for one in proposals(branch, "withdrawn")] == ["工资还没定"]


def test_other_branches_and_plain_members_find_nothing(staff):
    branch, (first, _second), collector, _treasurer = staff
    bring(branch, collector, workbook(["1", "钱一", *GOOD]))
    act(branch, collector, "commit")
    (row,) = proposals(branch)
    world, made = branch.world, sheet()
    other = world.organization(branch.district)
    neighbour = world.browser(world.account(world.member(other), role="dues_collector", organization=other))
    for path in (f"/{made.id}", f"/{made.id}/wrong.xlsx", f"/new?branch={branch.organization.id}"):
        assert neighbour.get(base(branch) + path).status_code == 404, path
    assert "钱一" not in neighbour.get(base(branch)).get_data(as_text=True)
    assert decide(branch, neighbour, "paper", row).status_code == 404
    form = {"_once": key(), "version": "1", "plan": ""}
    assert neighbour.post(f"{base(branch)}/{made.id}/discard", data=form).status_code == 404
    assert world.browser(world.account(first)).get(base(branch)).status_code == 404
    admin = world.browser(world.account(role="district_admin", district=branch.district))
    assert admin.get(base(branch)).status_code == 404, "totals only, no bases"


# Named: a sheet holds the second it was made in, and two workers must collect the same tests.
@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.7", b"PK\x03\x04broken", workbook()[:900], b"a,b\n1,2\n"],
    ids=["empty", "another-kind", "broken", "cut-off", "commas"],
)
def test_a_file_that_is_no_sheet_is_refused_in_words(staff, data: bytes):
    branch, _people, collector, _treasurer = staff
    answer = bring(branch, collector, data)
    assert answer.status_code == 422 and "error-summary" in answer.get_data(as_text=True)
    with everything():
        assert session.scalars(select(DuesBaseSheet)).all() == []


def test_what_is_kept_of_a_sheet_is_sealed_and_forgotten(staff):
    branch, _people, collector, _treasurer = staff
    bring(branch, collector, workbook(["1", "钱一", *GOOD]))
    assert "钱一".encode() not in sheet().rows_sealed and b"5100" not in sheet().rows_sealed
    assert act(branch, collector, "discard").status_code == 303
    assert sheet().rows_sealed is None and sheet().state == "discarded"
    assert act(branch, collector, "commit").status_code == 409


def test_old_sheets_are_forgotten_by_the_job_and_by_an_erasure(staff):
    from datetime import timedelta

    from portal.api import clock

    branch, (first, _second), collector, _treasurer = staff
    who = branch.world.member_ref(first)
    bring(branch, collector, workbook(["1", "钱一", *GOOD]))
    with branch.inside():
        assert service.forget(before=clock.now() - timedelta(days=30)) == 0
        assert service.forget(before=clock.now() + timedelta(days=1)) == 1
    assert (sheet().rows_sealed, sheet().state) == (None, "discarded")
    bring(branch, collector, workbook(["1", "钱一", *GOOD]))
    # Whoever is erased has left before, and stands in no branch any more.
    gone = dataclasses.replace(who, organization_id=None)
    with branch.inside():
        hooks.erase(dataclasses.replace(gone, name="孙九"))
        assert sheet().rows_sealed is not None, "another one's sheet stays"
        hooks.erase(gone)
    assert sheet().rows_sealed is None


@pytest.mark.parametrize(
    ("cell", "rate"),
    [("1.5%", "0.015"), ("１．５％", "0.015"), (Decimal("0.015"), "0.015"), ("1.5", "0.015"),
     (Decimal("0.5"), "0.005"), ("0.005", "0.005"), ("百分之2", "0.02"), (Decimal(2), "0.02")],
)  # fmt: skip
def test_a_ratio_is_read_as_people_write_it(cell: Any, rate: str):
    assert ratio(cell, sheet_kit.Where(label="交纳比例")) == Decimal(rate)


def test_the_template_is_recognised_again(staff):
    branch, _people, collector, _treasurer = staff
    answer = collector.get(f"{base(branch)}/template.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
    book.worksheets[0].cell(4, 2, "钱一")
    total = [column.header for column in PROFILE.columns].index("税后工资总额") + 1
    book.worksheets[0].cell(4, total, "5100")
    stream = io.BytesIO()
    book.save(stream)
    assert bring(branch, collector, stream.getvalue()).status_code == 303
    assert [one for one, _why in verdicts(branch).values()] == ["changed"]


def test_the_members_record_is_the_only_one_asked(staff):
    """Somebody of another branch with the same name is never matched."""
    branch, _people, collector, _treasurer = staff
    other = branch.world.organization(branch.district)
    stranger: Member = branch.world.member(other, name="吴别处")
    bring(branch, collector, workbook(["1", stranger.name, *GOOD]))
    assert verdicts(branch)[3][0] == "refused"
