"""Reminders and arrears: once a month, nothing on a lock screen, evidence, and nobody's standing changes."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from plugins.dues import messages
from plugins.dues.models import DuesConsent, DuesReminder
from plugins.dues.queries import arrears
from plugins.dues.service import obligations, reminders
from portal.api import Member, Model, Reach, clock, everything, session
from portal.testing import queries as counted

from .conftest import Branch, create_months, pay
from .test_allocation import Treasurer
from .test_cash import key

MONTHS = [f"2026-{number:02d}" for number in range(4, 12)]


@pytest.fixture
def late(branch: Branch):
    """One with an account who owes this month, one without who owes eight, one who paid all."""
    now = branch.member(name="钱本月", paid_through="2026-10")
    long = branch.member(name="孙八月", paid_through="2026-03")
    done = branch.member(name="李交清", paid_through="2026-10")
    branch.world.account(now)
    for month in MONTHS:
        with branch.inside():
            obligations.create_month(district_id=branch.district.id, month=month)
    pay(branch, done, 1930, ["2026-11"])
    collector = branch.world.browser(
        branch.world.account(
            branch.member(name="收款甲", paid_through="2026-12"),
            role="dues_collector",
            organization=branch.organization,
        )
    )
    return branch, now.id, long.id, done.id, collector


def url(branch: Branch, rest: str = "remind") -> str:
    return f"/d/{branch.district.code}/dues/{rest}"


def told() -> list[tuple[int, str, str]]:
    session.rollback()
    with everything():
        rows = select(DuesReminder.member_id, DuesReminder.month, DuesReminder.way)
        return sorted(tuple(row) for row in session.execute(rows))


def notices() -> list[tuple[str, dict[str, str]]]:
    session.rollback()
    table = Model.metadata.tables["notice"]
    with everything():
        found = session.execute(
            select(table.c.template, table.c.params).where(table.c.template.like("dues.%re%"))
        )
        return [tuple(row) for row in found]


def send(branch: Branch, browser, *who: int, act: str = "notice"):
    form = {"_once": key(), "act": act, "who": [str(one) for one in who], "branch": branch.organization.id}
    return browser.post(url(branch), data=form)


def test_everybody_chosen_is_reminded_once_a_month(late):
    branch, now, long, done, collector = late
    assert send(branch, collector, now, long, done).status_code == 303
    assert told() == [(now, "2026-11", "notice")], "no account, and nothing owed: no notice"
    said = collector.get(url(branch)).get_data(as_text=True)
    assert "已提醒1人。" in said and "1人还没登录过，请当面或打电话说一声。" in said
    assert send(branch, collector, now).status_code == 303
    assert "1人这个月提醒过，没有重复" in collector.get(url(branch)).get_data(as_text=True)
    assert notices() == [("dues.remind", {})]
    with clock.frozen(date(2026, 12, 2)), branch.inside():
        someone = Treasurer(account_id=branch.world.account().id)
        reminders.remind(
            district=branch.ref,
            organization_id=branch.organization.id,
            member_ids=[now],
            way="notice",
            actor=someone,
        )
    assert notices()[1:] == [("dues.arrears", {"months": "2026-11"})]


def test_the_words_name_no_sum_and_nothing_on_the_lock_screen(late):
    branch, _now, _long, _done, collector = late
    page = collector.get(url(branch)).get_data(as_text=True)
    assert "本月党费可以交了。已交请忽略，不会用手机的请找我。" in page
    group = page[page.index('id="group-text"') : page.index("</textarea>")]
    for name in ("钱本月", "孙八月", "元", "自行脱党", "口袋党员"):
        assert name not in group
    assert "data:image/png" in page and "复制到微信群" in page and "长按上面的文字" in page
    assert f"/d/{branch.district.code}/dues/" in group
    for one in (messages.REMIND, messages.ARREARS, messages.BASE):
        outward = f"{one.title}{one.body}"
        assert not any(word in outward for word in ("党", "费", "元", "欠", "%("))


def test_a_word_in_person_is_evidence_too(late):
    branch, _now, long, _done, collector = late
    assert send(branch, collector, long, act="word").status_code == 303
    assert told() == [(long, "2026-11", "word")] and notices() == []
    page = collector.get(url(branch, "arrears")).get_data(as_text=True)
    assert "孙八月" in page and "（当面或电话）" in page
    assert "请提交支部大会研究，并告诉上一级" in page and "自行脱党" not in page
    assert "钱本月" not in page, "this month is not late"


def test_six_months_are_the_meetings_business_and_change_nobody(late):
    branch, _now, long, _done, collector = late
    with branch.inside():
        found = {one.member_id: one for one in arrears.owing(branch.organization.id)}
        assert (found[long].in_a_row, found[long].review.self_withdrawal_review) == (7, True)
        assert arrears.reviews(Reach(everywhere=True)) == arrears.Reviews(talk=0, meeting=1, branches=1)
        assert arrears.reviews(Reach()) == arrears.Reviews(talk=0, meeting=0, branches=0)
        assert session.get_one(Member, long).state == "normal"


def test_each_level_hears_of_its_own_step(late):
    """Three months: the branch talks. Six: its meeting, and the level above in numbers, nobody else."""
    branch, _now, long, _done, collector = late
    world, home = branch.world, f"/d/{branch.district.code}/"
    branch.member(name="周三月", paid_through="2026-07")
    create_months(branch, *MONTHS)
    with branch.inside():
        assert arrears.reviews(Reach(everywhere=True)) == arrears.Reviews(talk=1, meeting=1, branches=1)
    assert send(branch, collector, long, act="word").status_code == 303

    def start(role: str) -> str:
        staff = world.browser(world.account(role=role, district=branch.district))
        return staff.get(home).get_data(as_text=True)

    own = collector.get(home).get_data(as_text=True)
    assert "有人连续6个月没登记党费，请支部研究" in own and "有人连续3个月没登记党费，请当面了解" in own
    for role in ("district_admin", "treasurer"):
        page = start(role)
        assert "有支部的同志连续6个月没登记党费，请和支部一起研究" in page
        assert "孙八月" not in page and "请当面了解" not in page
    assert "连续6个月" not in start("desk")
    above = world.browser(world.account(role="district_admin", district=branch.district))
    page = above.get(url(branch, "totals")).get_data(as_text=True)
    assert "1人，其中1人提醒过" in page and "孙八月" not in page


def test_the_branch_opens_old_months_with_a_reason(late):
    branch, _now, long, _done, collector = late
    one = url(branch, f"arrears/{long}")
    assert "还没有提醒过" in collector.get(one).get_data(as_text=True)
    form = {"note": "住院半年，支部同意", "until": "2026-12-31"}
    assert collector.post(one, data={**form, "note": " ", "_once": key()}).status_code == 422
    assert collector.post(one, data={**form, "until": "明年", "_once": key()}).status_code == 422
    assert collector.post(one, data={**form, "until": "2026-11-20", "_once": key()}).status_code == 422
    assert collector.post(one, data={**form, "_once": key()}).status_code == 303
    with everything():
        (row,) = session.scalars(select(DuesConsent)).all()
        assert (row.member_id, row.from_month, row.valid_to) == (long, "2026-04", date(2026, 12, 31))


def test_others_remind_nobody_here(late):
    branch, now, long, done, collector = late
    world = branch.world
    other = world.organization(branch.district)
    stranger = world.browser(world.account(role="dues_collector", organization=other))
    assert send(branch, stranger, now).status_code == 404
    assert stranger.get(url(branch, f"arrears/{long}")).status_code == 404
    assert collector.get(url(branch, f"arrears/{done}")).status_code == 404, "nothing open"
    assert send(branch, collector).status_code == 422
    assert send(branch, collector, now, act="shout").status_code == 400
    assert send(branch, collector, 10**9).status_code == 303
    assert told() == []


def test_the_lists_cost_the_same_for_few_and_many(late):
    branch, *_rest, collector = late
    counts = []
    for _turn in range(2):
        for path in ("remind", "arrears"):
            collector.get(url(branch, path))
            with counted() as seen:
                collector.get(url(branch, path))
            counts.append(len(seen))
        for name in ("周一", "吴二", "郑三"):
            branch.member(name=name, paid_through="2026-03")
        for month in MONTHS:
            with branch.inside():
                obligations.create_month(district_id=branch.district.id, month=month)
    assert counts[:2] == counts[2:]


def test_the_address_for_the_group_is_the_registered_one(late):
    """Whoever asks under another name does not lead a whole group there."""
    branch, *_others, collector = late
    asked = collector.get(url(branch), environ_overrides={"SERVER_NAME": "localhost"})
    assert "http://localhost/d/" in asked.get_data(as_text=True)
    for name, value in (("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")):
        assert "evil.example" not in collector.get(url(branch), headers={name: value}).get_data(as_text=True)
    branch.world.app.config["PUBLIC_URL"] = "https://portal.example"
    text = collector.get(url(branch)).get_data(as_text=True)
    assert f"https://portal.example{url(branch, '')}" in text and "http://localhost/d/" not in text


def test_numbers_longer_than_any_id_are_nobody(late):
    branch, *_others, collector = late
    form = {"_once": key(), "act": "notice", "who": ["9" * 30, "9" * 5000]}
    assert collector.post(url(branch), data=form).status_code == 422
    treasurer = branch.world.browser(branch.world.account(role="treasurer", district=branch.district))
    for pick in ("9" * 30 + ":1", "1:" + "9" * 5000):
        form = {"_once": key(), "act": "approve", "pick": [pick]}
        assert treasurer.post(url(branch, "bases/decide"), data=form).status_code == 400
