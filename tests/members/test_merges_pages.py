"""The desk's list of merges and the page that takes one back."""

from __future__ import annotations

import re

from sqlalchemy import select

from portal.audit.models import AuditRow
from portal.database import everything, session
from portal.members.models import Member, MemberMerge
from portal.testing import World, queries
from tests.members.test_unmerging import full, merge


def form(page: str, **values: str) -> dict[str, str]:
    """Return the form as the page hands it out."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    return {**hidden, "reason": "核对后是两个人", **values}


def test_the_desk_finds_a_merge_sees_what_comes_back_and_undoes_it(world: World):
    here = world.district()
    branch = world.organization(here, name="甲支部")
    kept, absorbed = world.member(branch, name="王小明"), world.member(branch, name="王晓明")
    full(world, absorbed, branch)
    account = world.account(role="desk", district=here)
    desk = world.browser(account)
    members = f"/d/{here.code}/desk/members"
    page = desk.get(f"{members}/{kept.id}/merge?other={absorbed.uid}").get_data(as_text=True)
    assert "30天内可以" in page and "不能再分开" not in page
    done = desk.post(f"{members}/{kept.id}/merge", data=form(page, reason="重复登记"))
    assert done.status_code == 303
    listed = desk.get(f"/d/{here.code}/desk/merges").get_data(as_text=True)
    assert "“王晓明”并入“王小明”" in listed and "原因：重复登记" in listed and account.display_name in listed
    with everything():
        merged = session.scalars(select(MemberMerge)).one()
        session.rollback()
    url = f"/d/{here.code}/desk/merges/{merged.id}"
    assert url in listed and url in desk.get(f"/d/{here.code}/desk/members/{absorbed.id}").get_data(
        as_text=True
    )
    preview = desk.get(url).get_data(as_text=True)
    assert "任职1条、发展和党籍的变动1条、申请1条" in preview and "“甲支部”" in preview
    silent = desk.post(url, data=form(preview, reason=""))
    assert silent.status_code == 422 and "请写明撤销合并的原因" in silent.get_data(as_text=True)
    answer = desk.post(url, data=form(preview))
    assert answer.status_code == 303 and answer.headers["Location"].endswith(f"/desk/members/{absorbed.id}")
    assert "合并已撤销，“王晓明”的登记恢复了。" in desk.get(answer.headers["Location"]).get_data(as_text=True)
    late = desk.post(url, data=form(preview, _once="z" * 12))
    assert late.status_code == 409
    again = desk.get(url).get_data(as_text=True)
    assert "已经撤销过了" in again and "核对后是两个人" in again and "<textarea" not in again
    with everything():
        row = session.get_one(Member, absorbed.id)
        assert (row.closed_on, row.remark, row.state) == (None, "原来的备注", "suspended")
        told = session.scalars(
            select(AuditRow.subject_id).where(AuditRow.action == "member.unmerge").order_by(AuditRow.id)
        ).all()
        assert [str(one) for one in told] == [str(kept.id), str(absorbed.id)]


def test_the_form_names_all_three_versions(world: World):
    here = world.district()
    branch = world.organization(here)
    kept, absorbed = world.member(branch), world.member(branch)
    with world.writing(here):
        merged = merge(kept, absorbed)
    desk = world.browser(world.account(role="desk", district=here))
    url = f"/d/{here.code}/desk/merges/{merged.id}"
    whole = form(desk.get(url).get_data(as_text=True))
    for name in ("version", "kept_version", "absorbed_version"):
        lacking = {key: value for key, value in whole.items() if key != name}
        assert desk.post(url, data=lacking).status_code == 400
        assert desk.post(url, data={**whole, name: "7", "_once": name.ljust(20, "k")}).status_code == 409
    with everything():
        assert session.scalars(select(MemberMerge.state)).all() == ["merged"]


def test_strangers_and_lesser_roles_find_no_merge(world: World):
    here, there = world.district(), world.district()
    branch = world.organization(here)
    kept, absorbed = world.member(branch, name="甲密人"), world.member(branch, name="甲密人")
    with world.writing(here):
        merged = merge(kept, absorbed)
    foreign = world.browser(world.account(role="desk", district=there))
    own = world.browser(world.account(kept))
    for browser, code in ((foreign, there.code), (foreign, here.code), (own, here.code)):
        for path in (f"/d/{code}/desk/merges/{merged.id}", f"/d/{code}/desk/merges/99999"):
            assert browser.get(path).status_code == 404
            sent = {"version": "1", "kept_version": "2", "absorbed_version": "3", "_once": "k" * 12}
            assert browser.post(path, data={**sent, "reason": "x"}).status_code == 404
    assert "甲密人" not in foreign.get(f"/d/{there.code}/desk/merges").get_data(as_text=True)


def test_a_list_of_one_and_of_three_asks_the_same_number_of_questions(world: World):
    here = world.district()
    branch = world.organization(here)
    desk = world.browser(world.account(role="desk", district=here))
    counts = []
    for _more in range(3):
        with world.writing(here):
            merge(world.member(branch), world.member(branch))
        with queries() as seen:
            assert desk.get(f"/d/{here.code}/desk/merges").status_code == 200
        counts.append(len(seen))
    assert counts[1] == counts[2]
