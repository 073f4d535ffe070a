"""Accounts disabled on pages: by one at once, back by two where roles are held, found by nobody else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal import clock, crypto
from portal.database import everything, session, transaction
from portal.districts import service
from portal.identity import role_requests, stops
from portal.identity.models import Account, LoginSession, RolePermission
from portal.identity.stop_models import AccountStop
from portal.members import belongings
from portal.members.models import Member
from portal.members.models_delegation import Delegation
from portal.testing import Browser, World
from tests import looks
from tests.browser import Visit

NUMBER = "10000000042"


class Place:
    """A district with a branch, a member, a secretary, two administrators; one above and one beside."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.above = world.district("990100", name="试验市")
        self.here = service.create(code="990101", name="试验县", kind="county", parent=self.above)
        self.beside = world.district("990200", name="隔壁县")
        self.branch = world.organization(self.here, name="甲党支部")
        self.member = world.member(self.branch, name="钱测书", phone=NUMBER)
        self.account = world.account(self.member, phone=NUMBER)
        holder = world.member(self.branch, name="周书记", phone="10000000043")
        self.secretary = world.account(
            holder, role="secretary", organization=self.branch, phone="10000000043", username="zhou"
        )
        self.one = world.account(role="district_admin", district=self.here, phone="10000000051")
        self.two = world.account(role="district_admin", district=self.here, phone="10000000052")
        self.higher = world.account(role="district_admin", district=self.above, phone="10000000053")
        self.neighbour = world.account(role="district_admin", district=self.beside, phone="10000000054")
        self.stops = f"/d/{self.here.code}/admin/stops"
        session.expunge_all()

    def browser(self, account: Account | None = None) -> Browser:
        return self.world.browser(account or self.one)

    def find(self, typed: str, by: Account | None = None) -> list[str]:
        """Return what names the accounts found by what was typed."""
        return re.findall(
            r"person=([^\"]+)", self.browser(by).post(f"{self.stops}/find", data={"q": typed}).text
        )

    def stop(self, typed: str, *, by: Account | None = None, reason: str = "手机被偷") -> Any:
        data = {"person": self.find(typed, by)[0], "reason": reason, "_once": f"stop-{typed}-key"}
        return self.browser(by).post(f"{self.stops}/new", data=data)

    def row(self) -> AccountStop:
        session.rollback()
        found = session.scalars(select(AccountStop).order_by(AccountStop.id.desc()).limit(1)).one()
        session.expunge_all()
        session.rollback()
        return found

    def send(
        self, act: str, *, by: Account | None = None, row: AccountStop | None = None, **data: str
    ) -> Any:
        found = row or self.row()
        form = {
            "version": str(found.version),
            "_once": f"{act}-{len(data)}-{found.version}-key",
            **data,
        }
        return self.browser(by).post(f"{self.stops}/{found.uid}/{act}", data=form)

    def is_stopped(self, account: Account) -> bool:
        session.rollback()
        found = session.scalar(select(Account.disabled_at).where(Account.id == account.id))
        session.rollback()
        return found is not None


@pytest.fixture
def place(world: World) -> Place:
    return Place(world)


def trail() -> list[str]:
    with everything():
        lines = text("select action from audit where action like 'account.%' order by id")
        found = list(session.scalars(lines))
    session.rollback()
    return found


def test_one_person_stops_a_member_at_once_and_lets_them_in_again(place: Place) -> None:
    theirs = place.browser(place.account)
    assert theirs.get(f"/d/{place.here.code}/me/").status_code == 200
    answer = place.stop("钱测书")
    assert answer.location == f"{place.stops}/{place.row().uid}"
    assert theirs.get(f"/d/{place.here.code}/me/").location.startswith("/login")
    assert "手机被偷" in place.browser().get(place.stops).text
    assert place.send("back", reason="本人带身份证来过").status_code == 303
    assert not place.is_stopped(place.account)
    row = place.row()
    assert (row.state, row.needs_two, row.lifted_by, row.lifted_how) == (
        "lifted",
        False,
        place.one.id,
        "page",
    )
    assert trail() == ["account.disable", "account.enable"]
    assert "钱测书" in place.browser().get(place.stops).text  # among those back lately


