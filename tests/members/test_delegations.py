"""Somebody acts for a member: the moves, the four eyes, the ends, the pages of both sides and the branch."""

from __future__ import annotations

import io
import itertools
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import Forbidden

from portal import clock, notices
from portal.database import Conflict, everything, session, transaction
from portal.districts import context
from portal.identity import loading, people
from portal.identity.models import Account
from portal.members import delegation_ends, delegations, merging, rights
from portal.members import service_delegations as service
from portal.members.models import Member
from portal.members.models_delegation import OPEN, STATES, Delegation
from portal.organizations.names import sort_key
from portal.organizations.service import NotAllowed
from portal.testing import World, queries

PAY = "dues.pay"
_keys = itertools.count(1)


class House:
    """A district with two branches, a mother, a daughter without a record, and the mother's secretary."""

    def __init__(self, world: World, code: str = "") -> None:
        self.world = world
        self.district = world.district(code=code)
        self.branch, self.other = (world.organization(self.district) for _ in range(2))
        self.mother = self.person("王明兰")
        self.daughter = world.account()
        self.mother_account = world.account(self.mother)
        self.secretary_member = self.person("李书记")
        self.secretary = world.account(self.secretary_member, role="secretary", organization=self.branch)

    def person(self, name: str, branch: Any = None) -> Member:
        return self.world.member(branch or self.branch, name=name, sort_key=sort_key(name, person=True))

    def actor(self, account: Account) -> Any:
        """Return an account as the gate would load it here."""
        token = (
            self.world.browser(account)
            .get_cookie(self.world.app.config["SESSION_COOKIE_NAME"])
            .value.removeprefix("s.")
        )
        here = self.world.ref(self.district)
        found = loading.at_district(loading.load(token, self.district.code), here, {})
        session.rollback()
        return found

    def asks(self, account: Account | None = None, **more: Any) -> Delegation:
        values = {
            "name": self.mother.name,
            "tail": self.mother.ric_tail,
            "relation": "child",
            "purposes": [PAY],
        }
        with self.world.writing(self.district):
            return service.ask(
                district_id=self.district.id, by=self.actor(account or self.daughter), **values | more
            )

    def moves(self, row: Delegation, act: str, by: Account, **more: Any) -> Delegation:
        with self.world.writing(self.district):
            return service.move(row, act, version=more.pop("version", row.version), by=self.actor(by), **more)

    def active(self, account: Account | None = None, **more: Any) -> Delegation:
        row = self.asks(account, **more)
        self.moves(row, "agree", self.mother_account)
        return self.moves(row, "consent", self.secretary, how="in_person")

    def holds(self, row: Delegation, account: Account | None = None) -> bool:
        with self.world.writing(self.district):
            found = delegations.acting(row.uid, account_id=(account or self.daughter).id, purpose=PAY)
            session.rollback()
        return found is not None

    def fresh(self, row: Delegation) -> Delegation:
        with self.world.writing(self.district):
            found = session.scalars(select(Delegation).where(Delegation.id == row.id)).one()
            session.refresh(found)
            session.rollback()
        return found

    def told(self, account: Account) -> list[str]:
        with everything():
            said = [one.text for one in notices.inbox(account.id, limit=50)]
            session.rollback()
        return said

    def url(self, path: str) -> str:
        return f"/d/{self.district.code}{path}"


def form(**values: Any) -> dict[str, Any]:
    return {"_once": f"delegation-{next(_keys):06d}", **values}


@pytest.fixture
def house(world: World) -> House:
    return House(world)


# --- the moves ------------------------------------------------------------------------------------


