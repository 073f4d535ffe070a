"""An erased person's rows go from every uploaded sheet that is still kept; nobody else's."""

from __future__ import annotations

from sqlalchemy import select

from portal import clock
from portal.database import session
from portal.members import rights
from portal.members.models import Member
from portal.sheets.imports.models import ImportBatch, ImportRow
from portal.sheets.imports.store import read_cells
from portal.testing import invented_ric
from tests.sheets.imports.desk import member_row, member_sheet


def erased(desk, name: str) -> int:
    """Close and erase the record of a name; return its id."""
    member = session.scalars(select(Member).where(Member.name == name)).one()
    member = rights.leave(
        member, version=member.version, on_day=clock.today(), exit_type="withdrew", reason="退", actor=None
    )
    rights.erase(member, version=member.version, reason="本人申请", actor=None)
    return int(member.id)


def numbers(batch: ImportBatch) -> list[int]:
    session.expire_all()
    found = select(ImportRow.number).where(ImportRow.batch_id == batch.id).order_by(ImportRow.number)
    return list(session.scalars(found))


def test_a_sheet_still_looked_at_goes_on_without_the_row(desk, branch):
    desk.imported("members", member_sheet(member_row(1, 姓名="赵一"), member_row(2, 姓名="钱二")))
    waiting = desk.upload(
        "members",
        # Another one of the same name stays; so does who is not erased.
        member_sheet(
            member_row(1, 姓名="赵一", 工作岗位="会计"),
            member_row(2, 姓名="钱二", 工作岗位="出纳"),
            member_row(3, 姓名="赵一"),
        ),
    )
    assert waiting.counts == {"new": 1, "changed": 2, "same": 0, "refused": 0}
    assert len(numbers(waiting)) == 3
    erased(desk, "赵一")
    assert len(numbers(waiting)) == 2
    assert (waiting.counts, waiting.total) == ({"new": 1, "changed": 1, "same": 0, "refused": 0}, 2)
    desk.commit(waiting)
    posts = {name: post for name, post in session.execute(select(Member.name, Member.post))}
    assert posts == {"已删除": "", "钱二": "出纳", "赵一": ""}


def test_a_refused_row_goes_by_its_number_and_a_spaced_phone_is_the_same(desk, branch):
    desk.imported("members", member_sheet(member_row(1, 姓名="赵一")))
    phone = str(member_row(1)[12])
    refused = desk.upload(
        "members",
        member_sheet(
            member_row(1, 公民身份证号="不清楚", 手机号=f"{phone[:3]} {phone[3:7]}-{phone[7:]}"),
            member_row(2, 公民身份证号="不清楚", 备注=invented_ric(1)),
            member_row(3, 公民身份证号="不清楚"),
        ),
    )
    assert refused.counts["refused"] == 3
    erased(desk, "赵一")
    [left] = numbers(refused)
    assert (left, refused.counts["refused"], refused.total) == (6, 1, 1)


def test_what_was_committed_keeps_its_other_rows(desk, branch):
    done = desk.imported("members", member_sheet(member_row(1, 姓名="赵一"), member_row(2, 姓名="钱二")))
    erased(desk, "赵一")
    session.expire_all()
    [(_number, cells)] = read_cells(done)
    assert "钱二" in cells and done.state == "committed"