def test_who_holds_roles_is_stopped_by_one_and_back_by_two(place: Place) -> None:
    assert place.stop("周书记").status_code == 303 and place.is_stopped(place.secretary)
    page = place.browser().get(f"{place.stops}/{place.row().uid}").text
    assert "您提出，另一位管理员确认后才恢复" in page
    assert place.send("back", reason="核对过").status_code == 303
    assert place.is_stopped(place.secretary)  # it waits
    own = place.send("answer", to="yes")
    assert own.status_code == 422 and "提出的人不能自己确认" in own.text and place.is_stopped(place.secretary)
    assert place.send("answer", by=place.two, to="yes").status_code == 303
    assert not place.is_stopped(place.secretary)
    assert trail() == ["account.disable", "account.enable.ask", "account.enable"]


def test_the_second_person_refuses_with_a_reason_and_whoever_asked_takes_back(place: Place) -> None:
    place.stop("周书记")
    place.send("back", reason="核对过")
    without = place.send("answer", by=place.two, to="no")
    assert without.status_code == 422 and "请写明理由" in without.text
    assert place.send("answer", by=place.two, to="no", reason="没见到本人").status_code == 303
    assert place.is_stopped(place.secretary) and place.row().state == "stopped"
    assert "没见到本人" in place.browser().get(f"{place.stops}/{place.row().uid}").text
    place.send("back", reason="再提一次", drop_password="1")
    assert place.send("answer", to="no", reason="提错了").status_code == 303  # one's own
    assert place.row().state == "stopped"


@pytest.mark.parametrize("reason", ["", " ", "x", "\u3000\u3000", "长" * 201])
def test_without_a_reason_nothing_happens(place: Place, reason: str) -> None:
    answer = place.stop("钱测书", reason=reason)
    assert answer.status_code == 422 and "请写明理由" in answer.text
    assert not place.is_stopped(place.account) and trail() == []


def test_nobody_does_an_own_account_and_the_last_administrator_stays(place: Place) -> None:
    own = place.stop("10000000051")
    assert own.status_code == 422 and "不能办自己的" in own.text
    assert place.stop("10000000052").status_code == 303  # a leaked administrator: one is enough
    assert place.is_stopped(place.two)
    # Who is left is not the last: the level above reaches down to here, and may do it.
    assert place.stop("10000000051", by=place.higher).status_code == 303
    with everything():
        last = session.get_one(Account, place.higher.id)
    with pytest.raises(stops.Refused, match="last"):
        stops.stop(last, reason="最后一位", district_id=None, by=None)
    session.rollback()


def test_a_level_above_and_a_deployer_are_not_for_the_district_to_stop(world: World, place: Place) -> None:
    for role, district in (("district_admin", place.above), ("deployer", place.here)):
        held = world.account(
            world.member(place.branch, name=f"孙{role}", phone="10000000061"),
            role=role,
            district=district,
            phone="10000000061",
        )
        session.expunge_all()
        answer = place.stop(f"孙{role}")
        assert answer.status_code == 422 and "只能由能授予这些权限的管理员办" in answer.text
        assert not place.is_stopped(held)


def test_strangers_and_lesser_roles_find_nothing(world: World, place: Place) -> None:
    place.stop("周书记")
    place.send("back", reason="核对过")
    row = place.row()
    lesser = [
        world.account(role="desk", district=place.here),
        world.account(role="auditor", district=place.here),
        place.account,
        place.neighbour,
    ]
    session.expunge_all()
    for who in lesser:
        for path in ("", "/find", "/new", f"/{row.uid}"):
            assert place.browser(who).get(f"{place.stops}{path}").status_code == 404, (who.display_name, path)
        for path in ("/find", "/new", f"/{row.uid}/back", f"/{row.uid}/answer"):
            form = {"to": "yes", "version": "2", "_once": "x" * 12, "reason": "试试看"}
            assert place.browser(who).post(f"{place.stops}{path}", data=form).status_code == 404
    assert place.is_stopped(place.secretary)
    elsewhere = f"/d/{place.beside.code}/admin/stops"
    assert place.browser(place.neighbour).get(f"{elsewhere}/{row.uid}").status_code == 404
    answer = place.browser(place.neighbour).post(
        f"{elsewhere}/{row.uid}/answer", data={"to": "yes", "version": str(row.version), "_once": "y" * 12}
    )
    assert answer.status_code == 404 and place.is_stopped(place.secretary)


def test_a_branch_role_with_the_right_to_give_roles_does_not_stop_accounts(place: Place) -> None:
    with place.world.writing(place.here), transaction():
        session.add(
            RolePermission(district_id=place.here.id, role="secretary", permission="core.roles", allowed=True)
        )
    assert place.browser(place.secretary).get(place.stops).status_code == 404