def test_asked_agreed_consented_and_each_side_is_told(house: House):
    row = house.asks()
    assert (row.state, row.member_id, row.label) == ("asked", house.mother.id, "王**")
    assert not house.holds(row)
    house.moves(row, "agree", house.mother_account)
    assert not house.holds(row)
    house.moves(row, "consent", house.secretary, how="meeting")
    assert house.holds(row)
    assert any("想替您代办" in text for text in house.told(house.mother_account))
    assert any("可以替您代办" in text for text in house.told(house.mother_account))
    assert house.told(house.daughter) == ["您可以替王**代办了。"]
    kept = house.fresh(row)
    assert (kept.agreed_how, kept.consented_how) == ("portal", "meeting")
    assert (kept.agreed_by, kept.consented_by) == (house.mother_account.id, house.secretary.id)


@pytest.mark.parametrize(("state", "act"), list(itertools.product(STATES, service.MOVES)))
def test_only_the_moves_of_the_table_are_made(house: House, state: str, act: str):
    states, to, allowed = service.MOVES[act]
    if "system" in allowed:
        return
    row = house.active()
    over = {"ended_at": None} if state in OPEN else {"ended_at": clock.now(), "end_why": "member"}
    with everything(), transaction():
        session.execute(update(Delegation).values(state=state, **over))
    row = house.fresh(row)
    by = {"helper": house.daughter, "member": house.mother_account, "branch": house.secretary}[allowed[0]]
    how = {"how": "in_person"} if "branch" in allowed[:1] else {}
    if state in states:
        assert house.moves(row, act, by, reason="试", **how).state == to
        return
    with pytest.raises((Conflict, NotAllowed)):
        house.moves(row, act, by, reason="试", **how)
    assert house.fresh(row).state == state


def test_whoever_may_not_make_a_move_is_refused(house: House, world: World):
    row = house.asks()
    neighbour = world.account(world.member(house.other), role="secretary", organization=house.other)
    for act, by in (
        ("agree", house.daughter),
        ("consent", house.daughter),
        ("consent", house.mother_account),
        ("consent", neighbour),
        ("refuse", house.daughter),
        ("withdraw", house.mother_account),
        ("withdraw", house.secretary),
        ("revoke", neighbour),
    ):
        with pytest.raises(Forbidden):
            house.moves(row, act, by, how="in_person", reason="试")
    assert house.fresh(row).state == "asked"


def test_a_secretary_never_consents_to_a_help_of_their_own(house: House, world: World):
    """K12, by any of their accounts: helper, helped, or another account of the same person."""
    row = house.asks(house.secretary)
    house.moves(row, "agree", house.mother_account)
    with pytest.raises(Forbidden):
        house.moves(row, "consent", house.secretary, how="in_person")
    with everything(), transaction(), pytest.raises(IntegrityError):
        session.execute(
            update(Delegation).values(
                consented_by=house.secretary.id, consented_at=clock.now(), consented_how="phone"
            )
        )
    own = house.asks(
        name=house.secretary_member.name, tail=house.secretary_member.ric_tail, relation="relative"
    )
    assert own.member_id == house.secretary_member.id
    house.moves(own, "agree", house.secretary)
    with pytest.raises(Forbidden):
        house.moves(own, "consent", house.secretary, how="in_person")
    above = world.account(role="registrar", district=house.district)
    assert house.moves(own, "consent", above, how="paper").state == "active"


def test_nobody_helps_themselves_and_nobody_is_asked_twice(house: House):
    with pytest.raises(NotAllowed):
        house.asks(house.mother_account)
    house.asks()
    with pytest.raises(service.AlreadyAsked):
        house.asks()
    with everything():
        assert len(session.scalars(select(Delegation)).all()) == 1
        session.rollback()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "王" * 41},
        {"tail": "12"},
        {"relation": "boss"},
        {"purposes": []},
        {"purposes": ["dues.everything"]},
        {"purposes": [PAY, "nothing.known"]},
    ],
)
def test_a_form_with_a_fault_asks_nothing(house: House, wrong: dict[str, Any]):
    with pytest.raises(NotAllowed):
        house.asks(**wrong)
    with everything():
        assert session.scalars(select(Delegation)).all() == []
        session.rollback()


