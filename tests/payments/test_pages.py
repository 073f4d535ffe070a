"""The payer's pages, without JavaScript, in three browsers; and everybody else sees nothing."""

import re
from datetime import timedelta

import pytest
from flask import Blueprint, g, request
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from portal import clock, payments
from portal.current import district
from portal.database import session
from portal.payments import by_uid
from portal.payments.models import PaymentAttempt
from portal.web.access import signed_in
from portal.web.pay import hand_over
from tests.payments.conftest import LINES

WECHAT = "Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0"
PHONE = "Mozilla/5.0 (Linux; Android 14) Mobile Safari"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0)"


@pytest.fixture
def payer(till, app, world):
    """A browser of the member, and a page of a purpose that lets it pay."""
    browser = world.browser(till.payer)
    browser.base = f"/d/{till.district.code}"
    return browser


@pytest.fixture
def app(app):
    """The application with the played channel and one form that pays all three months."""
    room = Blueprint("fees", __name__, url_prefix="/d/<district_code>/fees")

    @room.post("/pay")
    @signed_in
    def pay():
        [way] = payments.ways(district(), purpose="fees", user_agent=request.user_agent.string)
        try:
            attempt = payments.start_attempt(
                account=way.account,
                member_id=g.actor.member_id,
                lines=LINES,
                flow=way.flow,
                form_token=request.form["form_token"],
                payer_account_id=g.actor.account_id,
            )
        except (payments.AlreadyPaid, payments.StillOpen) as earlier:
            attempt = earlier.attempt
        return hand_over(attempt)

    app._got_first_request = False
    app.register_blueprint(room)
    return app


def start(payer, agent=DESKTOP, key="form-key-1"):
    reply = payer.post(f"{payer.base}/fees/pay", data={"form_token": key}, headers={"User-Agent": agent})
    assert reply.status_code == 303, reply.get_data(as_text=True)[:2000]
    return reply.headers["Location"]


def page(payer, path, status=200):
    reply = payer.get(path)
    assert reply.status_code == status
    return reply.get_data(as_text=True)


def attempt_of(path):
    session.rollback()
    session.expire_all()
    return by_uid(re.search(r"/pay/([0-9A-Z]{26})", path)[1])


def test_desktop_gets_a_code_and_the_payee_in_full(payer, till):
    path = start(payer)
    html = page(payer, path)
    assert "<svg" in html and "测试区委组织部党费专户" in html and "60.00" in html
    assert 'hx-trigger="every 3s"' in html
    till.channel.pay(attempt_of(path).out_trade_no)
    assert "已交费" not in page(payer, path)  # the page itself asks nobody
    reply = payer.post(f"{path}/check")
    done = page(payer, reply.headers["Location"])
    assert "已交费" in done and "/voucher" in done and "every 3s" not in done


def test_phone_is_sent_to_the_cashier(payer, till):
    path = start(payer, PHONE)
    assert f"https://pay.example/{attempt_of(path).out_trade_no}" in page(payer, path)


def test_wechat_asks_who_pays_first(payer, till):
    path = start(payer, WECHAT)
    attempt = attempt_of(path)
    assert attempt.state == "new" and till.channel.orders == {}
    html = page(payer, path)
    url = re.search(r'href="(https://id\.example/[^"]+)"', html)[1].replace("&amp;", "&")
    state = re.search(r"state=(\w+)", url)[1]
    back = page(payer, f"{path}/wx?code=good&state={state}")
    assert "data-auto-send" in back and till.channel.orders == {}
    assert payer.post(f"{path}/wx", data={"code": "good", "state": "0" * 40}).status_code == 400
    assert payer.post(f"{path}/wx", data={"code": "good", "state": state}).status_code == 303
    html = page(payer, path)
    assert "prepay_id=openid-good" in html and "data-wxpay" in html
    assert attempt_of(path).state == "pending"


