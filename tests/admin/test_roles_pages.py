"""Roles on pages: found, given, confirmed by a second person, ended; and who can see what."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from portal import clock
from portal.audit.models import AuditRow
from portal.database import everything, session, transaction
from portal.districts import service
from portal.identity import grants, holders, role_requests
from portal.identity.models import Account, Grant, RolePermission, RoleRequest
from portal.notices.models import Notice
from portal.organizations.models import Organization
from portal.testing import Browser, World, queries
from tests import looks
from tests.browser import Visit


class Place:
    """A district with a branch, a member with an account, two administrators, and the level above."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.above = world.district("990100", name="试验市")
        self.here = service.create(code="990101", name="试验县", kind="county", parent=self.above)
        self.branch = world.organization(self.here, name="甲党支部")
        self.member = world.member(self.branch, name="钱测书", phone="10000000042")
        self.account = world.account(self.member, phone="10000000042")
        self.one = world.account(role="district_admin", district=self.here)
        self.two = world.account(role="district_admin", district=self.here)
        self.roles = f"/d/{self.here.code}/admin/roles"
        # Kept as they are, whatever the requests do with the session.
        session.expunge_all()

    def browser(self, account: Account | None = None) -> Browser:
        return self.world.browser(account or self.one)

    def found(self, typed: str, by: Account | None = None) -> list[str]:
        """Return what names the people found by what was typed."""
        page = self.browser(by).post(f"{self.roles}/find", data={"q": typed}).get_data(as_text=True)
        return re.findall(r"person=([^\"]+)", page)

    def form(self, *, q: str = "钱测书", by: Account | None = None, **values: str) -> dict[str, str]:
        return {
            "person": "" if "person" in values else self.found(q, by)[0],
            "role": "secretary",
            "organization": "甲党支部",
            "reason": "支部换届",
            "_once": "x" * 12,
            **values,
        }

    def grants(self, role: str) -> list[Grant]:
        session.rollback()
        with everything():
            found = list(session.scalars(select(Grant).where(Grant.role == role).order_by(Grant.id)))
        session.expunge_all()
        session.rollback()
        return found

    def requests(self) -> list[RoleRequest]:
        session.rollback()
        with everything():
            found = list(session.scalars(select(RoleRequest).order_by(RoleRequest.id)))
        session.expunge_all()
        session.rollback()
        return found


@pytest.fixture
def place(world: World) -> Place:
    return Place(world)


def acts(prefix: str = "role.") -> list[tuple[str, Any]]:
    session.rollback()
    with everything():
        found = select(AuditRow).where(AuditRow.action.startswith(prefix)).order_by(AuditRow.id)
        return [(row.action, row.detail.get("role")) for row in session.scalars(found)]


def told(account: Account) -> list[str]:
    session.rollback()
    with everything():
        return list(session.scalars(select(Notice.template).where(Notice.account_id == account.id)))


@pytest.mark.parametrize("typed", ["钱测书", "钱测", "0042", "10000000042", "１００００００００４２"])
def test_a_person_is_found_by_name_by_four_digits_or_by_the_whole_number(place: Place, typed: str):
    page = place.browser().post(f"{place.roles}/find", data={"q": typed}).get_data(as_text=True)
    assert "钱测书" in page and "甲党支部" in page and len(place.found(typed)) == 1
    assert "10000000042" not in page.replace('value="10000000042"', "")


def test_people_of_other_districts_are_not_found_by_name_or_opened_by_their_id(place: Place, world: World):
    other = world.district("990200")
    branch = world.organization(other)
    stranger = world.account(world.member(branch, name="孙测外", phone="10000000099"), phone="10000000099")
    there = world.account(role="district_admin", district=other)
    boss = place.browser()
    assert place.found("孙测外") == place.found("0099") == []
    # What another administrator, or another district, has found is nothing here.
    page = (
        place.browser(there).post("/d/990200/admin/roles/find", data={"q": "孙测外"}).get_data(as_text=True)
    )
    sealed = re.search(r"person=([^\"]+)", page)[1]
    for forged in (sealed, stranger.uid, str(stranger.id), place.found("钱测书")[0] + "x", ""):
        assert boss.get(f"{place.roles}/new", query_string={"person": forged}).status_code == 404
        assert boss.post(f"{place.roles}/new", data=place.form(person=forged)).status_code == 404
    # Whoever knows the whole number may give the person a role: staff of the next district help out.
    assert len(place.found("10000000099")) == 1