def test_a_name_nobody_has_looks_the_same_to_who_asked(house: House, world: World):
    """K14: asking says nothing about whether somebody is registered."""
    right, browser = world.browser(house.daughter), world.browser(world.account())
    pages = []
    for one, name in ((right, "王明兰"), (browser, "王无人")):
        sent = form(name=name, tail=house.mother.ric_tail, relation="child", purpose=PAY)
        answer = one.post(house.url("/me/helping/ask"), data=sent)
        assert answer.status_code == 303
        index = one.get(house.url("/me/helping"))
        with everything():
            row = session.scalars(select(Delegation).order_by(Delegation.id.desc())).first()
            session.rollback()
        assert row is not None
        shown = one.get(house.url(f"/me/helping/{row.uid}"))
        text = index.get_data(as_text=True) + shown.get_data(as_text=True)
        pages.append(len(text.replace(row.uid, "")))
        assert "王**" in text and "等答复" in text and house.branch.name not in text
        assert (
            one.post(
                house.url("/me/helping/ask"), data=form(**{k: v for k, v in sent.items() if k != "_once"})
            ).status_code
            == 422
        )
    assert abs(pages[0] - pages[1]) <= 8  # display names of different length
    with everything():
        found = [row.member_id for row in session.scalars(select(Delegation).order_by(Delegation.id))]
        session.rollback()
    assert found == [house.mother.id, None]


def test_only_so_many_names_are_tried(house: House, world: World):
    browser = world.browser(house.daughter)
    statuses = [
        browser.post(
            house.url("/me/helping/ask"),
            data=form(name=f"王试{n}", tail="0000", relation="child", purpose=PAY),
        ).status_code
        for n in range(7)
    ]
    assert statuses == [303] * 5 + [429] * 2


def test_at_most_three_helpers_a_person_and_five_people_a_helper(house: House, world: World):
    helpers = [world.account() for _ in range(4)]
    for helper in helpers[:3]:
        house.active(helper)
    with pytest.raises(NotAllowed, match="够多"):
        house.active(helpers[3])
    for number in range(5):
        helped = house.person(f"陈{number}某")
        row = house.asks(name=helped.name, tail=helped.ric_tail)
        house.moves(row, "agree", house.secretary, how="in_person")
        house.moves(row, "consent", house.secretary, how="in_person")
    last = house.person("陈最后")
    row = house.asks(name=last.name, tail=last.ric_tail)
    house.moves(row, "agree", house.secretary, how="phone")
    with pytest.raises(NotAllowed, match="包办"):
        house.moves(row, "consent", house.secretary, how="in_person")


def test_whoever_takes_back_the_separate_consent_is_acted_for_by_nobody(house: House):
    row = house.active()
    for answers, holds in (
        (["notice:1", "sensitive:1"], True),
        (["notice:1", "sensitive:1", "sensitive:1:no"], False),
        (["notice:1", "sensitive:1:no", "sensitive:2"], True),
    ):
        with everything(), transaction():
            session.execute(
                update(Account).where(Account.id == house.mother_account.id).values(agreed=answers)
            )
        assert house.holds(row) is holds, answers


def test_my_privacy_names_who_acts_for_me(house: House, world: World):
    mother = world.browser(house.mother_account)
    assert 'id="helpers"' not in mother.get(house.url("/me/privacy")).get_data(as_text=True)
    row = house.active()
    page = mother.get(house.url("/me/privacy")).get_data(as_text=True)
    assert f"/me/helping/{row.uid}" in page and house.daughter.display_name in page


