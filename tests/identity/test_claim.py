"""Phones shared by a couple, records nobody has claimed yet, and codes on paper."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from portal import clock
from portal.database import session, transaction
from portal.identity import claims, limits
from portal.identity.actor import Actor
from portal.identity.models import Account
from portal.members.models import Member
from portal.testing import World
from tests.identity.conftest import PHONE, Visitor, codes_sent


def accounts() -> list[tuple[int | None, str]]:
    session.rollback()
    found = [tuple(row) for row in session.execute(select(Account.person_id, Account.display_name))]
    session.rollback()
    return found  # type: ignore[return-value]


def test_couple_sharing_a_phone_choose_by_surname(
    visitor: Visitor, world: World, here: Any, account: Any
) -> None:
    wife = world.account(world.member(world.organization(here), name="钱试", phone=PHONE), phone=PHONE)
    assert visitor.log_in().location == "/login/who"
    page = visitor.get("/login/who").text
    assert "赵**" in page and "钱*" in page and "赵测试" not in page
    assert visitor.post("/login/who").status_code == 422
    assert visitor.post("/login/who", who="x" * 26).status_code == 422
    assert visitor.post("/login/who", who=wife.uid).location == "/d/990001/"
    assert "钱试，您好" in visitor.get("/d/990001/").text


def test_choice_is_for_the_number_proven_and_for_ten_minutes(
    visitor: Visitor, world: World, here: Any, account: Any
) -> None:
    world.account(world.member(world.organization(here), phone=PHONE), phone=PHONE)
    stranger = world.account(world.member(world.organization(here)))
    visitor.log_in()
    assert visitor.post("/login/who", who=stranger.uid).status_code == 422
    page = visitor.get("/login/who").text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    with clock.moved(timedelta(minutes=11)):
        answer = visitor.browser.post("/login/who", data={"who": account.uid, "csrf_token": token})
        assert answer.location == "/login"


def test_same_surname_shows_one_character_more(visitor: Visitor, world: World, here: Any) -> None:
    for name in ("王小明", "王大红"):
        world.account(world.member(world.organization(here), name=name, phone=PHONE), phone=PHONE)
    visitor.log_in()
    page = visitor.get("/login/who").text
    assert "王*明" in page and "王*红" in page


def test_imported_record_is_claimed_by_name_and_last_four(visitor: Visitor, member: Member) -> None:
    assert visitor.log_in().location == "/login/claim"
    page = visitor.get("/login/claim").text
    assert "请填姓名和身份证号后4位，核对后才显示信息。" in page
    assert "赵" not in page
    answer = visitor.post("/login/claim", name=" 赵 测试 ", tail=member.ric_tail.lower())
    assert answer.location == "/d/990001/"
    assert accounts() == [(member.person_id, "赵测试")]
    notice = "/d/990001/me/notice"
    assert visitor.get("/d/990001/").location == f"{notice}?next=/d/990001/"
    version = re.findall(r'name="notice" value="([^"]+)"', visitor.get(notice).text)[0]
    visitor.post(notice, notice=version, sensitive="yes")
    assert "赵测试，您好" in visitor.get("/d/990001/").text
    visitor.post("/logout", form="/d/990001/me/")
    with clock.moved(timedelta(minutes=2)):
        assert visitor.log_in().location == "/d/990001/"


def other_tail(member: Member) -> str:
    return "0000" if member.ric_tail != "0000" else "1111"


def test_claim_wrong_in_either_part_answers_the_same(visitor: Visitor, member: Member) -> None:
    visitor.log_in()
    wrong_tail = visitor.post("/login/claim", name="赵测试", tail=other_tail(member))
    wrong_name = visitor.post("/login/claim", name="赵试测", tail=member.ric_tail)
    assert wrong_tail.status_code == wrong_name.status_code == 422
    # No help line is set here, so nobody is told to call one.
    assert "没核对上。请再看一遍；还不行请带身份证到服务台，我们帮您查。" in wrong_tail.text
    assert len(wrong_tail.data) == len(wrong_name.data)
    visitor.app.config["HELP_PHONE"] = "0000-12345678"
    page = visitor.post("/login/claim", name="赵试测", tail=member.ric_tail).text
    assert "没核对上。请再看一遍；还不行请打0000-12345678，我们帮您查。" in page
    assert accounts() == []


def test_claim_has_five_tries(visitor: Visitor, member: Member) -> None:
    visitor.log_in()
    for _ in range(5):
        assert visitor.post("/login/claim", name="赵测试", tail=other_tail(member)).status_code == 422
    assert visitor.post("/login/claim", name="赵测试", tail=member.ric_tail).status_code == 429
    assert accounts() == []


def test_claim_needs_the_number_proven(visitor: Visitor, member: Member) -> None:
    assert visitor.get("/login/claim").location == "/login"
    visitor.ask()
    assert visitor.get("/login/claim").location == "/login"


def test_claim_reaches_only_records_of_that_number(
    visitor: Visitor, world: World, here: Any, member: Member
) -> None:
    stranger = world.member(world.organization(here), name="孙试验")
    visitor.log_in()
    answer = visitor.post("/login/claim", name="孙试验", tail=stranger.ric_tail)
    assert (answer.status_code, accounts()) == (422, [])


def test_second_of_a_couple_claims_beside_the_first(
    visitor: Visitor, world: World, here: Any, account: Any
) -> None:
    wife = world.member(world.organization(here), name="钱试", phone=PHONE)
    visitor.log_in()
    assert visitor.post("/login/who", who="new").location == "/login/claim"
    assert visitor.post("/login/claim", name="钱试", tail=wife.ric_tail).location == "/d/990001/"
    assert len(accounts()) == 2


def test_closed_record_cannot_be_claimed(visitor: Visitor, member: Member) -> None:
    with transaction():
        session.execute(text("UPDATE member SET closed_on = '2026-01-01'"))
    visitor.ask()
    assert codes_sent() == []


def paper(member: Member) -> str:
    return claims.print_code(member.id, district_id=member.district_id, by=Actor(account_id=None))


def test_paper_code_opens_the_account_once(visitor: Visitor, other: Visitor, member: Member) -> None:
    code = paper(member)
    session.rollback()
    stored = "".join(str(row) for row in session.execute(text("SELECT * FROM paper_code")))
    assert code.replace("-", "") not in stored
    answer = visitor.post("/login/paper", code=code.lower().replace("-", " "), name="赵测试")
    assert answer.location == "/d/990001/"
    assert accounts() == [(member.person_id, "赵测试")]
    assert other.post("/login/paper", code=code, name="赵测试").status_code == 422


def test_paper_code_of_somebody_else_and_five_wrong_names(visitor: Visitor, member: Member) -> None:
    code = paper(member)
    for _ in range(5):
        answer = visitor.post("/login/paper", code=code, name="钱试验")
        assert (answer.status_code, "没核对上" in answer.text) == (422, True)
    assert visitor.post("/login/paper", code=code, name="赵测试").status_code == 422
    assert accounts() == []


def ten_at_once(visitor: Visitor, path: str, **data: str) -> list[int]:
    """Send one form from ten browsers with one cookie at the same instant; return the statuses."""
    page = visitor.get(path).text
    data["csrf_token"] = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    cookie = visitor.browser.get_cookie("portal")
    assert cookie is not None
    start, answers = threading.Barrier(10), []

    def send(number: int) -> None:
        browser = visitor.app.test_client()
        browser.set_cookie("portal", cookie.value)
        start.wait()
        address = {"REMOTE_ADDR": f"192.0.2.{number}"}
        answers.append(browser.post(path, data=data, environ_overrides=address).status_code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def test_paper_code_sent_ten_times_at_once_opens_one_session(visitor: Visitor, member: Member) -> None:
    answers = ten_at_once(visitor, "/login/paper", code=paper(member), name="赵测试")
    assert answers == [303] + [422] * 9
    assert accounts() == [(member.person_id, "赵测试")]
    assert session.scalar(text("SELECT count(*) FROM login_session")) == 1


def test_record_claimed_ten_times_at_once_is_one_account(visitor: Visitor, member: Member) -> None:
    visitor.log_in()
    answers = ten_at_once(visitor, "/login/claim", name="赵测试", tail=member.ric_tail)
    assert answers[0] == 303 and answers[-1] < 500
    assert accounts() == [(member.person_id, "赵测试")]
    assert session.scalar(text("SELECT count(*) FROM login_session")) == 1


def test_paper_code_lives_three_days_and_a_new_one_voids_it(visitor: Visitor, member: Member) -> None:
    first = paper(member)
    second = paper(member)
    assert visitor.post("/login/paper", code=first, name="赵测试").status_code == 422
    with clock.moved(timedelta(days=3)):
        assert visitor.post("/login/paper", code=second, name="赵测试").status_code == 422
    assert visitor.post("/login/paper", code=second, name="赵测试").status_code == 303


def test_paper_codes_cannot_be_guessed_from_one_address(visitor: Visitor, member: Member) -> None:
    paper(member)
    answers = [visitor.post("/login/paper", code="AAAAA-AAAAA", name="赵测试").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_paper_code_binds_the_number_staff_have_written_down(
    visitor: Visitor, other: Visitor, world: World, member: Member, account: Any
) -> None:
    """The phone was lost: the desk looks at the card, writes the new number down, prints a code."""
    thief = Visitor(world.app, world.browser(account))
    assert thief.get("/d/990001/me/").status_code == 200
    from portal.members import sealed

    with world.writing(session.get_one(type(world.district()), member.district_id)), transaction():
        row = session.get_one(Member, member.id)
        columns = sealed.sealed_columns(row.uid, {"phone": "10000000077"}, keep_ric=False)
        for name, value in columns.items():
            setattr(row, name, value)
    assert visitor.post("/login/paper", code=paper(member), name="赵测试").location == "/d/990001/"
    assert thief.get("/d/990001/me/").status_code == 303  # the old device is out at once
    other.ask(PHONE)
    assert codes_sent(PHONE) == []
    assert other.log_in("10000000077").location == "/d/990001/"
    session.rollback()
    actions = {row[0] for row in session.execute(text("SELECT action FROM audit"))}
    assert {"account.paper_code", "account.claim", "account.phone", "login"} <= actions


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": "", "tail": ""}, ("请填姓名，和身份证上一样。", "请填身份证号后4位。")),
        ({"name": "赵测试", "tail": "12"}, ("只填身份证号的后4位，现在是2位。",)),
        ({"name": "赵测试", "tail": "999999200001011234"}, ("只填身份证号的后4位，现在是18位。",)),
    ],
)
def test_half_filled_claim_says_which_part_and_costs_no_try(
    visitor: Visitor, member: Member, typed: dict[str, str], words: tuple[str, ...]
) -> None:
    visitor.log_in()
    for _ in range(6):
        page = visitor.post("/login/claim", **typed)
        assert (page.status_code, [word in page.text for word in words]) == (422, [True] * len(words))
    assert visitor.post("/login/claim", name="赵测试", tail=member.ric_tail).location == "/d/990001/"


def test_first_of_a_couple_who_says_to_be_the_other_comes_in_as_themselves(
    visitor: Visitor, world: World, here: Any, account: Any, member: Member
) -> None:
    world.member(world.organization(here), name="钱试", phone=PHONE)
    visitor.log_in()
    visitor.post("/login/who", who="new")
    assert visitor.post("/login/claim", name="赵测试", tail=other_tail(member)).status_code == 422
    assert visitor.post("/login/claim", name="赵测试", tail=member.ric_tail).location == "/d/990001/"
    assert "赵测试，您好" in visitor.get("/d/990001/").text
    assert len(accounts()) == 1


def test_record_claimed_under_another_number_is_not_opened_by_the_old_one(
    visitor: Visitor, world: World, here: Any, member: Member
) -> None:
    """Its account has a new number; whoever holds the old one learns nothing, not even with name and id."""
    world.account(member, phone="10000000077")
    world.member(world.organization(here), name="钱试", phone=PHONE)
    assert visitor.log_in().location == "/login/claim"
    answer = visitor.post("/login/claim", name="赵测试", tail=member.ric_tail)
    assert (answer.status_code, "没核对上" in answer.text) == (422, True)


def test_too_slow_to_name_oneself_says_so(visitor: Visitor, member: Member) -> None:
    visitor.log_in()
    page = visitor.get("/login/claim").text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    with clock.moved(timedelta(minutes=11)):
        data = {"name": "赵测试", "tail": member.ric_tail, "csrf_token": token}
        assert visitor.browser.post("/login/claim", data=data).location == "/login"
        assert "等得太久了，请重新发一个验证码。" in visitor.get("/login").text


def test_names_that_look_alike_are_shown_whole(visitor: Visitor, world: World, here: Any) -> None:
    for name in ("王小明", "王大明", "李红"):
        world.account(world.member(world.organization(here), name=name, phone=PHONE), phone=PHONE)
    visitor.log_in()
    page = visitor.get("/login/who").text
    assert "王小明" in page and "王大明" in page and "李*" in page


def test_one_of_a_couple_gives_way_to_the_other_with_a_fresh_code(
    visitor: Visitor, world: World, here: Any, account: Any
) -> None:
    wife = world.account(world.member(world.organization(here), name="钱试", phone=PHONE), phone=PHONE).uid
    visitor.log_in()
    visitor.post("/login/who", who=account.uid)
    cookie = visitor.browser.get_cookie(visitor.app.config["SESSION_COOKIE_NAME"])
    me = visitor.get("/d/990001/me/").text
    assert "这个号码还登记了：" in me and "钱*" in me
    with clock.moved(timedelta(minutes=2)):
        assert visitor.post("/login/switch", form="/d/990001/me/").location == "/login/code"
        old = Visitor(visitor.app, world.browser())
        old.browser.set_cookie(cookie.key, cookie.value)
        assert old.get("/d/990001/me/").status_code == 303  # the first one is out
        assert visitor.type_code(codes_sent()[0]).location == "/login/who"
        assert visitor.post("/login/who", who=wife).location == "/d/990001/"
        assert "钱试，您好" in visitor.get("/d/990001/").text


def test_changing_over_too_often_leaves_everybody_where_they_are(
    visitor: Visitor, world: World, here: Any, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.account(world.member(world.organization(here), name="钱试", phone=PHONE), phone=PHONE)
    visitor.log_in()
    visitor.post("/login/who", who=account.uid)

    def full(*rules: Any) -> None:
        raise limits.TooOften(30)

    monkeypatch.setattr(limits, "take", full)
    answer = visitor.post("/login/switch", form="/d/990001/me/", next="/d/990001/me/")
    assert answer.location == "/d/990001/me/"
    assert "秒再试" in visitor.get("/d/990001/me/").text


def test_alone_on_a_number_there_is_nobody_to_give_way_to(visitor: Visitor, account: Any) -> None:
    visitor.log_in()
    assert "/login/switch" not in visitor.get("/d/990001/me/").text
    assert visitor.post("/login/switch", form="/d/990001/me/").location == "/"
    assert visitor.get("/d/990001/me/").status_code == 200


@pytest.mark.parametrize("path", ["/login/claim", "/login/paper"])
def test_empty_form_says_what_is_missing(visitor: Visitor, member: Member, path: str) -> None:
    visitor.log_in()
    assert visitor.post(path).status_code == 422
