"""The callback address: what is accepted, what is refused, what is kept of both."""

import json

import pytest
from sqlalchemy import select, text
from werkzeug.test import EnvironBuilder, run_wsgi_app

from portal.database import everything, session
from portal.failpoints import failpoint
from portal.ledger import find_book, verify
from portal.payments.models import PaymentCase, PaymentInbox
from portal.web import callbacks
from tests.payments.channel import notification, sign

URL = "/hooks/testpay/test-a/pay"


def inbox():
    session.rollback()
    session.expire_all()
    return [
        (row.status, row.reason, row.times)
        for row in session.scalars(select(PaymentInbox).order_by(PaymentInbox.id))
    ]


def booked(till):
    return session.scalar(text("SELECT coalesce(sum(total_fen), 0) FROM payment_fact"))


def post(client, body, headers, url=URL):
    with everything():
        return client.post(url, data=body, headers=headers)


def test_verified_callback_is_booked_before_it_is_answered(client, till, order):
    body, headers = notification(order.out_trade_no)
    reply = post(client, body, headers)
    assert (reply.status_code, reply.data) == (204, b"")
    assert "Set-Cookie" not in reply.headers
    assert inbox() == [("accepted", "", 1)] and booked(till) == 6000
    session.refresh(order)
    assert order.state == "paid"


def test_hundred_identical_callbacks_count_once(client, till, order):
    body, headers = notification(order.out_trade_no)
    assert {post(client, body, headers).status_code for _ in range(100)} == {204}
    assert inbox() == [("accepted", "", 100)] and booked(till) == 6000
    assert len(till.fees.vouchers) == 1
    book = find_book(district_id=till.district.id, purpose="fees")
    assert book.seq == 4 and verify(book) == []


def test_resent_callback_with_a_new_id_counts_once(client, till, order):
    for number in range(3):
        body, headers = notification(order.out_trade_no, notify_id=f"n{number}")
        assert post(client, body, headers).status_code == 204
    assert len(inbox()) == 3 and booked(till) == 6000 and len(till.fees.vouchers) == 1


def test_same_notify_id_with_other_news_is_not_swallowed(client, till, order):
    body, headers = notification("DUNKNOWN", txn="42u", total=5, notify_id="n1")
    assert post(client, body, headers).status_code == 204
    body, headers = notification(order.out_trade_no, notify_id="n1")
    assert post(client, body, headers).status_code == 204
    assert booked(till) == 6005 and len(till.fees.vouchers) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda body, headers: (body, {}), "signature"),
        (lambda body, headers: (body + b" ", headers), "signature"),
        (lambda body, headers: (body.replace(b"6000", b"0001"), headers), "signature"),
        (lambda body, headers: (b"<xml/>", {"X-Sign": sign(b"<xml/>")}), "unreadable"),
        (lambda body, headers: (b"{}", {"X-Sign": sign(b"{}")}), "unreadable"),
        (lambda body, headers: (b"", {"X-Sign": sign(b"")}), "unreadable"),
        (lambda body, headers: (b"\xff\x00", {"X-Sign": "\u00e9"}), "signature"),
    ],
)
def test_what_proves_nothing_is_refused_and_kept_as_refused(client, till, order, change, reason):
    reply = post(client, *change(*notification(order.out_trade_no)))
    assert 400 <= reply.status_code < 500 and json.loads(reply.data)["code"] == "FAIL"
    assert inbox() == [("rejected", reason, 1)] and booked(till) == 0
    session.refresh(order)
    assert order.state == "pending" and till.fees.vouchers == []


def test_callback_of_another_account_is_refused(client, till, order):
    body, headers = notification(order.out_trade_no, account="test-b")
    assert post(client, body, headers).status_code == 401
    assert inbox() == [("rejected", "account", 1)] and booked(till) == 0


def test_verified_wrong_amount_is_accepted_into_suspense(client, till, order):
    body, headers = notification(order.out_trade_no, total=1)
    assert post(client, body, headers).status_code == 204
    assert [case.kind for case in session.scalars(select(PaymentCase))] == ["wrong_amount"]
    assert till.fees.vouchers == []