def test_there_are_no_chains(house: House, world: World):
    """The helper of a helper helps nobody further."""
    helper = house.person("孙同志")
    helper_account = world.account(helper)
    first = house.active(helper_account, relation="member")
    row = house.asks(name=helper.name, tail=helper.ric_tail)
    house.moves(row, "agree", helper_account)
    house.moves(row, "consent", house.secretary, how="in_person")
    assert house.holds(row) and house.holds(first, helper_account)
    with house.world.writing(house.district):
        for member, account, may in (
            (house.mother, house.daughter, False),
            (helper, house.daughter, True),
            (house.mother, helper_account, True),
        ):
            found = delegations.may_act(account_id=account.id, member_id=member.id, purpose=PAY)
            assert (found is not None) is may
        assert delegations.may_act(account_id=None, member_id=helper.id, purpose=PAY) is None
        assert delegations.may_act(account_id=house.daughter.id, member_id=helper.id, purpose="x.y") is None
        session.rollback()


# --- the ends -------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["mother_account", "daughter", "secretary"])
def test_each_side_stops_it_at_once(house: House, side: str):
    row = house.active()
    house.moves(row, "revoke", getattr(house, side), reason="不用了")
    assert not house.holds(row)
    ended = house.fresh(row)
    assert (ended.state, ended.end_reason) == ("ended", "不用了")
    for account, words in ((house.mother_account, "不再替您代办"), (house.daughter, "您不再替王**代办")):
        assert any(words in text for text in house.told(account)) is (account is not getattr(house, side))


def test_the_branch_says_why(house: House):
    row = house.active()
    with pytest.raises(NotAllowed):
        house.moves(row, "revoke", house.secretary)
    assert house.holds(row)


def test_the_day_comes_and_the_job_closes_it(house: House):
    row = house.asks()
    house.moves(row, "agree", house.mother_account)
    until = clock.today() + timedelta(days=2)
    house.moves(row, "consent", house.secretary, how="phone", valid_to=until)
    assert house.holds(row)
    with clock.frozen(until):
        assert not house.holds(row)
        with house.world.writing(house.district):
            delegation_ends.end_due({})
    assert house.fresh(row).end_why == "date"
    assert any("不再替您代办" in text for text in house.told(house.mother_account))


@pytest.mark.parametrize("why", ["account", "left", "moved"])
def test_what_it_stood_on_is_gone(house: House, why: str):
    row = house.active()
    with everything(), transaction():
        if why == "account":
            session.execute(
                update(Account).where(Account.id == house.daughter.id).values(disabled_at=clock.now())
            )
        elif why == "left":
            session.execute(
                update(Member).where(Member.id == house.mother.id).values(closed_on=clock.today())
            )
        else:
            session.execute(
                update(Member).where(Member.id == house.mother.id).values(organization_id=house.other.id)
            )
    assert not house.holds(row)
    with house.world.writing(house.district):
        delegation_ends.end_due({})
    assert house.fresh(row).end_why == why


@pytest.mark.parametrize("act", ["move", "leave"])
def test_moving_and_leaving_end_it_in_the_same_step(house: House, act: str):
    row = house.active()
    with house.world.writing(house.district):
        member = session.get_one(Member, house.mother.id)
        if act == "move":
            rights.move(
                member,
                house.other,
                version=member.version,
                from_day=clock.today(),
                reason="转",
                actor=None,
            )
        else:
            rights.leave(
                member,
                version=member.version,
                on_day=clock.today(),
                exit_type="deceased",
                reason="去世",
                actor=None,
            )
    assert house.fresh(row).end_why == {"move": "moved", "leave": "left"}[act]


def test_questions_nobody_answers_end_alike_found_or_not(house: House, world: World):
    found, missing = house.asks(), house.asks(world.account(), name="王无人")
    with clock.frozen(date(2099, 1, 1)), house.world.writing(house.district):
        delegation_ends.end_due({})
    assert {house.fresh(row).end_why for row in (found, missing)} == {"unanswered"}
    assert house.told(house.daughter) == []