def identified(payer, path):
    url = re.search(r'href="(https://id\.example/[^"]+)"', page(payer, path))[1].replace("&amp;", "&")
    state = re.search(r"state=(\w+)", url)[1]
    assert payer.post(f"{path}/wx", data={"code": "good", "state": state}).status_code == 303


def test_an_order_of_another_wechat_is_stopped_before_this_one_pays(payer, till, world):
    """The channel refuses any purse but the one the order was made for; its words would help nobody."""
    path = start(payer, WECHAT)
    identified(payer, path)
    elsewhere = world.browser(till.payer)
    elsewhere.base = payer.base
    assert start(elsewhere, WECHAT, key="form-key-2") == path
    html = page(elsewhere, path)
    assert "这笔付款是在另一个微信里开始的" in html and "data-wxpay" not in html
    assert "data-wxpay" in page(payer, path)
    assert elsewhere.post(f"{path}/cancel").status_code == 303
    assert attempt_of(path).state == "closed"
    fresh = start(elsewhere, WECHAT, key="form-key-3")
    identified(elsewhere, fresh)
    assert fresh != path and "data-wxpay" in page(elsewhere, fresh)


def test_same_form_leads_to_the_same_attempt(payer):
    assert start(payer) == start(payer) == start(payer)
    assert session.scalar(text("SELECT count(*) FROM payment_attempt")) == 1


def test_another_form_for_the_same_months_leads_there_too(payer):
    assert start(payer) == start(payer, key="form-key-2")


def test_other_browser_closes_the_older_order_first(payer, till):
    first = start(payer)
    second = start(payer, PHONE, key="form-key-2")
    assert first != second
    assert attempt_of(first).state == "closed"
    assert till.channel.orders[attempt_of(first).out_trade_no].state == "CLOSED"


def test_older_order_of_unknown_end_is_never_replaced(payer, till):
    first = start(payer)
    till.channel.faults.update(close="lost", query="lost")
    second = start(payer, PHONE, key="form-key-2")
    assert first == second and attempt_of(first).state == "closing"
    assert "正在查付款结果，请不要再付" in page(payer, first)


def test_older_order_that_was_paid_is_shown(payer, till):
    first = start(payer)
    till.channel.pay(attempt_of(first).out_trade_no)
    assert start(payer, PHONE, key="form-key-2") == first
    assert "已交费" in page(payer, first)


def test_cancel_closes_at_the_channel(payer, till):
    path = start(payer)
    assert payer.post(f"{path}/cancel").headers["Location"] == "/back"
    assert attempt_of(path).state == "closed"
    assert "这次没有付成" in page(payer, path)


def test_cancel_that_comes_too_late_shows_the_payment(payer, till):
    path = start(payer)
    till.channel.faults["close"] = "paid_first"
    reply = payer.post(f"{path}/cancel")
    assert "已交费" in page(payer, reply.headers["Location"])


def test_coming_back_unpaid_says_so_and_never_confirms(payer, till):
    path = start(payer, PHONE)
    assert "还没查到付款" in page(payer, f"{path}?back=1")
    assert attempt_of(path).state == "pending"


def test_unknown_outcome_asks_not_to_pay_again_and_is_cleared_up(payer, till):
    till.channel.faults["create"] = "after"
    path = start(payer)
    assert "正在查付款结果，请不要再付" in page(payer, path)
    till.channel.faults.clear()
    assert payer.post(f"{path}/go").status_code == 303
    assert attempt_of(path).state == "pending" and len(till.channel.orders) == 1


@pytest.mark.parametrize("lost", ["after", "lost"], ids=["done", "not done"])
def test_looking_again_leads_on_where_the_answer_to_the_order_was_lost(payer, till, lost):
    till.channel.faults["create"] = lost
    path = start(payer)
    assert "正在查付款结果" in page(payer, path)
    till.channel.faults.clear()
    assert payer.post(f"{path}/check").status_code == 303
    assert attempt_of(path).state == "pending" and "付款二维码" in page(payer, path)
    assert len(till.channel.orders) == 1