def test_a_branch_s_role_acts_at_once_ends_old_sessions_and_the_person_is_told(place: Place):
    secretary = place.browser(place.account)
    assert secretary.get(f"/d/{place.here.code}/desk/members").status_code == 404
    answer = place.browser().post(f"{place.roles}/new", data=place.form(last="2030年6月30日"))
    assert answer.status_code == 303
    [made] = place.grants("secretary")
    assert (made.valid_from, made.valid_to) == (clock.today(), date(2030, 7, 1))
    assert (made.granted_by, made.reason, made.organization_id) == (place.one.id, "支部换届", place.branch.id)
    assert secretary.get(f"/d/{place.here.code}/desk/members").status_code == 303, "logged out"
    assert place.browser(place.account).get(f"/d/{place.here.code}/desk/members").status_code == 200
    assert acts() == [("role.give", "secretary")] and told(place.account) == ["identity.role_give"]
    inbox = place.browser(place.account).get(f"/d/{place.here.code}/me/notices")
    page = place.browser().get(place.roles).get_data(as_text=True)
    assert "支部书记" in page and "甲党支部" in page and "2030年6月30日" in page
    assert inbox.status_code in (200, 404)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"role": ""}, "请选一个角色"),
        ({"role": "deployer"}, "请选一个角色"),
        ({"role": "member"}, "请选一个角色"),
        ({"organization": "乙党支部"}, "没有找到这个党组织"),
        ({"organization": ""}, "没有找到这个党组织"),
        ({"first": "明天"}, "看不懂"),
        ({"last": "2026-13-40"}, "看不懂"),
        ({"last": "2020-01-01"}, "最后一天要在第一天之后"),
        ({"reason": ""}, "请写明理由"),
        ({"reason": "x" * 201}, "请写明理由"),
    ],
)
def test_a_wrong_form_is_refused_in_words_and_keeps_what_was_typed(
    place: Place, wrong: dict[str, str], words: str
):
    answer = place.browser().post(f"{place.roles}/new", data=place.form(**wrong))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and page.count(words) >= 2
    assert place.grants("secretary") == [] and acts() == []


def test_an_office_needs_a_full_member_and_is_not_held_twice(place: Place, world: World):
    world.account(username="clerk")
    boss = place.browser()
    form = place.form(q="clerk")
    answer = boss.post(f"{place.roles}/new", data=form)
    assert answer.status_code == 422 and "正式党员" in answer.get_data(as_text=True)
    world.account(world.member(place.branch, name="赵测预", stage="probationary"))
    form = place.form(q="赵测预")
    assert "正式党员" in boss.post(f"{place.roles}/new", data=form).get_data(as_text=True)
    assert boss.post(f"{place.roles}/new", data=place.form(last="2030-06-30")).status_code == 303
    again = boss.post(f"{place.roles}/new", data=place.form(_once="y" * 12))
    assert again.status_code == 422 and "已经有这个角色" in again.get_data(as_text=True)


def test_a_role_of_the_district_is_given_by_a_second_person_only(place: Place, world: World):
    form = place.form(role="treasurer", organization="", reason="接替退休的同志")
    one, two = place.browser(), place.browser(place.two)
    assert one.post(f"{place.roles}/new", data=form).status_code == 303
    assert place.grants("treasurer") == [] and acts() == [("role.ask", "treasurer")]
    twice = one.post(f"{place.roles}/new", data={**form, "_once": "z" * 12})
    assert twice.status_code == 422 and "已经有人提出" in twice.get_data(as_text=True)
    [asked] = place.requests()
    url = f"{place.roles}/request/{asked.id}"
    answer = {"to": "give", "version": "1", "_once": "a" * 12}
    assert "要由另一位管理员确认" in one.get(url).get_data(as_text=True)
    assert one.post(url, data=answer).status_code == 422
    assert place.grants("treasurer") == []
    page = two.get(url).get_data(as_text=True)
    assert "接替退休的同志" in page and "收款账户和待核对的款" in page
    assert two.post(url, data={**answer, "version": "7"}).status_code == 409
    assert two.post(url, data=answer).status_code == 303
    [made] = place.grants("treasurer")
    assert (made.granted_by, made.confirmed_by) == (place.one.id, place.two.id)
    assert told(place.account) == ["identity.role_give"]
    assert two.post(url, data={**answer, "_once": "b" * 12}).status_code == 404
    assert [action for action, _role in acts()] == ["role.ask", "role.give", "role.confirm"]