def test_a_whole_number_finds_nobody_who_does_not_belong_here(place: Place) -> None:
    assert place.find("10000000054") == []  # the neighbour's administrator
    page = place.browser().post(f"{place.stops}/find", data={"q": "10000000054"}).text
    assert "没有找到" in page
    elsewhere = f"/d/{place.beside.code}/admin/stops"
    page = place.browser(place.neighbour).post(f"{elsewhere}/find", data={"q": NUMBER}).text
    assert "钱测书" not in page and "没有找到" in page


def test_helping_somebody_here_makes_no_account_of_the_next_district_ours(world: World, place: Place) -> None:
    neighbour = world.member(world.organization(place.beside), name="邻居", phone="10000000081")
    helpers = {
        "10000000081": world.account(neighbour, phone="10000000081"),
        "10000000082": world.account(phone="10000000082"),  # a relative without a record anywhere
    }
    with world.writing(place.here), transaction():
        for helper in helpers.values():
            session.add(
                Delegation(
                    uid=crypto.new_uid(),
                    district_id=place.here.id,
                    member_id=place.member.id,
                    account_id=helper.id,
                    organization_id=place.branch.id,
                    label="钱**",
                    asked_index="",
                    relation="relative",
                    purposes=["dues.pay"],
                    state="active",
                    asked_by=helper.id,
                    asked_at=clock.now(),
                    agreed_at=clock.now(),
                    consented_at=clock.now(),
                    valid_from=clock.today(),
                )
            )
    session.expunge_all()
    found = [len(place.find(number)) for number in helpers]
    assert found == [0, 1]


def test_what_names_a_person_is_good_here_and_for_whoever_found_them(place: Place) -> None:
    sealed = place.find("钱测书")[0]
    assert place.browser(place.two).get(f"{place.stops}/new?person={sealed}").status_code == 404
    above = f"/d/{place.above.code}/admin/stops/new?person={sealed}"
    assert place.browser(place.higher).get(above).status_code == 404
    assert place.browser().get(f"{place.stops}/new?person={sealed[:-2]}xx").status_code == 404


def test_two_at_once_and_old_pages_are_told(place: Place) -> None:
    person = [place.find("钱测书", by)[0] for by in (place.one, place.two)]
    for number, by in enumerate((place.one, place.two)):
        data = {"person": person[number], "reason": "手机被偷", "_once": "s" * 12}
        answer = place.browser(by).post(f"{place.stops}/new", data=data)
        assert answer.status_code == (303, 422)[number]
    assert "已停用" in answer.text
    old = place.row()
    assert place.send("back", reason="本人来过").status_code == 303
    assert place.send("back", by=place.two, row=old, reason="也办一下").status_code == 409
    assert place.send("answer", by=place.two, row=old, to="yes").status_code == 409
    assert place.send("answer", by=place.two, row=old, to="perhaps").status_code == 400
    assert trail().count("account.enable") == 1


def test_what_a_leaked_administrator_asked_for_is_void(place: Place) -> None:
    with place.world.writing(place.here):
        asked = role_requests.ask(
            session.get_one(Account, place.account.id),
            "treasurer",
            district=session.merge(place.here),
            valid_from=clock.today(),
            valid_to=None,
            reason="换届",
            by=place.two.id,
        )
        asked_id, version = asked.id, asked.version
    session.remove()
    place.stop("周书记")
    place.send("back", by=place.two, reason="核对过")
    place.stop("10000000052")
    form = {"to": "yes", "_once": "z" * 12}
    row = session.scalars(select(AccountStop).where(AccountStop.state == "asked")).one()
    session.expunge_all()
    answer = place.send("answer", by=place.one, row=row, **form)
    assert (
        answer.status_code == 422
        and "提出的人账号停用了" in answer.text
        and place.is_stopped(place.secretary)
    )
    given = place.browser().post(
        f"/d/{place.here.code}/admin/roles/request/{asked_id}",
        data={"to": "give", "version": str(version), "_once": "w" * 12},
    )
    assert given.status_code == 422 and "提出的人账号停用了" in given.text