def test_a_merge_carries_it_and_the_undo_brings_it_back(house: House, world: World):
    from portal.members import unmerging

    row = house.active()
    kept, again = house.person("王明兰"), world.account()
    elsewhere = house.asks(again, name="王明兰", tail=kept.ric_tail)
    assert elsewhere.member_id == kept.id
    with house.world.writing(house.district):
        gone, stays = session.get_one(Member, house.mother.id), session.get_one(Member, kept.id)
        merged = merging.merge(
            stays, gone, versions=(stays.version, gone.version), reason="同一人", actor=None
        )
    assert house.fresh(row).member_id == kept.id and house.holds(row)
    with house.world.writing(house.district):
        stays, gone = session.get_one(Member, kept.id), session.get_one(Member, house.mother.id)
        unmerging.undo(
            merged, versions=(merged.version, stays.version, gone.version), reason="两个人", actor=None
        )
    assert house.fresh(row).member_id == house.mother.id and house.holds(row)


def test_a_merge_ends_what_cannot_go_on(house: House, world: World):
    """The other branch's consent, the same helper twice, and help for oneself."""
    row = house.active()
    kept = house.person("王明兰", house.other)
    with house.world.writing(house.district):
        gone, stays = session.get_one(Member, house.mother.id), session.get_one(Member, kept.id)
        merging.merge(stays, gone, versions=(stays.version, gone.version), reason="同一人", actor=None)
    ended = house.fresh(row)
    assert (ended.state, ended.end_why, ended.member_id) == ("ended", "merged", kept.id)


def test_the_copy_of_a_person_names_it_and_erasing_takes_the_name_out(house: House):
    row = house.active()
    with house.world.writing(house.district):
        member = session.get_one(Member, house.mother.id)
        [helped] = rights.copy_of(member)["helped_by"]
        assert helped["helper"] == house.daughter.display_name and helped["state"] == "active"
        rights.leave(
            member,
            version=member.version,
            on_day=clock.today(),
            exit_type="deceased",
            reason="去世",
            actor=None,
        )
        rights.erase(member, version=member.version, reason="家属要求", actor=None)
    kept = house.fresh(row)
    assert (kept.label, kept.asked_index, kept.state) == ("*", "", "ended")


def test_a_helper_without_a_record_belongs_to_the_district_that_knows_them(house: House):
    """Else no code could be sent to their phone."""
    assert people.home(house.daughter.id) is None
    house.asks()
    assert people.home(house.daughter.id) == (house.district.id, house.district.code)


# --- the pages ------------------------------------------------------------------------------------


def test_my_pages_show_both_lists_and_strangers_find_nothing(house: House, world: World):
    row = house.active()
    daughter, mother = world.browser(house.daughter), world.browser(house.mother_account)
    page = daughter.get(house.url("/me/helping")).get_data(as_text=True)
    assert "王**" in page and "王明兰" not in page and house.branch.name not in page
    page = mother.get(house.url("/me/helping")).get_data(as_text=True)
    assert house.daughter.display_name in page
    one = house.url(f"/me/helping/{row.uid}")
    assert house.branch.name in mother.get(one).get_data(as_text=True)
    text = daughter.get(one).get_data(as_text=True)
    assert "父母" in text and "子女" not in text and "子女" in mother.get(one).get_data(as_text=True)
    assert "王明兰" not in text and house.branch.name not in text
    assert f"/dues/for/{row.uid}" in text
    stranger = world.browser(world.account())
    missing = stranger.get(house.url("/me/helping/" + "N" * 26))
    for browser in (stranger, world.browser(house.secretary)):
        answer = browser.get(one)
        assert answer.status_code == 404
        assert browser.post(f"{one}/revoke", data=form(version=row.version)).status_code == 404
    assert len(stranger.get(one).data) == len(missing.data)


