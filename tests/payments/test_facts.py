"""Money facts: each counts once, none is refused, and what is unclear waits in suspense."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from portal import audit, clock
from portal.database import session, transaction
from portal.jobs import run_due as jobs_run
from portal.ledger import balances, chart, find_book, verify
from portal.payments import accounts, close_attempt, send_create, start_attempt
from portal.payments.contract import Flow
from portal.payments.facts import apply_fact
from portal.payments.models import PaymentCase, PaymentFactRow, PaymentInbox
from portal.payments.tasks import sweep
from tests.payments.channel import fact_of
from tests.payments.conftest import LINES


def begin(till, lines=LINES, token="t1", flow=Flow.QR):
    return start_attempt(
        account=till.account,
        member_id=till.member.id,
        lines=lines,
        flow=flow,
        form_token=token,
        payer_account_id=till.payer.id,
    )


def sent(till, **more):
    return send_create(begin(till, **more))


def book(till):
    session.rollback()
    return find_book(district_id=till.district.id, purpose="fees")


def cases():
    return [case.kind for case in session.scalars(select(PaymentCase).order_by(PaymentCase.id))]


def test_paid_fact_is_one_receipt_with_its_places(till):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    applied = apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    session.refresh(attempt)
    assert (applied.fresh, applied.booked, attempt.state, attempt.late, attempt.allocation) == (
        True,
        "credit",
        "paid",
        False,
        "done",
    )
    assert balances(book(till)) == {
        "1010:channel:test-a": 6000,
        f"2100:credit:{till.member.id}": 0,
        "4001:2026-09": -2000,
        "4001:2026-10": -2000,
        "4001:2026-11": -2000,
    }
    assert till.fees.vouchers == [applied.fact_uid]
    assert verify(book(till)) == [] and cases() == []


def test_hundred_copies_count_once(till):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    fact = fact_of(attempt.out_trade_no)
    results = [apply_fact(fact, account=till.account) for _ in range(100)]
    assert [result.fresh for result in results] == [True] + [False] * 99
    assert balances(book(till))["1010:channel:test-a"] == 6000
    assert len(till.fees.vouchers) == 1
    assert session.execute(text("SELECT count(*) FROM payment_fact")).scalar() == 1


def test_wrong_amount_goes_to_suspense_and_nobody_gets_credit(till):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    apply_fact(fact_of(attempt.out_trade_no, total=5999), account=till.account)
    session.refresh(attempt)
    case = session.scalars(select(PaymentCase)).one()
    assert case.kind == "wrong_amount" and (attempt.state, attempt.allocation) == ("paid", "")
    assert balances(book(till)) == {"1010:channel:test-a": 5999, f"2300:suspense:{case.uid}": -5999}
    assert till.fees.vouchers == [] and case.fact_id == session.scalars(select(PaymentFactRow.id)).one()


def test_unknown_order_goes_to_suspense(till):
    apply_fact(fact_of("DUNKNOWN", txn="42u", total=100), account=till.account)
    assert cases() == ["unknown_order"]
    assert sum(balances(book(till)).values()) == 0 and balances(book(till))["1010:channel:test-a"] == 100


def test_order_of_another_account_goes_to_suspense_there(till, world):
    other = world.district(plugins=("testpay",))
    with world.writing(other):
        foreign = accounts.create_account(
            district_id=other.id,
            provider="testpay",
            slug="test-b",
            purpose="fees",
            payee_name="另一个区委",
            actor=None,
        )
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    apply_fact(fact_of(attempt.out_trade_no, account="test-b"), account=foreign)
    session.refresh(attempt)
    assert attempt.state == "pending" and till.fees.vouchers == []
    with world.writing(other):
        assert cases() == ["wrong_account"]
        there = find_book(district_id=other.id, purpose="fees")
        assert balances(there)["1010:channel:test-b"] == 6000


def test_same_transaction_with_another_amount_is_a_case_not_an_update(till):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    for _ in range(3):
        apply_fact(fact_of(attempt.out_trade_no, total=6001), account=till.account)
    assert cases() == ["changed_amount"]
    assert balances(book(till))["1010:channel:test-a"] == 6000


def test_second_transaction_for_one_order_is_money_in_suspense(till):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    apply_fact(fact_of(attempt.out_trade_no, txn="42second"), account=till.account)
    assert cases() == ["second_transaction"]
    assert balances(book(till))["1010:channel:test-a"] == 12000
    assert len(till.fees.vouchers) == 1


def test_right_sum_after_a_wrong_one_finds_its_place(till):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    apply_fact(fact_of(attempt.out_trade_no, txn="42wrong", total=5999), account=till.account)
    apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    session.refresh(attempt)
    assert (attempt.state, attempt.allocation) == ("paid", "done") and len(till.fees.vouchers) == 1
    assert balances(book(till))["1010:channel:test-a"] == 11999


def test_foreign_currency_is_a_case_and_no_entry(till):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    apply_fact(fact_of(attempt.out_trade_no, currency="USD"), account=till.account)
    assert cases() == ["foreign_currency"] and book(till) is None


def test_paid_after_close_is_paid_and_late(till):
    attempt = close_attempt(sent(till))
    assert attempt.state == "closed"
    till.channel.pay(attempt.out_trade_no)
    apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    session.refresh(attempt)
    assert (attempt.state, attempt.late, attempt.allocation) == ("paid", True, "done")
    assert len(till.fees.vouchers) == 1


def test_paid_twice_by_two_attempts_leaves_the_surplus_as_credit(till):
    first = close_attempt(sent(till))
    second = sent(till, token="t2")
    for attempt in (second, first):
        till.channel.pay(attempt.out_trade_no)
        apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    assert balances(book(till))[f"2100:credit:{till.member.id}"] == -6000
    assert balances(book(till))["1010:channel:test-a"] == 12000
    case = session.scalars(select(PaymentCase)).one()
    assert (case.kind, case.amount_fen, case.member_id) == ("surplus", 6000, till.member.id)
    assert len(till.fees.vouchers) == 1


def test_failed_allocation_keeps_the_money_and_a_job_finds_its_place(till):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    till.fees.broken = True
    apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    session.refresh(attempt)
    assert (attempt.state, attempt.allocation) == ("paid", "waiting")
    credit = f"2100:credit:{till.member.id}"
    assert balances(book(till)) == {"1010:channel:test-a": 6000, credit: -6000}
    till.fees.broken = False
    jobs_run()
    jobs_run()
    session.refresh(attempt)
    assert attempt.allocation == "done" and balances(book(till))[credit] == 0
    assert len(till.fees.vouchers) == 1 and verify(book(till)) == []


def test_waiting_money_whose_fees_were_paid_meanwhile_stays_credit_and_waits_no_more(till, monkeypatch):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    till.fees.broken = True
    apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    till.fees.broken = False
    monkeypatch.setattr(type(till.fees), "allocate", lambda *_: [])
    jobs_run()
    session.refresh(attempt)
    assert attempt.allocation == "done"
    assert balances(book(till))[chart.member_credit(till.member.id).code] == -6000
    case = session.scalars(select(PaymentCase)).one()
    assert (case.kind, case.amount_fen) == ("surplus", 6000)


def test_money_whose_job_is_dead_is_swept_into_its_place(till):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    till.fees.broken = True
    apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    with transaction() as current:
        current.execute(text("UPDATE job SET state = 'dead'"))
    with clock.moved(timedelta(hours=2)):
        sweep({})
        till.fees.broken = False
        sweep({})
    session.refresh(attempt)
    assert attempt.allocation == "done" and len(till.fees.vouchers) == 1


def test_rollback_leaves_no_entry_no_inbox_and_no_job(till, monkeypatch):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    till.fees.broken = True
    counts = {
        name: f"SELECT count(*) FROM {name}"  # noqa: S608
        for name in ("job", "payment_fact", "payment_case", "ledger_entry", "audit")
    }
    before = {name: session.scalar(text(sql)) for name, sql in counts.items()}
    session.rollback()

    def lightning(name):
        if name == "notify.before_commit":
            raise RuntimeError("power cut")

    monkeypatch.setattr("portal.payments.facts.failpoint", lightning)
    with pytest.raises(RuntimeError):
        apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    assert {name: session.scalar(text(sql)) for name, sql in counts.items()} == before


@pytest.mark.parametrize("wrong", [-1, 0, 6001, 2000.0])
def test_wrong_allocation_never_reaches_the_books(till, wrong, monkeypatch):
    from portal.ledger import Account, Kind
    from portal.payments.purpose import Allocation

    bad = Allocation(reference="x", amount_fen=wrong, to=Account(code="4001:x", kind=Kind.INCOME))
    monkeypatch.setattr(type(till.fees), "allocate", lambda *_: [bad])
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    session.refresh(attempt)
    assert (attempt.state, attempt.allocation) == ("paid", "waiting")
    assert balances(book(till))[chart.member_credit(till.member.id).code] == -6000


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "inside of a sheet's transaction"])
def test_what_a_failing_purpose_wrote_is_taken_back(till, inside, monkeypatch):
    def writes_and_fails(_self, attempt, _fact):
        audit.record("test.left", ("payment_attempt", 1), actor=None, district=attempt.district_id)
        raise RuntimeError("planted")

    monkeypatch.setattr(type(till.fees), "allocate", writes_and_fails)
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    with transaction() if inside else nullcontext():
        apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    session.refresh(attempt)
    assert (attempt.state, attempt.allocation) == ("paid", "waiting")
    assert session.scalar(text("SELECT count(*) FROM audit WHERE action = 'test.left'")) == 0
    assert balances(book(till))[chart.member_credit(till.member.id).code] == -6000


@pytest.mark.parametrize("statement", ["UPDATE payment_fact SET total_fen = 1", "DELETE FROM payment_fact"])
def test_facts_are_append_only(till, statement):
    attempt = sent(till)
    till.channel.pay(attempt.out_trade_no)
    apply_fact(fact_of(attempt.out_trade_no), account=till.account)
    with pytest.raises(DatabaseError, match="append-only"), transaction() as current:
        current.execute(text(statement))


def test_nothing_about_the_payer_is_kept_in_clear(till):
    attempt = send_create(begin(till, flow=Flow.JSAPI), openid="openid-of-somebody")
    assert b"openid-of-somebody" not in bytes(attempt.openid_sealed)
    till.channel.pay(attempt.out_trade_no)
    apply_fact(fact_of(attempt.out_trade_no, payer_ref="openid-of-somebody"), account=till.account)
    session.refresh(attempt)
    row = session.scalars(select(PaymentFactRow)).one()
    assert attempt.openid_sealed is None and attempt.instruction is None
    assert len(row.payer_index) == 64 and "openid" not in row.payer_index
    assert session.scalars(select(PaymentInbox)).all() == []
