"""The desk's registers: lists, forms, conflicts, exports, and what nobody may see."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from sqlalchemy import func, select

from portal.audit.models import AuditRow
from portal.database import everything, session, transaction
from portal.identity.models import RolePermission
from portal.members.models import Member
from portal.members.sealed import unseal
from portal.organizations.models import Organization, Unit
from portal.sheets.reading import read_tables
from portal.testing import invented_ric, queries


@pytest.fixture
def town(world):
    district = world.district(name="甲区")
    branch = world.organization(district, name="甲党支部", sort_key="jia dang zhi bu")
    browser = world.browser(world.account(role="desk", district=district))
    return district, branch, browser


def page(browser, path, status=200):
    answer = browser.get(path)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def hidden(html):
    """Return the hidden fields of the page's own form."""
    found = dict(re.findall(r'name="(_once|version)" value="([^"]+)"', html))
    assert "_once" in found
    return found


def fields(html):
    """Return what a form would send if nobody typed: inputs and chosen options."""
    form = html[html.index('name="_once"') :]
    form = form[: form.index("</form>")]
    found = dict(
        re.findall(r'<input class="form-control[^"]*" id="[^"]+" name="([^"]+)"[^>]*? value="([^"]*)"', form)
    )
    for name, body in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        found[name] = chosen[1] if chosen else ""
    return found | hidden(html)


def audits(action):
    with everything():
        return session.scalar(select(func.count()).select_from(AuditRow).where(AuditRow.action == action))


def test_organization_by_hand(town):
    district, branch, browser = town
    base = f"/d/{district.code}/desk/organizations"
    html = page(browser, f"{base}/new")
    bad = browser.post(
        f"{base}/new", data=hidden(html) | {"name": "乙党总支", "kind": "党总支", "founded_on": "1985.13"}
    )
    text = bad.get_data(as_text=True)
    assert bad.status_code == 422 and "成立日期“1985.13”看不懂" in text and 'value="乙党总支"' in text
    form = hidden(html) | {
        "name": "乙党总支",
        "kind": "党总支",
        "founded_on": "１９８５．７",
        "office_phone": "0562 3210000",
    }
    made = browser.post(f"{base}/new", data=form)
    assert made.status_code == 303
    again = browser.post(f"{base}/new", data=form)
    assert again.location == made.location and audits("organization.create") == 1
    shown = page(browser, made.location)
    assert "1985-07-01" in shown and "0562-3210000" in shown
    typed = fields(page(browser, f"{made.location}/edit"))
    assert typed["founded_on"] == "1985-07-01" and typed["kind"] == "党总支"
    saved = browser.post(f"{made.location}/edit", data=typed | {"office_phone": ""})
    assert saved.status_code == 303 and "3210000" not in page(browser, made.location)


def test_taken_name_and_bad_parent_are_said(town):
    district, branch, browser = town
    base = f"/d/{district.code}/desk/organizations"
    token = hidden(page(browser, f"{base}/new"))
    answer = browser.post(f"{base}/new", data=token | {"name": "甲党支部", "kind": "党支部"})
    assert answer.status_code == 422 and "已经有叫“甲党支部”的党组织" in answer.get_data(as_text=True)
    answer = browser.post(
        f"{base}/new", data=token | {"name": "丙党委", "kind": "党委", "parent": "甲党支部"}
    )
    assert answer.status_code == 422 and "下面不能设这一类" in answer.get_data(as_text=True)
    path = f"{base}/{branch.id}/edit"
    typed = fields(page(browser, path)) | {"parent": "没有的党委"}
    answer = browser.post(path, data=typed)
    assert answer.status_code == 422 and "在本地没有登记" in answer.get_data(as_text=True)


@pytest.mark.parametrize("what", ["organizations", "units", "members"])
def test_second_save_of_two_is_told_field_by_field(town, world, what):
    district, branch, browser = town
    member = world.member(branch, name="王芳")
    with world.writing(district):
        unit = Unit(district_id=district.id, kind="other", name="甲公司")
        session.add(unit)
        session.commit()
        number = {"organizations": branch.id, "units": unit.id, "members": member.id}[what]
    path = f"/d/{district.code}/desk/{what}/{number}/edit"
    field = {"organizations": "office_address", "units": "address", "members": "post"}[what]
    mine, theirs = fields(page(browser, path)), fields(page(browser, path))
    assert browser.post(path, data=theirs | {field: "别人填的"}).status_code == 303
    late = browser.post(path, data=mine | {field: "我填的"})
    text = late.get_data(as_text=True)
    assert late.status_code == 409 and "别人填的" in text and text.count("我填的") == 2
    assert (
        browser.post(
            path, data={k: v for k, v in mine.items() if k != "version"} | {"_once": "x" * 20}
        ).status_code
        == 400
    )
    after = fields(text)
    assert browser.post(path, data=after).status_code == 303
    assert "我填的" in page(browser, path.removesuffix("/edit"))