def test_agree_refuse_and_stop_on_my_page(house: House, world: World):
    row = house.asks()
    mother, one = world.browser(house.mother_account), house.url(f"/me/helping/{row.uid}")
    assert mother.post(f"{one}/withdraw", data=form(version=row.version)).status_code == 404
    assert mother.post(f"{one}/agree", data=form()).status_code == 400
    assert mother.post(f"{one}/agree", data=form(version=99)).status_code == 409
    assert mother.post(f"{one}/agree", data=form(version=row.version)).status_code == 303
    assert house.fresh(row).state == "agreed"
    version = house.fresh(row).version
    assert mother.post(f"{one}/refuse", data=form(version=version)).status_code == 303
    assert house.fresh(row).state == "refused"
    assert any("没有同意" in text for text in house.told(house.daughter))


def test_the_branch_consents_at_its_page_and_writes_down_how(house: House, world: World):
    row = house.asks()
    browser, one = world.browser(house.secretary), house.url(f"/desk/helping/{row.uid}")
    listed = browser.get(house.url("/desk/helping?state=waiting")).get_data(as_text=True)
    assert "王明兰" in listed and house.daughter.display_name in listed
    assert "等支部答复" in browser.get(house.url("/")).get_data(as_text=True)
    assert "本人是怎么同意的" in browser.get(one).get_data(as_text=True)
    for wrong in (
        {},
        {"agreed_how": "portal", "consented_how": "in_person"},
        {"agreed_how": "phone", "consented_how": "shouted"},
        {"agreed_how": "phone", "consented_how": "paper", "until": "明天"},
        {"agreed_how": "phone", "consented_how": "paper", "until": "2020-01-01"},
    ):
        answer = browser.post(f"{one}/consent", data=form(version=row.version, **wrong))
        assert answer.status_code == 422 and house.fresh(row).state == "asked", wrong
    sent = form(version=row.version, agreed_how="phone", consented_how="in_person", until="2099-01-01")
    assert browser.post(f"{one}/consent", data=sent).status_code == 303
    kept = house.fresh(row)
    assert (kept.state, kept.agreed_how, kept.agreed_by) == ("active", "phone", house.secretary.id)
    assert kept.valid_to == date(2099, 1, 1) and house.holds(row)
    assert browser.post(f"{one}/revoke", data=form(version=kept.version)).status_code == 422
    assert browser.post(f"{one}/revoke", data=form(version=kept.version, reason="不合适")).status_code == 303
    assert not house.holds(row)


def test_the_next_branch_and_the_next_district_see_nothing(house: House, world: World):
    row, next_door = house.active(), House(world)
    neighbour = world.account(world.member(house.other), role="secretary", organization=house.other)
    collector = world.account(world.member(house.branch), role="dues_collector", organization=house.branch)
    for account in (neighbour, collector, next_door.secretary, house.mother_account, house.daughter):
        browser = world.browser(account)
        listed = browser.get(house.url("/desk/helping?q=王"))
        assert listed.status_code == 404 or "王明兰" not in listed.get_data(as_text=True)
        for path in (f"/desk/helping/{row.uid}", f"/desk/members/{house.mother.id}/helping/new"):
            assert browser.get(house.url(path)).status_code == 404
            assert browser.get(next_door.url(path)).status_code == 404
        sent = form(version=row.version, reason="试")
        assert browser.post(house.url(f"/desk/helping/{row.uid}/revoke"), data=sent).status_code == 404
    assert house.holds(row)
    with next_door.world.writing(next_door.district):
        assert delegations.acting(row.uid, account_id=house.daughter.id, purpose=PAY) is None
        session.rollback()