@pytest.mark.parametrize("at", ["_create_req", "_take_create_outcome"], ids=["before", "after"])
def test_our_database_away_before_or_after_the_order_leaves_nobody_in_a_loop(payer, till, monkeypatch, at):
    """It was gone when the channel was to be asked, or when it had answered: the page never was."""

    def gone(*_args, **_named):
        raise OperationalError("the end of the order", None, RuntimeError("gone"))

    with monkeypatch.context() as broken:
        broken.setattr(f"portal.payments.sending.{at}", gone)
        assert payer.post(f"{payer.base}/fees/pay", data={"form_token": "form-key-1"}).status_code == 503
    path = start(payer)  # the same form once more
    assert payer.post(f"{path}/check").status_code == 303
    assert attempt_of(path).state == "creating", "the first one may still be waiting"
    with clock.moved(timedelta(seconds=16)):
        assert payer.post(f"{path}/check").status_code == 303
        assert "付款二维码" in page(payer, path)
    assert len(till.channel.orders) == 1


def test_looking_again_orders_nothing_while_the_channel_is_silent(payer, till):
    till.channel.faults.update(create="lost", query="lost")
    path = start(payer)
    before = len(till.channel.calls)
    assert payer.post(f"{path}/check").status_code == 303
    assert [what for what, _ in till.channel.calls[before:]] == ["query"]
    assert "正在查付款结果" in page(payer, path)


def test_polling_says_nothing_new_then_loads_the_page_again(payer, till):
    path = start(payer)
    seen = re.search(r'hx-get="([^"]+)"', page(payer, path))[1]
    assert payer.get(seen).status_code == 204
    till.channel.pay(attempt_of(path).out_trade_no)
    payer.post(f"{path}/check")
    reply = payer.get(seen)
    assert reply.headers["HX-Redirect"].startswith(path)


@pytest.mark.parametrize("what", ["", "/state", "/wx?code=x"])
def test_a_get_never_changes_anything(payer, till, what):
    path = start(payer, WECHAT)
    before = session.execute(select(PaymentAttempt.__table__)).all()
    session.rollback()
    payer.get(path + what)
    assert session.execute(select(PaymentAttempt.__table__)).all() == before
    assert till.channel.calls == []


def test_somebody_else_sees_nothing(payer, till, world):
    path = start(payer)
    uid = path.rsplit("/", 1)[1]
    stranger = world.browser(world.account(world.member(till.branch)))
    other_district = world.district()
    collector = world.browser(world.account(role="dues_collector", organization=till.branch))
    for browser in (stranger, collector):
        assert browser.get(path).status_code == 404
        for verb in ("go", "check", "cancel", "wx"):
            assert browser.post(f"{path}/{verb}").status_code == 404
    assert payer.get(f"/d/{other_district.code}/pay/{uid}").status_code == 404
    assert world.browser().get(path).status_code == 303  # to the log-in page
    missing, foreign = stranger.get(path[:-26] + "0" * 26), stranger.get(path)
    assert len(missing.get_data()) == len(foreign.get_data())


def test_switched_off_provider_offers_no_way_but_takes_its_money(payer, till, app, world):
    from portal.districts import service as districts

    path = start(payer)
    districts.switch(till.district, "testpay", on=False)
    till.fees.owed.clear()
    with pytest.raises(ValueError, match="not enough values"):
        payer.post(
            f"{payer.base}/fees/pay", data={"form_token": "form-key-9"}, headers={"User-Agent": DESKTOP}
        )
    number = attempt_of(path).out_trade_no
    till.channel.pay(number)
    from tests.payments.channel import notification

    body, headers = notification(number)
    assert world.browser().post("/hooks/testpay/test-a/pay", data=body, headers=headers).status_code == 204
    assert attempt_of(path).state == "paid"
