"""People who match nothing: the form, its limits, the desk's queue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from portal import audit, clock, crypto
from portal.database import everything, session
from portal.districts import settings
from portal.identity.actor import Actor
from portal.organizations import unmatched
from portal.organizations.unmatched_models import Unmatched
from portal.testing import token


def form(**values):
    return {
        "typed": "冥王星矿业",
        "question": "上个月刚到",
        "phone": "100 0000-0001",
        "consent": "1",
        "_once": crypto.new_token(),
        **values,
    }


@pytest.fixture
def leave(town, client):
    path = f"/d/{town.district.code}/find/ask"

    def post(**values):
        return client.post(path, data=form(**values) | {"csrf_token": token(client, path)})

    return post


def rows() -> list[Unmatched]:
    session.rollback()
    with everything():
        return session.query(Unmatched).order_by(Unmatched.id).all()


def test_question_is_left_and_its_receipt_can_be_opened_again(town, leave, client):
    answer = leave()
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert "已交给服务台" in page and rows()[0].uid[-8:] in page
    for private in ("10000000001", "冥王星", "上个月"):
        assert private not in page


def test_receipt_says_when_the_desk_calls(town, world, leave, client):
    """Three working days unless the district says otherwise; one that promises nothing says nothing."""
    where = leave().headers["Location"]
    said = "工作人员会在%s个工作日内打您留的电话。到时还没接到，请打下面的号码。"
    assert said % 3 in client.get(where).get_data(as_text=True)
    assert "一般3个工作日内回电话。" in client.get(f"/d/{town.district.code}/find/ask").get_data(as_text=True)
    for days in (1, 0):
        with world.writing(town.district):
            settings.put(town.district.id, "core.answer_within_days", days, by=None)
        page = client.get(where).get_data(as_text=True)
        assert (said % days in page) is bool(days)
    assert "工作人员查到后会打您留的电话。" in page and "工作日" not in page


def test_what_was_searched_is_filled_in(town, client):
    page = client.get(f"/d/{town.district.code}/find/ask?q=冥王星").get_data(as_text=True)
    assert 'value="冥王星"' in page


def test_nothing_is_stored_in_the_clear(town, leave):
    leave()
    stored = session.execute(text("select * from unmatched")).one()
    for value in stored:
        plain = value if isinstance(value, bytes) else str(value).encode()
        for private in ("10000000001", "冥王星", "上个月"):
            assert private.encode() not in plain


@pytest.mark.parametrize(
    "values, words",
    [
        ({"phone": "12"}, "请填11位手机号"),
        ({"phone": ""}, "请填11位手机号"),
        ({"consent": ""}, "要先同意"),
        ({"typed": "", "question": ""}, "请写单位名"),
    ],
)
def test_wrong_form_says_how_to_mend_it_and_keeps_the_text(leave, values, words):
    answer = leave(**values)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and words in page and 'role="alert"' in page
    assert "上个月刚到" in page or values.get("question") == ""
    assert rows() == []


@pytest.mark.parametrize(
    "typed, phone",
    [
        ("１００ ００００ ０００１", "10000000001"),
        ("+86 100-0000-0001", "10000000001"),
        ("0000-8800000", "00008800000"),
        ("1000000000", None),
        ("abc", None),
        ("", None),
    ],
)
def test_phone_is_read_leniently(typed, phone):
    assert unmatched.tidy_phone(typed) == phone


def test_same_form_twice_counts_once(leave):
    first, second = leave(_once="k" * 20), leave(_once="k" * 20)
    assert first.headers["Location"] == second.headers["Location"] and len(rows()) == 1
    assert leave(_once="k" * 20, question="anders").status_code == 409


def test_same_number_may_leave_three_a_day(leave):
    assert [leave().status_code for _ in range(4)] == [303, 303, 303, 429]
    with clock.moved(timedelta(hours=25)):
        assert leave().status_code == 303


def test_same_network_is_limited_too(leave):
    codes = [leave(phone=f"1000000{n:04d}").status_code for n in range(unmatched.PER_NETWORK + 1)]
    assert codes == [303] * unmatched.PER_NETWORK + [429]


def test_desk_sees_masked_list_opens_one_and_answers(town, world, leave):
    leave()
    desk = world.browser(world.account(role="desk", district=town.district))
    base = f"/d/{town.district.code}/desk/unmatched"
    page = desk.get(base).get_data(as_text=True)
    assert "冥王星矿业" in page and "100****0001" in page and "10000000001" not in page
    question = rows()[0]
    page = desk.get(f"{base}/{question.id}").get_data(as_text=True)
    assert "10000000001" in page
    with everything():
        seen = [row.action for row in audit.history(subject=("unmatched", question.id))]
    assert sorted(seen) == ["unmatched.ask", "view"]
    sent = {"version": str(question.version), "note": "归莲花社区", "_once": crypto.new_token()}
    assert desk.post(f"{base}/{question.id}", data=sent).status_code == 303
    assert "冥王星矿业" not in desk.get(base).get_data(as_text=True)
    assert "冥王星矿业" in desk.get(f"{base}?state=answered").get_data(as_text=True)
    again = sent | {"_once": crypto.new_token()}
    assert desk.post(f"{base}/{question.id}", data=again).status_code == 409
    missing = {"note": "x", "_once": crypto.new_token()}
    assert desk.post(f"{base}/{question.id}", data=missing).status_code == 400


def test_queue_is_for_the_desk_of_this_district_only(town, world, make_town, leave):
    leave()
    question, other = rows()[0], make_town("平房区")
    branch = town.organization("乙支部")
    for account in (
        world.account(world.member(branch)),
        world.account(role="secretary", organization=branch),
        world.account(role="desk", organization=branch),
    ):
        browser = world.browser(account)
        assert browser.get(f"/d/{town.district.code}/desk/unmatched").status_code == 404
        assert browser.get(f"/d/{town.district.code}/desk/unmatched/{question.id}").status_code == 404
    foreign = world.browser(world.account(role="desk", district=other.district))
    assert foreign.get(f"/d/{town.district.code}/desk/unmatched").status_code == 404
    assert foreign.get(f"/d/{other.district.code}/desk/unmatched/{question.id}").status_code == 404
    assert "冥王星" not in foreign.get(f"/d/{other.district.code}/desk/unmatched").get_data(as_text=True)
    path = f"/d/{other.district.code}/find/asked/{question.uid}"
    assert foreign.get(path).status_code == 404


def test_old_questions_are_forgotten(leave, town, world):
    leave()
    leave(phone="10000000002")
    with everything():
        row = rows()[0]
    actor = Actor(account_id=world.account(role="desk", district=town.district).id)
    with everything():
        unmatched.answer(row, version=row.version, note="", actor=actor)
    with clock.moved(timedelta(days=91)):
        unmatched.forget()
        assert len(rows()) == 1
    with clock.moved(timedelta(days=401)):
        unmatched.forget()
        assert rows() == []