def test_nobody_gives_confirms_or_ends_an_own_role(place: Place, world: World):
    me = place.browser(place.two)
    typed = place.two.display_name
    form = place.form(q=typed, role="treasurer", organization="")
    answer = me.post(
        f"{place.roles}/new", data=place.form(q=typed, by=place.two, role="desk", organization="")
    )
    assert answer.status_code == 422 and "自己的角色" in answer.get_data(as_text=True)
    assert place.browser().post(f"{place.roles}/new", data=form).status_code == 303
    [asked] = place.requests()
    url = f"{place.roles}/request/{asked.id}"
    assert me.post(url, data={"to": "give", "version": "1", "_once": "a" * 12}).status_code == 422
    own = next(row for row in place.grants("district_admin") if row.account_id == place.two.id)
    ending = {"how": "now", "reason": "不干了", "seen": "", "_once": "a" * 12}
    answer = me.post(f"{place.roles}/{own.id}/end", data=ending)
    assert answer.status_code == 422 and "自己的角色" in answer.get_data(as_text=True)
    assert place.grants("treasurer") == []


def test_the_database_refuses_one_person_for_two(place: Place):
    with place.world.writing(place.here):
        asked = role_requests.ask(
            place.account,
            "desk",
            district=place.here,
            valid_from=clock.today(),
            valid_to=None,
            reason="人手",
            by=place.one.id,
        )
        with pytest.raises(Exception, match="two_persons"), transaction():
            asked.state, asked.answered_by = "given", place.one.id
            session.flush()


def test_a_request_is_refused_or_withdrawn(place: Place):
    boss = place.browser()
    for number, (who, state) in enumerate(((place.one, "withdrawn"), (place.two, "refused"))):
        form = place.form(role="desk", organization="", _once=f"{number}" * 12)
        assert boss.post(f"{place.roles}/new", data=form).status_code == 303
        asked = place.requests()[-1]
        url = f"{place.roles}/request/{asked.id}"
        answer = {"to": "no", "version": "1", "_once": f"{number}" * 10}
        assert place.browser(who).post(url, data=answer).status_code == 303
        assert place.requests()[-1].state == state
    assert place.grants("desk") == []


def test_ending_acts_at_once_or_after_a_day_and_is_on_record(place: Place):
    boss = place.browser()
    boss.post(f"{place.roles}/new", data=place.form())
    [row] = place.grants("secretary")
    url = f"{place.roles}/{row.id}"
    last = clock.today() + timedelta(days=9)
    ending = {"how": "day", "last": last.isoformat(), "reason": "任期届满", "seen": "", "_once": "a" * 12}
    for wrong in ({"how": ""}, {"last": ""}, {"last": "以后"}, {"reason": ""}, {"last": "2020-01-01"}):
        assert boss.post(f"{url}/end", data={**ending, **wrong}).status_code == 422, wrong
    assert boss.post(f"{url}/end", data=ending).status_code == 303
    [row] = place.grants("secretary")
    assert (row.valid_to, row.ended_by, row.ended_reason) == (
        last + timedelta(days=1),
        place.one.id,
        "任期届满",
    )
    stale = boss.post(f"{url}/end", data={**ending, "how": "now", "_once": "b" * 12})
    assert stale.status_code == 409
    assert told(place.account) == ["identity.role_give", "identity.role_end"]
    # A role that began today and ends today leaves the list; the trail keeps it.
    now = {**ending, "how": "now", "seen": (last + timedelta(days=1)).isoformat(), "_once": "c" * 12}
    assert boss.post(f"{url}/end", data=now).status_code == 303
    assert place.grants("secretary") == []
    assert [action for action, _role in acts()] == ["role.give", "role.end", "role.end"]