def test_the_database_refuses_one_person_for_two(place: Place) -> None:
    place.stop("周书记")
    place.send("back", reason="核对过")
    for values in ({"lifted_by": place.one.id}, {"lifted_by": None}, {"lifted_by": place.secretary.id}):
        with pytest.raises(IntegrityError), transaction():
            row = session.scalars(select(AccountStop)).one()
            row.state, row.needs_two, row.lifted_how = "lifted", True, "page"
            row.lifted_by = values["lifted_by"]
        session.rollback()


def test_the_branch_sees_what_waits_and_the_next_branch_does_not(world: World, place: Place) -> None:
    other = world.organization(place.here, name="乙党支部")
    helper = world.member(place.branch, name="吴收缴", phone="10000000071")
    collector = world.account(helper, role="dues_collector", organization=place.branch, phone="10000000071")
    stranger = world.account(
        world.member(other, name="郑书记", phone="10000000072"), role="secretary", organization=other
    )
    session.expunge_all()
    place.stop("周书记")
    start, page = f"/d/{place.here.code}/", f"{place.stops}/waiting"
    assert "工作要另外安排" in place.browser(collector).get(start).text
    shown = place.browser(collector).get(page).text
    assert "周书记" in shown and "支部书记" in shown and "没有别人能办" in shown and "手机被偷" not in shown
    assert "工作要另外安排" not in place.browser(stranger).get(start).text
    assert "周书记" not in place.browser(stranger).get(page).text
    assert "周书记" in place.browser().get(page).text
    assert place.browser(place.account).get(page).status_code == 404
    place.send("back", reason="核对过")
    place.send("answer", by=place.two, to="yes")
    assert "工作要另外安排" not in place.browser(collector).get(start).text


def test_what_it_did_stands_in_the_persons_copy(place: Place) -> None:
    place.stop("钱测书")
    place.send("back", reason="本人来过")
    with place.world.writing(place.here):
        found = belongings.of(session.get_one(Member, place.member.id))["account"]["disabled"]
    session.rollback()
    assert [(one["why"], one["back_why"]) for one in found] == [("手机被偷", "本人来过")]


def test_sessions_of_a_stopped_account_are_closed_for_good(place: Place) -> None:
    place.browser(place.account)
    place.stop("钱测书")
    session.rollback()
    open_ = select(LoginSession.ended_why).where(LoginSession.account_id == place.account.id)
    assert set(session.scalars(open_)) == {"disabled"}
    session.rollback()


# --- in a browser ---------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", [375, 1366])
def test_stopping_and_letting_in_again_in_a_browser(
    place: Place, visit: Visit, width: int, script: bool
) -> None:
    page = visit(place.stops, account=place.one, width=width, java_script_enabled=script)
    page.get_by_role("link", name="停用一个账号").click()
    page.get_by_label("姓名、手机号后4位").fill("0043")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="周书记").click()
    page.get_by_role("button", name="停用这个账号").click()
    page.get_by_text("请写明理由").first.wait_for()
    page.get_by_label("理由").fill("手机被偷")
    page.get_by_role("button", name="停用这个账号").click()
    page.get_by_text("“周书记”的账号已停用").wait_for()
    assert place.is_stopped(place.secretary)
    page.get_by_label("为什么恢复").fill("本人带身份证来过")
    page.get_by_role("button", name="提出恢复").click()
    page.get_by_text("您提出的，要由另一位管理员确认").wait_for()
    second = visit(
        f"{place.stops}/{place.row().uid}", account=place.two, width=width, java_script_enabled=script
    )
    second.get_by_role("button", name="已核对，恢复这个账号").click()
    second.get_by_text("恢复了，本人会收到消息。").wait_for()
    assert not place.is_stopped(place.secretary)


@pytest.mark.once
@pytest.mark.parametrize("elder", [False, True])
def test_the_pages_can_be_read_and_pressed(place: Place, world: World, visit: Visit, elder: bool) -> None:
    boss = world.account(role="district_admin", district=place.here, elder=elder)
    session.expunge_all()
    form = f"{place.stops}/new?person={place.find('钱测书', boss)[0]}"
    place.stop("周书记")
    one = f"{place.stops}/{place.row().uid}"
    for path in (place.stops, f"{place.stops}/find", form, one, f"{place.stops}/waiting", "/login/stopped"):
        page = visit(path, account=boss, width=320, elder=elder)
        assert looks.held_against(page, elder=elder) == [], path
        page.close()
    place.send("back", reason="核对过")
    page = visit(one, account=boss, width=320, elder=elder)
    assert looks.held_against(page, elder=elder) == []
