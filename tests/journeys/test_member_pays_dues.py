"""A member pays dues by WeChat Pay at the simulator. Needs the plugins dues and wechatpay."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.serving import make_server

from paysim import ctl
from paysim.outbox import Plan
from paysim.testing import credentials, paysim, paysim_process  # noqa: F401
from plugins.dues.models import DuesObligation, DuesVoucher
from plugins.dues.months import shifted, span
from plugins.dues.queries import verify
from plugins.dues.service import books, openings
from portal import clock, ledger
from portal.database import session, transaction
from portal.payments import accounts
from portal.payments.models import PaymentAttempt
from portal.testing import World

WECHAT = "Mozilla/5.0 (Linux; Android 13) Mobile MicroMessenger/8.0.49 NetType/WIFI Language/zh_CN"
PHONE = "Mozilla/5.0 (Linux; Android 13; PHONE) Mobile Safari/537.36"


@dataclass
class Till:
    """A member who owes three months, and the channel that takes the money."""

    world: World
    sim: Any
    district: Any
    branch: Any
    member: Any
    browser: Any
    url: str

    @property
    def months(self) -> list[str]:
        return span(shifted(clock.month(), -2), clock.month())

    def page(self, path: str = "", **more: Any) -> Any:
        return self.browser.get(f"/d/{self.district.code}/dues/{path}", **more)

    def begin(self, months: list[str], *, once: str = "form-number-one", agent: str = PHONE) -> Any:
        form = {"_once": once, "month": months, "way": "demo"}
        return self.browser.post(
            f"/d/{self.district.code}/dues/pay", data=form, headers={"User-Agent": agent}
        )

    def attempt(self) -> Any:
        """Return uid, out_trade_no and flow of the latest attempt; leaves no transaction open."""
        with self.world.writing(self.district):
            row = session.execute(
                select(PaymentAttempt.uid, PaymentAttempt.out_trade_no, PaymentAttempt.flow).order_by(
                    PaymentAttempt.id.desc()
                )
            ).first()
            session.rollback()
        return row

    def counts(self) -> tuple[int, dict[str, str], int]:
        with self.world.writing(self.district):
            vouchers = session.scalar(select(func.count()).select_from(DuesVoucher))
            states = {m: s for m, s in session.execute(select(DuesObligation.month, DuesObligation.state))}
            credit = books.credit_of(self.district.id, self.member.id)
            book = ledger.find_book(district_id=self.district.id, purpose="dues")
            assert verify.differences(self.district.id) == []
            assert book is None or ledger.verify(book) == []
            session.rollback()
        return vouchers or 0, states, credit


@pytest.fixture
def till(app: Any, world: World, paysim: Any) -> Iterator[Till]:  # noqa: F811
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    app.config["PUBLIC_URL"] = url
    paysim.set_portal(url)
    district = world.district()
    branch = world.organization(district)
    member = world.member(branch, name="赵明兰")
    ref = world.ref(district)
    given = credentials(paysim, payee_name="测试区委组织部党费专户")
    with world.writing(district), transaction():
        openings.start_branch(
            district=ref, organization=branch, start_month=shifted(clock.month(), -2), by=None
        )
        openings.take_over_member(
            district=ref,
            member=member,
            category="retired",
            base_fen=386_000,
            paid_through=shifted(clock.month(), -3),
            by=None,
        )
        accounts.create_account(district_id=district.id, purpose="dues", actor=None, **given)
    yield Till(world, paysim, district, branch, member, world.browser(world.account(member)), url)
    server.shutdown()
    thread.join()
    server.server_close()


def text(reply: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.get_data(as_text=True)))


def test_twenty_notifications_at_once_make_one_voucher(till: Till) -> None:
    assert "共57.90元" in text(till.page("pay", query_string={"month": till.months}))
    assert "测试区委组织部党费专户" in text(till.page("pay", query_string={"month": till.months}))
    reply = till.begin(till.months)
    assert reply.status_code == 303 and "/pay/" in reply.location
    number = till.attempt().out_trade_no
    till.sim.outbox.plans[number] = Plan(copies=20)
    ctl.pay(till.sim, number)
    till.sim.outbox.settle(20)
    assert till.counts() == (1, dict.fromkeys(till.months, "paid"), 0)
    paid = till.browser.get(reply.location)
    assert "已交费" in text(paid)
    link = re.search(r'href="([^"]+/dues/voucher/[^"]+)"', paid.get_data(as_text=True))
    assert link is not None
    assert "57.90元" in text(till.browser.get(link[1]))
    assert "到这个月的党费都交了。" in text(till.page())


def test_a_browser_that_never_returns_and_a_notification_that_never_comes_are_found_by_a_query(
    till: Till,
) -> None:
    from portal.payments import by_uid, check_attempt

    till.begin(till.months[:1])
    attempt = till.attempt()
    till.sim.outbox.plans[attempt.out_trade_no] = Plan(drop=True)
    ctl.pay(till.sim, attempt.out_trade_no)
    assert till.counts()[0] == 0
    with till.world.writing(till.district):
        found = by_uid(attempt.uid)
        assert found is not None
        check_attempt(found)
        session.rollback()
    assert till.counts()[:2] == (1, {till.months[0]: "paid"})


def test_the_same_form_twice_is_one_order_and_another_choice_ends_the_first(till: Till) -> None:
    first = till.begin(till.months)
    assert till.begin(till.months).location == first.location
    other = till.begin(till.months[:1], once="form-number-two")
    assert other.status_code == 303 and other.location != first.location
    with till.world.writing(till.district):
        states = session.execute(select(PaymentAttempt.state).order_by(PaymentAttempt.id)).scalars().all()
        session.rollback()
    assert states == ["closed", "pending"]


def test_months_paid_elsewhere_meanwhile_leave_the_money_as_credit(till: Till) -> None:
    from plugins.dues.tests.conftest import Branch, pay

    till.begin(till.months)
    number = till.attempt().out_trade_no
    same = Branch.__new__(Branch)
    same.world, same.district, same.organization = till.world, till.district, till.branch
    pay(same, till.member, 5790, till.months, key="CASH")
    ctl.pay(till.sim, number)
    till.sim.outbox.settle(20)
    assert till.counts() == (2, dict.fromkeys(till.months, "paid"), 5790)
    assert "您有57.90元还没用上" in text(till.page())


def test_inside_wechat_the_payer_is_asked_for_by_the_service_account(till: Till) -> None:
    reply = till.begin(till.months, agent=WECHAT)
    page = till.browser.get(reply.location, headers={"User-Agent": WECHAT}).get_data(as_text=True)
    assert till.attempt().flow == "jsapi" and "用微信支付" in page


def test_a_sum_that_is_no_longer_owed_is_not_asked_for(till: Till) -> None:
    assert till.begin(till.months[1:]).status_code == 422
    assert till.begin([]).status_code == 422
    assert till.begin(["2026-99"]).status_code == 400
    assert till.attempt() is None


def test_whoever_never_came_back_sees_the_payment_under_way(till: Till):
    assert "看付款结果" not in till.page().get_data(as_text=True)
    till.begin(till.months)
    page = till.page().get_data(as_text=True)
    link = f"/d/{till.district.code}/pay/{till.attempt().uid}?back=1"
    assert "请先不要再付" in page and link in page
    assert link in till.browser.get(f"/d/{till.district.code}/").get_data(as_text=True)
    shown = till.browser.get(link).get_data(as_text=True)
    assert shown.count("btn-primary") == 1 and "查一下付款结果" in shown