def test_unit_by_hand_warns_of_a_code_and_never_blocks(town):
    district, _branch, browser = town
    base = f"/d/{district.code}/desk/units"
    token = hidden(page(browser, f"{base}/new"))
    form = token | {
        "name": "甲公司",
        "kind": "非公企业",
        "uscc": "91350211M0000XUF46",
        "place": "甲园",
        "organization": "甲党支部",
    }
    made = browser.post(f"{base}/new", data=form)
    assert made.status_code == 303
    text = page(browser, made.location)
    assert "校验位对不上" in text and "甲园" in text and "甲党支部" in text
    typed = fields(page(browser, f"{made.location}/edit")) | {
        "organization": "",
        "place": "",
        "staff": "12人",
    }
    assert browser.post(f"{made.location}/edit", data=typed).status_code == 303
    text = page(browser, made.location)
    assert "甲党支部" not in text and "甲园" not in text and "12" in text


def test_member_by_hand(town, world):
    district, branch, browser = town
    base = f"/d/{district.code}/desk/members"
    html = page(browser, f"{base}/new")
    assert '<option value="甲党支部"' in html
    form = hidden(html) | {
        "name": "王 芳", "ric": invented_ric(1), "branch": "甲党支部", "stage": "正式党员",
        "phone": "１２０ 0000 0009", "joined_on": "2005.7", "address": "甲路1号",
    }  # fmt: skip
    bad = browser.post(f"{base}/new", data=form)
    assert bad.status_code == 422 and "应是11位手机号" in bad.get_data(as_text=True)
    made = browser.post(f"{base}/new", data=form | {"phone": "139 0000 0009"})
    assert made.status_code == 303, bad.get_data(as_text=True)
    text = page(browser, made.location)
    assert "13900000009" in text and "甲路1号" in text and invented_ric(1) not in text
    assert audits("view") == 1
    twice = browser.post(f"{base}/new", data=form | {"phone": "", "_once": "another-key-1"})
    assert twice.status_code == 422 and "已经登记在“王芳”名下" in twice.get_data(as_text=True)
    typed = fields(page(browser, f"{made.location}/edit"))
    assert "ric" not in typed and "branch" not in typed
    late = typed | {"joined_on": "1960-01-01", "ric": invented_ric(2), "district_id": "99", "state": "正常"}
    assert browser.post(f"{made.location}/edit", data=late).status_code == 422
    good = late | {"joined_on": "2006-01-01", "phone": "", "post": "会计"}
    assert browser.post(f"{made.location}/edit", data=good).status_code == 303
    with world.writing(district):
        row = session.scalars(select(Member)).one()
        assert (unseal(row, "phone"), row.phone_index, row.post) == ("", None, "会计")
        assert (row.district_id, row.ric_tail) == (district.id, invented_ric(1)[-4:])


