"""Notifications: the real schedule, what counts as accepted, and every way they may go wrong."""

import pytest
from paysim_wire import Wire, receiving

from paysim import ctl
from paysim.faults import Fault
from paysim.outbox import SCHEDULE, Plan


@pytest.fixture
def receiver(paysim):
    with receiving(paysim) as receiver:
        yield receiver


@pytest.fixture
def wire(paysim, receiver):
    return Wire(paysim)


def order(wire, receiver, number="W00000001"):
    assert wire.order(number, notify_url=f"{receiver.url}/notify").status_code == 200


def settle(wire):
    assert wire.sim.outbox.settle(10)


def test_schedule_is_the_documented_one():
    assert len(SCHEDULE) == 15
    assert sum(SCHEDULE) == 24 * 3600 + 4 * 60


def test_payment_is_told_once_when_accepted(wire, receiver):
    order(wire, receiver)
    ctl.pay(wire.sim, "W00000001")
    settle(wire)
    wire.sim.clock.advance(2 * 86400)
    settle(wire)
    ((headers, body),) = receiver.seen
    assert body["event_type"] == "TRANSACTION.SUCCESS"
    assert headers["Wechatpay-Serial"] == wire.sim.registry.public_key_id


@pytest.mark.parametrize("status", [200, 204])
def test_200_and_204_are_accepted(wire, receiver, status):
    receiver.answers = [status]
    order(wire, receiver)
    ctl.pay(wire.sim, "W00000001")
    settle(wire)
    assert wire.sim.store.one("SELECT state FROM notification") == {"state": "delivered"}


@pytest.mark.parametrize("status", [201, 302, 400, 500])
def test_every_other_answer_is_a_failure(wire, receiver, status):
    receiver.answers = [status]
    order(wire, receiver)
    ctl.pay(wire.sim, "W00000001")
    settle(wire)
    assert wire.sim.store.one("SELECT state, last_status FROM notification") == {
        "state": "waiting",
        "last_status": status,
    }


def test_answer_must_come_in_time(wire, receiver):
    wire.sim.notifier.timeout, receiver.slow = 0.1, 0.5
    order(wire, receiver)
    ctl.pay(wire.sim, "W00000001")
    settle(wire)
    receiver.delay.set()
    assert wire.sim.store.one("SELECT state, last_status FROM notification") == {
        "state": "waiting",
        "last_status": 0,
    }


def test_refused_notification_comes_again_on_schedule_and_then_no_more(wire, receiver):
    receiver.answers = [500] * 100
    order(wire, receiver)
    ctl.pay(wire.sim, "W00000001")
    settle(wire)
    for count, seconds in enumerate(SCHEDULE, start=1):
        wire.sim.clock.advance(seconds - 2)
        settle(wire)
        assert len(receiver.seen) == count
        wire.sim.clock.advance(2)
        settle(wire)
        assert len(receiver.seen) == count + 1
    wire.sim.clock.advance(7 * 86400)
    settle(wire)
    assert len(receiver.seen) == 16
    assert len({body["id"] for _, body in receiver.seen}) == 1
    assert len({headers["Wechatpay-Signature"] for headers, _ in receiver.seen}) == 16
    assert len({headers["Wechatpay-Nonce"] for headers, _ in receiver.seen}) == 16


def test_resend_may_carry_a_new_id(wire, receiver):
    wire.sim.outbox.plans[""] = Plan(new_id=True)
    receiver.answers = [500]
    order(wire, receiver)
    ctl.pay(wire.sim, "W00000001")
    settle(wire)
    wire.sim.clock.advance(15)
    settle(wire)
    assert len({body["id"] for _, body in receiver.seen}) == 2


def test_dropped_notification_never_comes(wire, receiver):
    wire.sim.outbox.plans["W00000001"] = Plan(drop=True)
    for number in ("W00000001", "W00000002"):
        order(wire, receiver, number)
        ctl.pay(wire.sim, number)
    wire.sim.clock.advance(30 * 86400)
    settle(wire)
    assert len(receiver.seen) == 1


def test_delayed_notification_comes_after_25_hours(wire, receiver):
    wire.sim.outbox.plans[""] = Plan(delay=25 * 3600)
    order(wire, receiver)
    ctl.pay(wire.sim, "W00000001")
    wire.sim.clock.advance(25 * 3600 - 5)
    settle(wire)
    assert receiver.seen == []
    wire.sim.clock.advance(5)
    settle(wire)
    assert len(receiver.seen) == 1


def test_held_notifications_come_in_whatever_order(wire, receiver):
    wire.sim.outbox.plans[""] = Plan(hold=True)
    for number in ("W00000001", "W00000002"):
        order(wire, receiver, number)
        ctl.pay(wire.sim, number)
    settle(wire)
    assert receiver.seen == []
    assert wire.sim.notifier.release("W00000002") == [204]
    assert wire.sim.notifier.release("W00000001") == [204]
    assert len(receiver.seen) == 2


def test_hundred_copies_come_twenty_at_once(wire, receiver):
    receiver.slow = 0.02
    order(wire, receiver)
    wire.sim.outbox.plans[""] = Plan(drop=True)
    paid = ctl.pay(wire.sim, "W00000001")
    assert wire.sim.notifier.send(paid, copies=100, at_once=20) == [204] * 100
    assert 10 < receiver.most <= 20
    assert len({body["id"] for _, body in receiver.seen}) == 1
    assert len({headers["Wechatpay-Signature"] for headers, _ in receiver.seen}) == 100


def test_copies_of_a_plan_come_together_and_exact_ones_are_the_same_bytes(wire, receiver):
    wire.sim.outbox.plans[""] = Plan(copies=3)
    order(wire, receiver)
    paid = ctl.pay(wire.sim, "W00000001")
    settle(wire)
    assert len(receiver.seen) == 3
    wire.sim.notifier.send(paid, copies=3, exact=True)
    assert len({headers["Wechatpay-Signature"] for headers, _ in receiver.seen[3:]}) == 1


def test_notification_may_come_before_the_create_call_returned(wire, receiver):
    wire.sim.faults.add(Fault(on="create", mode="pay_and_notify"))
    order(wire, receiver)  # returns only now
    assert len(receiver.seen) == 1
    assert wire.query().json()["trade_state"] == "SUCCESS"


def test_notification_may_come_after_close(wire, receiver):
    order(wire, receiver)
    wire.close()
    ctl.pay(wire.sim, "W00000001", late=True)
    settle(wire)
    assert len(receiver.seen) == 1


def test_failures_are_never_told(wire, receiver):
    order(wire, receiver)
    wire.close()
    settle(wire)
    assert receiver.seen == []
