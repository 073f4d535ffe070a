"""Real WeChat plugin, strict simulator, real HTTP: told once, told a hundred times, lied to, never told."""

import json
import time

import pytest
from sqlalchemy import select, text

from paysim.outbox import Plan
from paysim.sealed import BAD
from paysim.testing import credentials, paysim, paysim_process  # noqa: F401
from portal.app import create_app
from portal.database import create_all, db, everything, session
from portal.payments import accounts
from portal.payments.models import PaymentCase, PaymentInbox
from portal.testing import World, settings
from tests.payments.fees import TestFees, create_tables, owe
from tests.payments.house import REFERENCES, House, free_port


@pytest.fixture
def house(data_dir, paysim):  # noqa: F811
    """One district, one member who owes three months, one merchant at the simulator."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    paysim.set_portal(url)
    app = create_app(settings(data_dir, public_url=url))
    registry = app.extensions["portal.registry"]
    registry._admit("testfees", TestFees())
    with app.app_context():
        create_all()
        create_tables()
        world = World(app)
        district = world.district(plugins=("wechatpay",))
        member = world.member(world.organization(district))
        payer = world.account(member)
        for reference in REFERENCES:
            owe(member.id, reference, 2000)
        facts = credentials(paysim, "fees-a", "测试区委组织部党费专户")
        with everything():
            account = accounts.create_account(district_id=district.id, purpose="fees", **facts)
        session.rollback()
        made = House(
            app=app,
            sim=paysim,
            data=data_dir,
            port=port,
            district=district,
            member=member,
            payer=payer,
            account=account,
        )
        yield made
        made.stop()
        session.remove()
        db.engine.dispose()


@pytest.fixture
def paid(house):
    """An order that was paid, and whose notification has not been sent."""
    uid = house.start()
    assert house.do("create", uid) == "pending"
    house.order_row = house.pay(uid, told=False)
    house.uid = uid
    return house


def inbox():
    session.rollback()
    session.expire_all()
    columns = (PaymentInbox.status, PaymentInbox.reason, PaymentInbox.times)
    rows = session.execute(select(*columns).order_by(PaymentInbox.id)).all()
    session.rollback()  # an open transaction here would hold the portal's write lock
    return [tuple(row) for row in rows]


def cases():
    session.rollback()
    session.expire_all()
    with everything():
        found = list(session.scalars(select(PaymentCase.kind).order_by(PaymentCase.id)))
    session.rollback()
    return found


def test_notification_is_believed_and_a_hundred_copies_count_once(paid):
    with paid.serving():
        assert paid.sim.notifier.send(paid.order_row) == [204]
        assert paid.state(paid.uid) == "paid"
        statuses = paid.sim.notifier.send(paid.order_row, copies=99, exact=True)
        assert statuses == [204] * 99
    paid.invariants()
    assert paid.count("SELECT count(*) FROM test_voucher") == 1
    assert paid.count("SELECT count(*) FROM ledger_entry") == 4


def test_twenty_at_once_from_four_processes_count_once(paid, tmp_path):
    from paysim import sealed

    headers, body = sealed.notification(paid.sim, paid.order_row, paid.sim.uuid())
    kept = tmp_path / "callback.json"
    kept.write_text(json.dumps({"headers": headers, "body": body.decode()}))
    path = f"/hooks/wechatpay/{paid.account.slug}/pay"
    at = str(time.time() + 12)
    running = [paid.spawn("burst", at, path, str(kept)) for _ in range(4)]
    answers = []
    for process in running:
        out, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
        answers += json.loads(out)
    assert answers == [204] * 20
    paid.invariants()
    assert inbox() == [("accepted", "", 20)]
    assert paid.count("SELECT calls FROM test_voucher") == 1
    assert paid.count("SELECT count(*) FROM ledger_entry WHERE kind = 'receipt'") == 1


# What the plugin may accept without any money in it, and what must end in suspense.
HARMLESS = {"unknown_event_type", "not_paid"}
# The second one claims the transaction of the first for another order: a case, and no second entry.
SUSPENSE = {"wrong_amount": "wrong_amount", "unknown_order": "changed_amount"}


def test_no_lie_becomes_a_receipt(paid):
    with paid.serving():
        for kind in BAD:
            before = len(inbox())
            [status] = paid.sim.notifier.send(paid.order_row, bad=kind)
            booked = paid.count("SELECT count(*) FROM test_voucher")
            assert booked == 0, kind
            if kind in SUSPENSE:
                assert status == 204 and cases()[-1] == SUSPENSE[kind], kind
                continue
            if kind not in HARMLESS:
                # 0: our answer came before a megabyte was sent.
                assert 400 <= status < 500 or kind == "one_megabyte", (kind, status)
                assert kind == "one_megabyte" or len(inbox()) > before, kind
    assert paid.count("SELECT count(*) FROM payment_fact WHERE booked = 'credit'") == 0
    assert {status for status, _, _ in inbox()} == {"accepted", "rejected"}


def test_genuine_one_is_still_believed_after_all_the_lies(paid):
    with paid.serving():
        for kind in ("wrong_signature", "tampered_ciphertext", "old_timestamp", "other_merchant"):
            paid.sim.notifier.send(paid.order_row, bad=kind)
        assert paid.sim.notifier.send(paid.order_row) == [204]
    assert paid.state(paid.uid) == "paid"
    paid.invariants()


def test_notification_that_never_comes_is_found_by_the_query_job(paid):
    paid.later(seconds=6)
    assert paid.state(paid.uid) == "paid"
    paid.invariants()


def test_channel_that_answers_late_about_a_success_is_asked_again(paid):
    paid.sim.query_delay = 40
    paid.later(seconds=6)
    assert paid.state(paid.uid) == "pending"
    paid.later(seconds=60)
    assert paid.state(paid.uid) == "paid"
    paid.invariants()


def test_paid_after_close_and_told_late(house):
    uid = house.start()
    house.do("create", uid)
    assert house.do("close", uid) == "closed"
    house.sim.outbox.plans[""] = Plan(hold=True)
    row = house.pay(uid, late=True)
    with house.serving():
        assert house.sim.notifier.release(row["out_trade_no"]) == [204]
    assert house.state(uid) == "paid"
    assert house.count("SELECT late FROM payment_attempt") == 1
    house.invariants()


def test_paid_twice_by_two_attempts_keeps_the_surplus(house):
    first = house.start()
    house.do("create", first)
    assert house.do("close", first) == "closed"
    second = house.start("t2")
    house.do("create", second)
    for uid in (second, first):
        house.pay(uid, told=False, late=True)
    house.do("check", second)
    house.later(minutes=35)  # the first one is asked about once more after its close
    assert (house.state(first), house.state(second)) == ("paid", "paid")
    house.invariants()
    assert cases() == ["surplus"] and house.count("SELECT count(*) FROM test_voucher") == 1
    assert session.scalar(text("SELECT sum(total_fen) FROM payment_fact")) == 12000


CREATE = ("create.after_persist", "create.after_http", "create.before_commit")
SAME = ("ledger.after_entry", "ledger.after_lines", "notify.after_fact", "notify.before_commit")
NOTIFY = ("notify.after_verify", "notify.after_inbox", *SAME, "notify.after_commit")
CLOSE = ("close.after_persist", "close.after_http")


@pytest.mark.hard
@pytest.mark.parametrize("paid_in_the_dark", [False, True])
@pytest.mark.parametrize("point", CREATE)
def test_killed_while_ordering(house, point, paid_in_the_dark):
    uid = house.start()
    house.do("create", uid, failpoint=point)
    assert house.state(uid) == "creating"
    order = house.order(uid)
    if paid_in_the_dark and order is None:
        return  # nothing was ordered, so nobody can pay
    if paid_in_the_dark:
        house.pay(uid, told=False)
    house.later(minutes=2)
    expected = "paid" if paid_in_the_dark else "failed" if order is None else "creating"
    assert house.state(uid) == expected
    if expected == "creating":
        house.later(minutes=62)
        assert house.state(uid) == "closed" and house.order(uid)["state"] == "CLOSED"
    house.invariants()


@pytest.mark.hard
@pytest.mark.parametrize("point", NOTIFY)
def test_killed_while_being_told(paid, point):
    with paid.serving(failpoint=point) as process:
        assert paid.sim.notifier.send(paid.order_row) == [0]
        process.wait(10)
    committed = point == "notify.after_commit"
    assert paid.state(paid.uid) == ("paid" if committed else "pending")
    paid.invariants() if committed else None
    with paid.serving():
        assert paid.sim.notifier.send(paid.order_row) == [204]
    assert paid.state(paid.uid) == "paid"
    paid.invariants()
    assert paid.count("SELECT count(*) FROM test_voucher") == 1


@pytest.mark.parametrize("point", ["ledger.after_lines"])
def test_killed_between_lines_and_seal(paid, point):
    test_killed_while_being_told(paid, point)


@pytest.mark.hard
@pytest.mark.parametrize("point", ["query.after_http", *SAME])
def test_killed_while_asking(paid, point):
    paid.do("check", paid.uid, failpoint=point)
    assert paid.state(paid.uid) == "pending"
    paid.later(seconds=6)
    assert paid.state(paid.uid) == "paid"
    paid.invariants()


@pytest.mark.hard
@pytest.mark.parametrize("paid_first", [False, True])
@pytest.mark.parametrize("point", CLOSE)
def test_killed_while_closing(house, point, paid_first):
    uid = house.start()
    house.do("create", uid)
    if paid_first:
        house.pay(uid, told=False)
    house.do("close", uid, failpoint=point)
    assert house.state(uid) == "closing"
    house.later(minutes=62)
    assert house.state(uid) == ("paid" if paid_first else "closed")
    house.invariants()


@pytest.mark.hard
@pytest.mark.parametrize("mode", ["reset", "half_body", "500", "503", "429", "202", "probe", "unsigned"])
@pytest.mark.parametrize("on", ["create", "close"])
def test_reply_lost_after_it_was_done(house, on, mode):
    from paysim.faults import Fault

    uid = house.start()
    house.sim.faults.add(Fault(on=on, mode=mode))
    state = house.do("create", uid)
    if on == "create":
        assert state == "creating"
        assert house.do("create", uid) == "pending"
        house.pay(uid, told=False)
        house.later(seconds=6)
        assert house.state(uid) == "paid"
    else:
        # The query behind the close tells what the lost reply did not.
        assert house.do("close", uid) == "closed"
    house.invariants()