def test_list_searches_filters_sorts_and_pages(town, world):
    district, branch, browser = town
    for number in range(53):
        world.member(branch, name=f"赵测{number}", stage="probationary" if number == 7 else "full")
    base = f"/d/{district.code}/desk/members"
    first = page(browser, base)
    assert first.count('scope="row"') == 50
    onward = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = page(browser, onward)
    assert second.count('scope="row"') == 3
    back = re.search(r'rel="prev" href="([^"]+)"', second)[1].replace("&amp;", "&")
    assert re.findall(r'members/(\d+)"', page(browser, back)) == re.findall(r'members/(\d+)"', first)
    assert page(browser, f"{base}?stage=probationary").count('scope="row"') == 1
    assert page(browser, f"{base}?q=赵测52").count('scope="row"') == 1
    assert page(browser, f"{base}?q=zhaoce").count('scope="row"') == 50
    assert "没有找到" in page(browser, f"{base}?q=%25")
    joined = page(browser, f"{base}?sort=-joined")
    assert joined.count('scope="row"') == 50
    onward = re.search(r'rel="next" href="([^"]+)"', joined)[1].replace("&amp;", "&")
    assert page(browser, onward).count('scope="row"') == 3
    fragment = browser.get(f"{base}?q=赵测52", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert fragment.strip().startswith('<div id="list"')
    for bad in (
        "x",
        "AAAA",
        "W10",
        "eyJ4IjoxfQ",
        "WzEsMV0",
        "WyJ4IiwxZTQwMF0",
        "WyJ4Iiw5OTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ",
    ):
        assert browser.get(f"{base}?after={bad}").status_code == 400


def test_list_costs_the_same_at_one_and_many_rows(town, world):
    district, branch, browser = town
    counts = []
    for number in (1, 3):
        for _ in range(number):
            world.member(branch)
        page(browser, f"/d/{district.code}/desk/members")
        with queries() as seen:
            page(browser, f"/d/{district.code}/desk/members")
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 5, counts


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_exports_are_masked_logged_and_come_back(town, world, kind):
    district, branch, browser = town
    world.member(branch, name="=cmd|王", phone="10012345678")
    base = f"/d/{district.code}/desk"
    answer = browser.post(f"{base}/members/export", data={"as": kind})
    assert (
        answer.headers["Content-Disposition"].startswith("attachment;")
        and kind in answer.headers["Content-Disposition"]
    )
    [table] = read_tables(answer.data)
    assert table.rows[1][0] == "=cmd|王" and table.rows[1][5] == "5678"
    assert "10012345678" not in str(table.rows)
    if kind == "xlsx":
        assert openpyxl.load_workbook(io.BytesIO(answer.data)).active["A2"].data_type == "s"
    assert audits("member.export") == 1
    answer = browser.post(f"{base}/organizations/export", data={"as": kind})
    back = browser.post(
        f"{base}/import/organizations",
        data={"file": (io.BytesIO(answer.data), "x.xlsx"), "form_key": f"key-{kind}-123"},
        content_type="multipart/form-data",
    )
    assert "不变1行" in page(browser, back.location)


def test_secretary_sees_the_own_branch_only_and_strangers_nothing(town, world):
    district, branch, _browser = town
    other = world.organization(district, name="乙党支部")
    mine, theirs = world.member(branch, name="王芳", phone="10012345678"), world.member(other, name="李强")
    secretary = world.browser(world.account(mine, role="secretary", organization=branch))
    collector = world.browser(world.account(role="dues_collector", organization=branch))
    elsewhere = world.browser(world.account(role="desk", district=world.district()))
    base = f"/d/{district.code}/desk/members"
    text = page(secretary, base)
    assert "王芳" in text and "李强" not in text and "登记党员" not in text
    assert "没有找到" in page(secretary, f"{base}?q=李强&branch={other.id}")
    assert "10012345678" in page(secretary, f"{base}/{mine.id}")
    assert "10012345678" not in page(collector, f"{base}/{mine.id}")
    page(secretary, f"{base}/{theirs.id}", 404)
    page(secretary, f"{base}/{mine.id}/edit", 404)
    [table] = read_tables(secretary.post(f"{base}/export").data)
    assert [row[0] for row in table.rows] == ["姓名", "王芳"]
    for path in (base, f"{base}/{mine.id}", f"{base}/new", f"/d/{district.code}/desk/units"):
        page(elsewhere, path, 404)
        page(elsewhere, path.replace(district.code, "000000"), 404)
    assert elsewhere.post(f"{base}/export").status_code == 404


def test_branch_role_with_the_right_to_edit_reaches_its_own_branch_and_adds_nothing(town, world):
    district, branch, _browser = town
    other = world.organization(district, name="乙党支部")
    mine, theirs = world.member(branch, name="王芳"), world.member(other, name="李强")
    with world.writing(district), transaction():
        session.add_all(
            RolePermission(district_id=district.id, role="secretary", permission=permission, allowed=True)
            for permission in ("core.members.edit", "core.organizations.edit")
        )
        unit = Unit(district_id=district.id, kind="other", name="甲公司")
        session.add(unit)
        session.flush()
    secretary = world.browser(world.account(role="secretary", organization=branch))
    base = f"/d/{district.code}/desk"
    for path, status in (
        (f"members/{mine.id}/edit", 200), (f"members/{theirs.id}/edit", 404), ("members/new", 404),
        (f"organizations/{branch.id}/edit", 200), (f"organizations/{other.id}", 404),
        (f"organizations/{other.id}/edit", 404), ("organizations/new", 404),
        (f"units/{unit.id}", 404), ("units/new", 404),
    ):  # fmt: skip
        page(secretary, f"{base}/{path}", status)
    listed = page(secretary, f"{base}/organizations")
    assert "甲党支部" in listed and "乙党支部" not in listed and "登记党组织" not in listed
    assert "没有找到" in page(secretary, f"{base}/units")
    [table] = read_tables(secretary.post(f"{base}/organizations/export").data)
    assert {"甲党支部"} == {row[0] for row in table.rows[1:]}
    sent = {"name": "丙党支部", "kind": "党支部", "_once": "branch-role-1"}
    assert secretary.post(f"{base}/organizations/new", data=sent).status_code == 404


def test_records_of_another_district_read_as_unknown(town, world):
    district, _branch, browser = town
    far = world.district()
    organization = world.organization(far, name="外地党支部")
    member = world.member(organization)
    base = f"/d/{district.code}/desk"
    foreign = [f"organizations/{organization.id}", f"members/{member.id}"]
    for path in (*foreign, *(f"{path}/edit" for path in foreign)):
        told = browser.get(f"{base}/{path}")
        unknown = browser.get(f"{base}/{re.sub(r'[0-9]+', '99999', path)}")
        assert told.status_code == unknown.status_code == 404
        assert abs(len(told.data) - len(unknown.data)) <= 30  # the address itself stands in the page
    assert "外地" not in page(browser, f"{base}/organizations")
    with everything():
        assert session.scalar(select(func.count()).select_from(Organization)) == 2


def test_name_that_fits_nothing_is_said_beside_its_own_field(town):
    district, _branch, browser = town
    for what, field in (("organizations", "parent"), ("units", "organization")):
        base = f"/d/{district.code}/desk/{what}"
        kind = {"organizations": "党支部", "units": "非公企业"}[what]
        sent = hidden(page(browser, f"{base}/new")) | {"name": "丁某", "kind": kind, field: "没有的"}
        answer = browser.post(f"{base}/new", data=sent)
        text = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert f'<a href="#{field}">' in text and f'id="{field}-error"' in text