def test_refused_copy_does_not_stop_the_good_one(client, till, order):
    body, headers = notification(order.out_trade_no)
    post(client, body, {"X-Sign": "wrong"})
    assert post(client, body, headers).status_code == 204
    assert inbox() == [("rejected", "signature", 1), ("accepted", "", 1)]


@pytest.mark.parametrize("url", ["/hooks/testpay/nobody/pay", "/hooks/other/test-a/pay"])
def test_unknown_account_is_not_found(client, till, order, url):
    reply = post(client, *notification(order.out_trade_no), url=url)
    assert reply.status_code == 404 and json.loads(reply.data)["code"] == "FAIL"
    assert inbox() == [("rejected", "unknown_account", 1)]


def test_large_body_is_refused_unread(client, till, order):
    reply = post(client, b"x" * (callbacks.MAX_BYTES + 1), {})
    assert reply.status_code == 413 and json.loads(reply.data)["code"] == "FAIL"
    assert inbox() == []


def test_strangers_do_not_fill_the_disk(client, till, order, monkeypatch):
    monkeypatch.setattr("portal.payments.inbox.REJECTED_PER_HOUR", 5)
    for number in range(9):
        post(client, b"%d" % number + b"y" * 9000, {})
    assert len(inbox()) == 5
    assert session.scalar(text("SELECT max(length(body)) FROM payment_inbox")) == 2048


def test_broken_provider_sends_the_channel_away_to_come_again(client, till, order, app):
    registry = app.extensions["portal.registry"]
    plugin = registry.plugins.pop("testpay")
    body, headers = notification(order.out_trade_no)
    app.extensions.pop("portal.payments.providers", None)
    assert post(client, body, headers).status_code == 503
    registry.plugins["testpay"] = plugin
    assert post(client, body, headers).status_code == 204
    assert booked(till) == 6000


@pytest.mark.parametrize("method", ["get", "put", "delete", "options"])
def test_only_post_is_answered(client, till, method):
    reply = getattr(client, method)(URL)
    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("url", ["/hooks/test%00pay/test-a/pay", "/hooks/testpay/", "/hooks/a/b/c/pay"])
def test_an_address_that_is_none_is_an_ordinary_404(client, till, url):
    reply = client.post(url, data=b"{}")
    assert reply.status_code in (400, 404) and reply.mimetype == "text/html"
    assert inbox() == []


def test_what_goes_wrong_before_pages_does_not_keep_money_away(app, client, till, order, monkeypatch):
    def broken():
        raise RuntimeError("planted")

    monkeypatch.setitem(app.before_request_funcs, None, [broken])
    monkeypatch.setitem(app.config, "SHOW_ERRORS", True)
    assert client.get("/").status_code == 500
    body, headers = notification(order.out_trade_no)
    assert post(client, body, headers).status_code == 204
    assert booked(till) == 6000


def test_a_fault_of_ours_is_told_and_nothing_stays_half_done(client, till, order, monkeypatch, caplog):
    def broken(*_args, **_named):
        raise RuntimeError("planted")

    body, headers = notification(order.out_trade_no)
    with monkeypatch.context() as patch:
        patch.setattr("portal.payments.facts.take", broken)
        reply = post(client, body, headers)
    assert reply.status_code == 500 and json.loads(reply.data)["code"] == "FAIL"
    assert inbox() == [] and booked(till) == 0
    assert "callback testpay/test-a failed" in caplog.text
    assert post(client, body, headers).status_code == 204
    assert inbox() == [("accepted", "", 1)] and booked(till) == 6000


def test_a_large_body_that_does_not_say_so_is_refused_too(app, till):
    environ = EnvironBuilder(URL, method="POST", data=b"x" * (callbacks.MAX_BYTES + 1)).get_environ()
    del environ["CONTENT_LENGTH"]
    environ["wsgi.input_terminated"] = True  # sent in pieces
    assert run_wsgi_app(app, environ)[1].startswith("413") and inbox() == []


def test_a_body_that_breaks_off_is_refused(app, till):
    environ = EnvironBuilder(URL, method="POST", data=b"{").get_environ()
    environ["CONTENT_LENGTH"] = "9"
    reply = run_wsgi_app(app, environ)
    assert reply[1].startswith("400") and inbox() == []


def test_failpoint_is_nothing_unless_named():
    failpoint("notify.after_fact")