def test_the_last_administrator_stays(place: Place):
    first, second = place.grants("district_admin")
    ending = {"how": "now", "reason": "调走", "seen": "", "_once": "a" * 12}
    assert place.browser().post(f"{place.roles}/{second.id}/end", data=ending).status_code == 303
    boss = place.world.account(role="district_admin", district=place.above)
    with everything(), transaction():
        session.execute(
            Grant.__table__.update()
            .where(Grant.account_id == boss.id)
            .values(valid_to=clock.today() + timedelta(3))
        )
    later = {**ending, "how": "day", "last": (clock.today() + timedelta(9)).isoformat(), "_once": "b" * 12}
    answer = place.browser(boss).post(f"{place.roles}/{first.id}/end", data=later)
    assert answer.status_code == 422 and "这是最后一位" in answer.get_data(as_text=True)
    # Until that day the level above can give roles here.
    assert place.browser(boss).post(f"{place.roles}/{first.id}/end", data=ending).status_code == 303
    deployer = place.world.account(role="deployer", district=place.above)
    with place.world.writing(place.above), pytest.raises(grants.RoleRefused, match="last"):
        grants.end(
            deployer, "deployer", district=place.above, organization_id=None, on=clock.today(), by=None
        )


@pytest.mark.parametrize("role", ["", "secretary", "desk", "treasurer", "auditor", "deployer", "registrar"])
def test_others_do_not_find_the_roles(place: Place, world: World, role: str):
    values = {"organization": place.branch} if role == "secretary" else {"district": place.here}
    browser = world.browser(world.account(role=role, **values))
    [row, _other] = place.grants("district_admin")
    for page in ("", "/find", "/new", "/what", "/who", f"/{row.id}", "/request/1"):
        assert browser.get(place.roles + page).status_code == 404, page
    for page in ("/find", "/new", f"/{row.id}/end", "/request/1", "/export"):
        assert browser.post(place.roles + page, data=place.form(person="x")).status_code == 404, page


def test_a_role_of_another_district_is_no_page(place: Place, world: World):
    other = world.district("990300")
    world.account(role="desk", district=other)
    [row] = place.grants("desk")
    boss = place.browser()
    assert boss.get(f"{place.roles}/{row.id}").status_code == 404
    ending = {"how": "now", "reason": "调走", "seen": "", "_once": "a" * 12}
    assert boss.post(f"{place.roles}/{row.id}/end", data=ending).status_code == 404
    # The level above looks in the district itself, not through its own page.
    top = place.browser(world.account(role="district_admin", district=place.above))
    own = place.grants("district_admin")[0]
    assert top.get(f"{place.roles}/{own.id}").status_code == 200
    assert top.get(f"/d/{place.above.code}/admin/roles/{own.id}").status_code == 404


