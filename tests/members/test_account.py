"""What a resident may see, take along, put right and delete of an own account, and who may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal import notices
from portal.current import registry
from portal.database import Model, everything, session, transaction
from portal.identity import consents
from portal.identity.models import Account
from portal.jobs import run_due
from portal.members import account_rights, requests
from portal.organizations.service import NotAllowed
from portal.plugin import AccountRef, DistrictRef, Erasure, Objection
from portal.registry import PluginUnavailable
from portal.testing import Browser, World

ME, DELETE = "/d/990001/me/account", "/d/990001/me/account/delete"


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


@pytest.fixture
def resident(world: World, here: Any) -> Account:
    return world.account(home_id=here.id, phone="10088888888")


@pytest.fixture
def browser(world: World, resident: Account) -> Browser:
    return world.browser(resident)


class Rooms:
    """A plugin that keeps a line for each account and district; off everywhere."""

    slug, order = "rooms", 50

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], str] = {}
        self.wait = ""

    def account_export(self, district: DistrictRef, account: AccountRef) -> dict[str, Any]:
        return {"bookings": [one] if (one := self.kept.get((district.id, account.id))) else []}

    def account_erase(self, district: DistrictRef, account: AccountRef) -> Erasure:
        gone = self.kept.pop((district.id, account.id), None)
        return Erasure(erased=int(gone is not None), kept=int(gone is not None), reason="钥匙登记留一年")

    def account_objections(self, district: DistrictRef, account: AccountRef, act: str) -> list[Objection]:
        assert act == "erase"
        if self.wait and (district.id, account.id) in self.kept:
            return [Objection(code="rooms.key", text=self.wait)]
        return []


@pytest.fixture
def rooms(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rooms]:
    """Stand a plugin beside the others, as the registry would find it."""
    made, known = Rooms(), registry()
    asked = known.implementers

    def implementers(hook: str) -> list[Any]:
        own = getattr(made, hook, None)
        return [*asked(hook), *([("rooms", own)] if own else [])]

    monkeypatch.setattr(known, "implementers", implementers)
    yield made


def row_of(account: Account) -> Any:
    session.rollback()
    found = session.execute(select(Account.__table__).where(Account.__table__.c.id == account.id)).one()
    session.rollback()
    return SimpleNamespace(**found._asdict())


def delete(browser: Browser, account: Account, **data: Any) -> Any:
    return browser.post(DELETE, data={"version": row_of(account).version, **data})


# --- the page ------------------------------------------------------------------------------------


def test_a_residents_own_places_lead_to_the_account_and_not_to_a_record(
    browser: Browser, resident: Account
) -> None:
    page = browser.get("/d/990001/me/").text
    assert f'href="{ME}"' in page and "/me/record" not in page
    for place in ("/me/security", "/me/privacy", "/me/notices", "/logout"):
        assert place in page
    page = browser.get(ME).text
    assert resident.display_name in page and "100****8888" in page
    assert f'href="{ME}"' in browser.get("/d/990001/me/privacy").text


def test_who_has_a_record_has_its_own_rights_there(world: World, here: Any) -> None:
    member = world.browser(world.account(world.member(world.organization(here))))
    assert [member.get(path).status_code for path in (ME, f"{ME}.json", DELETE)] == [404] * 3
    assert ME not in member.get("/d/990001/me/").text


def test_another_name_is_taken_with_the_version_it_was_read_at(browser: Browser, resident: Account) -> None:
    assert browser.post(ME, data={"version": 1, "name": "王　先生\u200b"}).location == ME
    assert row_of(resident).display_name == "王 先生"
    assert browser.post(ME, data={"version": 1, "name": "李先生"}).status_code == 409
    answer = browser.post(ME, data={"version": 2, "name": "李"})
    assert (answer.status_code, 'value="李"' in answer.text) == (422, True)
    assert row_of(resident).display_name == "王 先生"


# --- the copy ------------------------------------------------------------------------------------


def test_the_copy_holds_the_account_and_every_district_and_nobody_elses(
    world: World, here: Any, browser: Browser, resident: Account, rooms: Rooms
) -> None:
    there, other = world.district("990002", name="乙区"), world.account(phone="10088888888")
    rooms.kept = {(here.id, resident.id): "甲室", (there.id, resident.id): "乙室", (here.id, other.id): "丙"}
    with world.writing(here):
        for who in (resident, other):
            requests.ask(
                "members.correction",
                district_id=here.id,
                asked_by=who.id,
                subject=f"申请{who.id}",
                answer_permission="core.members.edit",
            )
    answer = browser.get(f"{ME}.json")
    assert answer.headers["Content-Disposition"] == "attachment; filename=my-account.json"
    copy = json.loads(answer.text)
    assert copy["account"]["phone"] == "10088888888"
    assert copy["account"]["display_name"] == resident.display_name
    assert sorted(copy["districts"]) == ["990001", "990002"]
    assert copy["districts"]["990001"]["plugins"] == {"rooms": {"bookings": ["甲室"]}}
    assert copy["districts"]["990002"]["plugins"] == {"rooms": {"bookings": ["乙室"]}}
    assert [one["subject"] for one in copy["districts"]["990001"]["requests"]] == [f"申请{resident.id}"]
    assert "丙" not in answer.text and f"申请{other.id}" not in answer.text
    session.rollback()
    assert session.scalar(text("SELECT count(*) FROM audit WHERE action = 'account.copy'")) == 1


def test_the_copy_of_a_member_holds_what_hangs_on_the_login_as_well(
    world: World, here: Any, rooms: Rooms
) -> None:
    account = world.account(world.member(world.organization(here)))
    rooms.kept = {(here.id, account.id): "甲室"}
    copy = json.loads(world.browser(account).get("/d/990001/me/record.json").text)
    assert copy["plugins_by_account"] == {"990001": {"rooms": {"bookings": ["甲室"]}}}
    assert "rooms" not in copy["plugins"]


# --- the deletion --------------------------------------------------------------------------------


def test_a_deleted_account_leaves_nothing_that_says_whose_it_was(
    world: World, here: Any, browser: Browser, resident: Account, rooms: Rooms
) -> None:
    there = world.district("990002", name="乙区")
    rooms.kept = {(here.id, resident.id): "甲室", (there.id, resident.id): "乙室"}
    with world.writing(here), transaction():
        requests.ask(
            "members.correction",
            district_id=here.id,
            asked_by=resident.id,
            subject="我家门牌",
            answer_permission="core.members.edit",
            payload={"说明": "门牌写错"},
        )
        notices.notify(
            "core.request",
            account_id=resident.id,
            district_id=here.id,
            params={"subject": "我家门牌", "number": "1"},
        )
    elsewhere = world.browser(resident)
    page = browser.get(DELETE).text
    assert "删除以后不能恢复" in page
    answer = delete(browser, resident)
    assert (answer.status_code, answer.location) == (303, "/")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    said = browser.get("/").text
    assert "账号删除了。" in said and "钥匙登记留一年" in said
    assert elsewhere.get("/d/990001/me/").location.startswith("/login")
    assert browser.get("/d/990001/me/").location.startswith("/login")
    assert rooms.kept == {}
    row = row_of(resident)
    assert (row.display_name, row.phone_sealed, row.phone_index) == ("已删除", None, None)
    assert row.disabled_at is not None
    run_due()
    session.rollback()
    with everything():
        for table in ("request", "request_step", "notice", "login_session", "audit"):
            kept = "".join(str(tuple(one)) for one in session.execute(Model.metadata.tables[table].select()))
            assert "门牌" not in kept and "10088888888" not in kept, table
        assert list(session.execute(text("SELECT state FROM request"))) == [("withdrawn",)]
        actions = list(session.scalars(text("SELECT action FROM audit WHERE action LIKE 'account.%'")))
    assert actions == ["account.forget", "account.erase"]


def test_the_number_may_open_another_account_afterwards(
    world: World, here: Any, browser: Browser, resident: Account
) -> None:
    from tests.identity.conftest import Visitor, code_for

    delete(browser, resident)
    visitor = Visitor(world.app, world.browser())
    visitor.post("/d/990001/join", name="王阿姨", phone="10088888888")
    assert visitor.type_code(code_for("10088888888")).location == "/d/990001/"


def test_a_plugins_objection_is_shown_and_stops_it(
    browser: Browser, here: Any, resident: Account, rooms: Rooms
) -> None:
    rooms.kept, rooms.wait = {(here.id, resident.id): "甲室"}, "钥匙还没还"
    page = browser.get(DELETE).text
    assert "钥匙还没还" in page and "删除以后不能恢复" not in page
    answer = delete(browser, resident)
    assert (answer.status_code, "钥匙还没还" in answer.text) == (409, True)
    assert row_of(resident).disabled_at is None


def test_who_holds_a_role_gives_it_up_first(world: World, here: Any) -> None:
    desk = world.account(role="desk", district=here)
    browser = world.browser(desk)
    assert "工作角色" in browser.get(DELETE).text
    assert delete(browser, desk).status_code == 409
    assert browser.post(ME, data={"version": 1, "name": "局长"}).status_code == 422
    assert row_of(desk).disabled_at is None


def test_it_names_the_version_it_read(browser: Browser, resident: Account) -> None:
    assert browser.post(DELETE, data={}).status_code == 400
    assert browser.post(DELETE, data={"version": 7}).status_code == 409
    assert row_of(resident).disabled_at is None


def test_an_old_log_in_is_asked_again_first(world: World, here: Any, resident: Account) -> None:
    browser = world.browser(resident)
    with transaction():
        session.execute(text("UPDATE login_session SET second_factor_at = '2020-01-01 00:00:00'"))
    assert browser.get(DELETE).location.startswith("/d/990001/me/again")
    assert delete(browser, resident).location.startswith("/d/990001/me/again")
    assert row_of(resident).disabled_at is None


def test_who_does_not_agree_to_the_notice_may_delete_all_the_same(world: World, here: Any) -> None:
    fresh = world.account(home_id=here.id, agreed=[])
    browser = world.browser(fresh)
    page = browser.get("/d/990001/me/notice").text
    assert f'href="{DELETE}"' in page
    assert browser.get(DELETE).status_code == 200
    assert delete(browser, fresh).location == "/"


def test_while_a_plugin_with_data_is_not_loaded_nothing_is_half_done(
    browser: Browser, resident: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry(), "left_out", {"rooms"})
    row = session.get_one(Account, resident.id)
    for act in (
        lambda: account_rights.copy_of(row),
        lambda: account_rights.erase(row, version=1, actor=resident.id),
    ):
        with pytest.raises(PluginUnavailable):
            act()
    session.rollback()
    assert row_of(resident).disabled_at is None


def test_one_with_a_record_is_not_deleted_by_this_verb(world: World, here: Any) -> None:
    account = world.account(world.member(world.organization(here)))
    with pytest.raises(NotAllowed):
        account_rights.erase(session.get_one(Account, account.id), version=1, actor=account.id)


def test_the_answers_given_stay_as_a_proof(browser: Browser, resident: Account, here: Any) -> None:
    with transaction():
        consents.answer(
            resident.id, "notice", notice="x", answer="given", district_id=here.id, how="page", actor=None
        )
    delete(browser, resident)
    session.rollback()
    assert [one.answer for one in consents.of(resident.id)] == ["given"]