def test_a_member_without_a_phone_comes_to_the_branch(house: House, world: World):
    """The desk path: the secretary writes it down, the helper gets an account of their own."""
    old = house.person("张老先生")
    browser = world.browser(house.secretary)
    panel = browser.get(house.url(f"/desk/members/{old.id}/helping/panel"))
    assert "没有人替他办" in panel.get_data(as_text=True)
    path = house.url(f"/desk/members/{old.id}/helping/new")
    assert browser.get(path).status_code == 200
    good = {
        "name": "张小妹",
        "phone": "100 9999 0001",
        "relation": "child",
        "purpose": PAY,
        "agreed_how": "in_person",
        "consented_how": "in_person",
    }
    for wrong in ("name", "phone", "relation", "purpose", "agreed_how", "consented_how"):
        answer = browser.post(path, data=form(**good | {wrong: ""}))
        assert answer.status_code == 422, wrong
    with everything():
        assert session.scalar(select(Account.id).where(Account.display_name == "张小妹")) is None
        session.rollback()
    assert browser.post(path, data=form(**good)).status_code == 303
    assert browser.post(path, data=form(**good)).status_code == 422
    with everything():
        helper = session.scalars(select(Account).where(Account.display_name == "张小妹")).one()
        row = session.scalars(select(Delegation)).one()
        session.rollback()
    assert (row.state, row.asked_by, row.account_id) == ("active", house.secretary.id, helper.id)
    assert house.holds(row, helper)
    panel = browser.get(house.url(f"/desk/members/{old.id}/helping/panel"), headers={"HX-Request": "true"})
    assert "张小妹" in panel.get_data(as_text=True) and "<html" not in panel.get_data(as_text=True)
    assert "helping/panel" in browser.get(house.url(f"/desk/members/{old.id}")).get_data(as_text=True)


def test_the_desk_never_records_a_help_of_its_own(house: House, world: World):
    browser, phone = world.browser(house.secretary), "10077770001"
    with everything(), transaction():
        from portal import crypto

        session.execute(
            update(Account)
            .where(Account.id == house.secretary.id)
            .values(phone_index=crypto.blind_index("phone", phone))
        )
    sent = form(
        name="李书记",
        phone=phone,
        relation="member",
        purpose=PAY,
        agreed_how="in_person",
        consented_how="in_person",
    )
    path = house.url(f"/desk/members/{house.mother.id}/helping/new")
    answer = browser.post(path, data=sent)
    assert answer.status_code == 422 and "上级党组织" in answer.get_data(as_text=True)
    own = house.url(f"/desk/members/{house.secretary_member.id}/helping/new")
    answer = browser.post(
        own, data=form(**{**sent, "name": "王小妹", "phone": "10077770002", "_once": "own-own-own"})
    )
    assert answer.status_code == 422
    with everything():
        assert session.scalars(select(Delegation)).all() == []
        session.rollback()


def test_the_list_is_searched_paged_and_exported_as_it_is_shown(house: House, world: World):
    house.active()
    browser = world.browser(house.secretary)
    for q in ("王", "wang", house.daughter.display_name):
        assert "王明兰" in browser.get(house.url("/desk/helping"), query_string={"q": q}).get_data(
            as_text=True
        )
    assert "王明兰" not in browser.get(house.url("/desk/helping?q=没有")).get_data(as_text=True)
    answer = browser.post(house.url("/desk/helping/export"), data={"as": "xlsx"})
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.values)
    assert rows[0][0] == "姓名" and rows[1][:3] == ("王明兰", house.branch.name, house.daughter.display_name)
    fragment = browser.get(house.url("/desk/helping"), headers={"HX-Request": "true"}).get_data(as_text=True)
    assert 'id="list"' in fragment and "<html" not in fragment
    counts = []
    for _ in range(2):
        with queries() as seen:
            browser.get(house.url("/desk/helping"))
        counts.append(len(seen))
        for _more in range(2):
            house.active(world.account()) if len(counts) == 1 else None
    assert counts[0] == counts[1]


def test_a_purpose_of_a_plugin_that_is_off_is_not_offered(house: House, world: World):
    row = house.active()
    world.switch(house.district, "dues", on=False)
    browser = world.browser(house.daughter)
    page = browser.get(house.url("/me/helping/ask")).get_data(as_text=True)
    assert "现在没有可以代办的事" in page
    assert browser.get(house.url(f"/dues/for/{row.uid}")).status_code == 404
    assert context.ref(house.district.id) is not None