def test_the_list_is_searched_filtered_sorted_paged_and_handed_out(place: Place, world: World):
    with everything(), transaction():
        for number in range(60):
            account = world.account(username=f"u{number:03d}")
            first = clock.today() + timedelta(days=10 if number % 2 else -10)
            until = clock.today() if number % 10 == 0 else None
            session.add(
                Grant(
                    district_id=place.here.id,
                    account_id=account.id,
                    role="desk",
                    valid_from=first,
                    valid_to=until,
                    granted_at=clock.now(),
                )
            )
    session.remove()
    boss = place.browser()

    def names(query: str) -> int:
        return boss.get(f"{place.roles}{query}").get_data(as_text=True).count('role="rowheader"')

    assert (names("?when=past"), names("?when=coming"), names("?role=district_admin")) == (6, 30, 2)
    assert names("?when=all") == 50 and names("?q=没有") == 0
    page = boss.get(f"{place.roles}?when=all&sort=-from").get_data(as_text=True)
    assert "after=" in page
    handed = boss.post(f"{place.roles}/export?when=coming", data={"as": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(handed.get_data()))
    assert book.active.max_row == 31 and book.active["B2"].value == "服务台"
    assert acts("role.export") == [("role.export", None)]


def test_the_list_costs_the_same_queries_with_one_row_and_with_three(place: Place, world: World):
    boss, counts = place.browser(), []
    for _number in (1, 3):
        boss.get(place.roles)
        with queries() as seen:
            boss.get(place.roles)
        counts.append(len(seen))
        for _again in range(2):
            world.account(role="desk", district=place.here)
    assert counts == [5, 5]


# --- who can see what -----------------------------------------------------------------------------


def test_the_table_says_what_each_role_may_and_what_the_district_decided_itself(place: Place):
    with place.world.writing(place.here), transaction():
        session.add(
            RolePermission(
                district_id=place.here.id, role="secretary", permission="core.members.edit", allowed=True
            )
        )
    page = place.browser().get(f"{place.roles}/what").get_data(as_text=True)
    assert "查看党员名册" in page and page.count("（本地）") == 1
    service.switch(place.here, "dues", on=False)
    assert "（已关闭）" in place.browser().get(f"{place.roles}/what").get_data(as_text=True)


def who(place: Place, **query: str) -> str:
    return place.browser().get(f"{place.roles}/who", query_string=query).get_data(as_text=True)


def test_who_can_see_a_member_is_who_the_pages_let_in(place: Place, world: World):
    """The list and the pages agree, person by person, for roles held in, above and beside the district."""
    next_branch = world.organization(place.here, name="乙党支部")
    people = {
        "own secretary": world.account(
            world.member(place.branch, name="己书记"), role="secretary", organization=place.branch
        ),
        "next secretary": world.account(
            world.member(next_branch, name="邻书记"), role="secretary", organization=next_branch
        ),
        "desk": world.account(role="desk", district=place.here),
        "above": world.account(role="registrar", district=place.above),
        "auditor": world.account(role="auditor", district=place.here),
        "deployer": world.account(role="deployer", district=place.here),
        "elsewhere": world.account(role="desk", district=world.district("990400")),
    }
    session.expunge_all()
    with place.world.writing(place.here):
        path = session.get_one(Organization, place.branch.id).path
        here = world.ref(place.here)
        found = {
            one.account_id for one in holders.holders("core.members.read", here, overrides={}, path=path)
        }
    session.rollback()
    for name, account in people.items():
        page = world.browser(account).get(f"/d/{place.here.code}/desk/members/{place.member.id}")
        assert (page.status_code == 200) is (account.id in found), name
    page = who(place, member=place.member.uid)
    assert people["above"].display_name in page and "试验市" in page and "己书记" in page
    assert "邻书记" not in page and people["auditor"].display_name not in page


def test_who_may_do_something_and_what_nobody_asked_for(place: Place):
    page = who(place, permission="core.roles")
    assert place.one.display_name in page and place.two.display_name in page and "2位" in page
    assert "党员本人" in who(place, permission="core.me") or "有账号的本人" in who(
        place, permission="core.me"
    )
    boss = place.browser()
    assert boss.get(f"{place.roles}/who?permission=core.nothing").status_code == 404
    assert boss.get(f"{place.roles}/who?member=nobody").status_code == 404


# --- in a browser ---------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", [375, 1366])
def test_giving_and_ending_in_a_browser(place: Place, visit: Visit, width: int, script: bool):
    page = visit(place.roles, account=place.one, width=width, java_script_enabled=script)
    page.get_by_role("link", name="给一个角色").click()
    page.get_by_label("姓名、手机号后4位").fill("0042")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="钱测书").click()
    page.locator("input[value=secretary]").check()
    page.get_by_label("理由").fill("支部换届")
    page.get_by_role("button", name="给这个角色").click()
    page.get_by_text("“钱测书”现在是“支部书记”").wait_for()
    page.get_by_role("link", name="钱测书").click()
    page.locator("input[value=now]").check()
    page.get_by_label("理由").fill("填错了人")
    page.get_by_role("button", name="结束这个角色").click()
    page.get_by_text("已结束“钱测书”的“支部书记”。").wait_for()
    assert place.grants("secretary") == []


@pytest.mark.once
@pytest.mark.parametrize("elder", [False, True])
def test_the_pages_can_be_read_and_pressed(place: Place, world: World, visit: Visit, elder: bool):
    account = world.account(role="district_admin", district=place.here, elder=elder)
    with place.world.writing(place.here):
        asked = role_requests.ask(
            place.account,
            "desk",
            district=place.here,
            valid_from=clock.today(),
            valid_to=None,
            reason="人手",
            by=place.one.id,
        )
    own = place.grants("district_admin")[0]
    for path in (
        "",
        "/find",
        f"/new?person={place.found('钱测书', account)[0]}",
        f"/{own.id}",
        f"/request/{asked.id}",
        "/what",
        "/who?permission=core.members.read",
        f"/who?member={place.member.uid}",
    ):
        page = visit(place.roles + path, account=account, width=320, elder=elder)
        assert looks.held_against(page, elder=elder) == [], path
        page.close()
