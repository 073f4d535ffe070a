"""The life of an order number: every legal move, no other one, and nobody waits for a notification."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.database import Conflict, session, swap, transaction
from portal.jobs import run_due
from portal.ledger import balances, find_book
from portal.payments import (
    PayLine,
    PurposeRefused,
    Receipt,
    StillOpen,
    check_attempt,
    close_attempt,
    has_open_attempt,
    record_receipts,
    send_create,
    start_attempt,
)
from portal.payments.contract import AttemptState, Flow, RejectCategory, Rejected
from portal.payments.facts import apply_fact
from portal.payments.models import MOVES, OPEN, PaymentAttempt, PaymentCase
from portal.payments.staff import FourEyes
from tests.payments.channel import fact_of
from tests.payments.conftest import LINES

STATES = [state.value for state in AttemptState]


def begin(till, token="t1", lines=LINES, flow=Flow.QR, **more):
    return start_attempt(
        account=till.account,
        member_id=more.pop("member_id", till.member.id),
        lines=lines,
        flow=flow,
        form_token=token,
        payer_account_id=till.payer.id,
    )


def hands(till):
    return {"account": till.account, "received_by": till.collector.id, "confirmed_by": till.payer.id}


def put(attempt, state):
    """Write a state directly, as no verb could."""
    session.execute(
        update(PaymentAttempt.__table__)
        .where(PaymentAttempt.__table__.c.id == attempt.id)
        .values(state=state, sent_at=clock.now() - timedelta(minutes=5))
    )
    session.commit()
    session.refresh(attempt)


def state_of(attempt):
    session.rollback()
    session.refresh(attempt)
    found = attempt.state
    session.rollback()
    return found


def test_table_of_moves_names_every_state():
    assert set(MOVES) == set(STATES)
    assert all("paid" in moves for state, moves in MOVES.items() if state != "paid")
    assert MOVES["paid"] == frozenset()


ACTIONS = {
    # action: (states it may start from, where a well-behaved channel leads)
    "send": ({"new", "creating", "pending"}, {"pending"}),
    "close": (set(OPEN), {"closed"}),
    "fact": (set(STATES), {"paid"}),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_moves_only_along_the_table(till, state, action):
    attempt = begin(till)
    if state != "new":
        send_create(attempt)
    number = attempt.out_trade_no
    put(attempt, state)
    if action == "fact":
        till.channel.orders.setdefault(number, type("O", (), {"txn": "42", "amount": 6000, "state": "x"})())
        apply_fact(fact_of(number, txn="42x", total=6000), account=till.account)
    elif action == "send":
        send_create(attempt)
    else:
        close_attempt(attempt)
    legal, target = ACTIONS[action]
    after = state_of(attempt)
    assert after in (target if state in legal else {state})


@pytest.mark.parametrize("state", STATES)
def test_write_at_an_older_version_is_refused(till, state):
    attempt = begin(till)
    put(attempt, state)
    with pytest.raises(Conflict), transaction():
        swap(attempt, version=attempt.version + 1, state="paid")
    assert state_of(attempt) == state


def test_two_open_orders_for_one_member_are_refused_by_the_database(till):
    attempt = begin(till)
    values = {
        c.name: getattr(attempt, c.name)
        for c in PaymentAttempt.__table__.columns
        if c.name not in ("id", "state")
    }

    for state in OPEN:
        with pytest.raises(IntegrityError), transaction() as current:
            current.execute(
                PaymentAttempt.__table__.insert().values(
                    values | {"uid": "U" * 26, "out_trade_no": "D1", "form_token": "x", "state": state}
                )
            )


def test_same_form_with_other_content_is_a_conflict(till):
    begin(till)
    with pytest.raises(Conflict):
        begin(till, lines=LINES[:1])


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (LINES[0], LINES[0]),
        (PayLine(reference="a", amount_fen=0),),
        (PayLine(reference="a", amount_fen=1.5),),
    ],
)
def test_senseless_lines_are_refused(till, lines):
    with pytest.raises(ValueError):
        begin(till, lines=lines)


def test_lines_that_are_not_owed_are_refused_before_money_moves(till):
    with pytest.raises(PurposeRefused):
        begin(till, lines=(PayLine(reference="2020-01", amount_fen=2000),))
    assert session.scalar(text("SELECT count(*) FROM payment_attempt")) == 0
    assert not has_open_attempt(member_id=till.member.id, purpose="fees")


def test_number_is_short_plain_and_tells_district_and_day(till):
    number = begin(till).out_trade_no
    assert len(number) <= 32 and number.isalnum() and number.isascii()
    assert clock.today().strftime("%y%m%d") in number


@pytest.mark.parametrize(
    ("category", "code", "state"),
    [
        (RejectCategory.CONFIG, "NO_AUTH", "failed"),
        (RejectCategory.OTHER, "PARAM_ERROR", "failed"),
        (RejectCategory.RATE, "FREQUENCY_LIMITED", "creating"),
    ],
)
def test_definite_no_fails_and_a_full_line_waits(till, category, code, state):
    till.channel.faults["create"] = Rejected(code=code, category=category)
    attempt = send_create(begin(till))
    assert attempt.state == state
    if state == "failed":
        till.channel.faults.clear()
        assert send_create(begin(till, token="t2")).state == "pending"


def test_number_used_otherwise_is_closed_not_failed(till):
    till.channel.faults["create"] = Rejected(code="OUT_TRADE_NO_USED", category=RejectCategory.DUPLICATE)
    attempt = send_create(begin(till))
    # The channel knows no such order and the create window is open: nobody is sure yet.
    assert attempt.state == "closing"
    with clock.moved(timedelta(minutes=2)):
        assert close_attempt(attempt).state == "closed"


@pytest.mark.parametrize("fault", ["lost", "after", "raise"])
def test_unknown_outcome_stays_creating_and_the_same_number_is_asked_again(till, fault):
    till.channel.faults["create"] = fault
    attempt = send_create(begin(till))
    assert attempt.state == "creating" and attempt.outcome.startswith("unknown:")
    till.channel.faults.clear()
    assert send_create(attempt).state == "pending"
    assert len(till.channel.orders) == 1 and {n for _, n in till.channel.calls} == {attempt.out_trade_no}


def test_rejection_after_an_unknown_outcome_is_not_believed_alone(till):
    till.channel.faults["create"] = "after"
    attempt = send_create(begin(till))
    till.channel.faults["create"] = Rejected(code="PARAM_ERROR", category=RejectCategory.OTHER)
    # The first call may have been carried out: the end is confirmed at the channel, not assumed.
    assert send_create(attempt).state == "closed"
    assert till.channel.orders[attempt.out_trade_no].state == "CLOSED"


def test_order_paid_in_the_dark_is_found_when_asked_again(till):
    till.channel.faults["create"] = "after"
    attempt = send_create(begin(till))
    till.channel.faults.clear()
    till.channel.pay(attempt.out_trade_no)
    assert send_create(attempt).state == "paid"


def test_lost_create_is_failed_only_after_its_window(till):
    till.channel.faults["create"] = "lost"
    attempt = send_create(begin(till))
    assert check_attempt(attempt).state == "creating"
    with clock.moved(timedelta(minutes=2)):
        assert check_attempt(attempt).state == "failed"


def test_notification_that_never_comes_is_found_by_the_query_job_within_five_minutes(till):
    attempt = send_create(begin(till))
    till.channel.pay(attempt.out_trade_no)
    session.rollback()
    assert run_due() == 0
    with clock.moved(timedelta(minutes=5)):
        assert run_due() >= 1
    assert state_of(attempt) == "paid" and len(till.fees.vouchers) == 1


def test_abandoned_order_is_closed_and_asked_about_once_more(till):
    attempt = send_create(begin(till))
    session.rollback()
    with clock.moved(timedelta(minutes=62)):
        run_due()
    assert state_of(attempt) == "closed"
    till.channel.pay(attempt.out_trade_no)  # the bank was slow
    with clock.moved(timedelta(minutes=95)):
        run_due()
    session.refresh(attempt)
    assert (attempt.state, attempt.late) == ("paid", True) and len(till.fees.vouchers) == 1


def test_close_of_unknown_end_is_repeated_until_confirmed(till):
    attempt = send_create(begin(till))
    till.channel.faults.update(close="lost", query="lost")
    session.rollback()
    with clock.moved(timedelta(minutes=62)):
        run_due()
    assert state_of(attempt) == "closing"
    with pytest.raises(StillOpen):
        begin(till, token="t2", flow=Flow.H5)
    till.channel.faults.clear()
    with clock.moved(timedelta(minutes=65)):
        run_due()
    assert state_of(attempt) == "closed"


def test_payment_wins_the_race_with_close(till):
    attempt = send_create(begin(till))
    till.channel.faults["close"] = "paid_first"
    closed = close_attempt(attempt)
    assert (closed.state, closed.late) == ("paid", False) and len(till.fees.vouchers) == 1


def test_attempt_that_fell_out_of_the_queue_is_swept(till):
    attempt = send_create(begin(till))
    with transaction() as current:
        current.execute(text("DELETE FROM job"))
    from portal.payments.tasks import sweep

    with clock.moved(timedelta(minutes=70)):
        sweep({})
    assert state_of(attempt) == "closed"


def test_cash_sheet_is_recorded_once_and_whole(till):
    sheet = [
        Receipt(reference=f"sheet-1:{n}", member_id=till.member.id, lines=(line,), paid_on=clock.today())
        for n, line in enumerate(LINES)
    ]
    session.rollback()
    for _ in range(2):
        record_receipts(sheet, **hands(till))
    session.rollback()
    sums = balances(find_book(district_id=till.district.id, purpose="fees"))
    assert sums[f"1001:cash:{till.collector.id}"] == 6000 and sums[f"2100:credit:{till.member.id}"] == 0
    assert len(till.fees.vouchers) == 3
    rows = session.execute(select(PaymentAttempt.state, PaymentAttempt.late, PaymentAttempt.flow)).all()
    assert rows == [("paid", False, "offline")] * 3


def test_cash_while_an_online_order_is_open_leaves_the_surplus_as_credit(till):
    attempt = send_create(begin(till))
    row = Receipt(reference="s:1", member_id=till.member.id, lines=LINES, paid_on=clock.today())
    record_receipts([row], **hands(till))
    till.channel.pay(attempt.out_trade_no)
    check_attempt(attempt)
    assert state_of(attempt) == "paid"
    assert [case.kind for case in session.scalars(select(PaymentCase))] == ["surplus"]


def test_nobody_confirms_own_cash(till):
    row = Receipt(reference="s:1", member_id=till.member.id, lines=LINES, paid_on=clock.today())
    with pytest.raises(FourEyes):
        record_receipts([row], account=till.account, received_by=7, confirmed_by=7)


def test_failure_in_a_sheet_leaves_nothing(till):
    good = Receipt(reference="s:1", member_id=till.member.id, lines=LINES[:1], paid_on=clock.today())
    bad = Receipt(reference="s:2", member_id=10**9, lines=LINES[1:2], paid_on=clock.today())
    session.rollback()
    with pytest.raises(Exception, match="(?i)foreign key"):
        record_receipts([good, bad], **hands(till))
    session.rollback()
    assert session.scalar(text("SELECT count(*) FROM payment_fact")) == 0
    assert find_book(district_id=till.district.id, purpose="fees") is None
