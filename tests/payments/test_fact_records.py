"""What money leaves behind, row by row and word for word: fact, entries, case, inbox, trail."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import select

from portal import clock, crypto
from portal.database import Conflict, session
from portal.ledger import find_book, lines_of
from portal.ledger.models import Entry
from portal.payments import (
    attempts_behind,
    cases,
    fact_uids,
    facts_of,
)
from portal.payments.facts import apply_fact
from portal.payments.models import PaymentCase, PaymentFactRow, PaymentInbox
from portal.payments.tasks import sweep
from tests.payments.channel import fact_of, notification
from tests.payments.written import trail

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
PAID = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # half past midnight of the 21st in Shanghai


@pytest.fixture(autouse=True)
def now():
    with clock.frozen(NOW):
        yield


def test_a_fact_is_written_down_whole_with_its_entry(till, order):
    fact = fact_of(order.out_trade_no, paid_at=PAID, digest="ab" * 32, payer_ref="payer-1")
    applied = apply_fact(fact, account=till.account)
    row = session.scalars(select(PaymentFactRow)).one()
    assert (row.uid, row.district_id, row.account_id) == (applied.fact_uid, till.district.id, till.account.id)
    assert (row.out_trade_no, row.provider_txn_id) == (order.out_trade_no, fact.provider_txn_id)
    assert (row.state, row.total_fen, row.paid_at) == ("paid", 6000, PAID)
    assert row.payer_index == crypto.blind_index("payment_fact.payer", "payer-1")
    assert (row.raw_sha256, row.source, row.recorded_at) == ("ab" * 32, "notify", NOW)
    assert (row.attempt_id, row.booked) == (order.id, "credit")
    assert (row.received_by, row.confirmed_by) == (None, None)
    receipt = session.get_one(Entry, row.entry_id)
    assert (receipt.idem, receipt.kind) == (f"pay:testpay:test-a:{fact.provider_txn_id}", "receipt")
    assert (receipt.effective_date, receipt.occurred_at) == (date(2026, 11, 21), PAID)
    assert (receipt.actor, receipt.case_uid) == ("channel:test-a", None)
    assert receipt.meta == {"order": order.out_trade_no, "source": "notify"}
    credit = f"2100:credit:{till.member.id}"
    assert lines_of(receipt) == [("1010:channel:test-a", 6000), (credit, -6000)]
    book = find_book(district_id=till.district.id, purpose="fees")
    found = session.scalars(select(Entry).where(Entry.book_id == book.id, Entry.kind == "allocation"))
    for number, (one, month) in enumerate(zip(found, ("2026-09", "2026-10", "2026-11"), strict=True)):
        assert one.idem == f"alloc:{row.uid}:{number}" and one.actor == "channel:test-a"
        assert (one.effective_date, one.occurred_at) == (date(2026, 11, 21), PAID)
        assert one.meta == {"reference": month}
        assert lines_of(one) == [(credit, 2000), (f"4001:{month}", -2000)]
    session.refresh(order)
    assert (order.state, order.paid_at, order.late, order.allocation) == ("paid", PAID, False, "done")
    assert (order.outcome, order.instruction, order.openid_sealed, order.client_ip) == ("", None, None, "")


def test_a_payer_the_channel_does_not_name_is_no_index(till, order):
    apply_fact(fact_of(order.out_trade_no), account=till.account)
    assert session.scalars(select(PaymentFactRow.payer_index)).one() == ""


def test_a_fact_is_told_from_its_attempt_and_back(till, order):
    applied = apply_fact(fact_of(order.out_trade_no), account=till.account)
    apply_fact(fact_of(order.out_trade_no, txn="42second"), account=till.account)
    uids = list(session.scalars(select(PaymentFactRow.uid).order_by(PaymentFactRow.id)))
    assert uids[0] == applied.fact_uid and len(uids) == 2
    assert fact_uids(order.uid) == uids and fact_uids("x") == []
    assert attempts_behind([applied.fact_uid, "x"]) == {applied.fact_uid: order.uid}
    assert facts_of([order.uid, "x"]) == dict.fromkeys(uids, order.uid)
    assert attempts_behind([]) == facts_of([]) == facts_of(["x"]) == {}
    apply_fact(fact_of("DUNKNOWN", txn="42u", total=100), account=till.account)
    assert len(attempts_behind(session.scalars(select(PaymentFactRow.uid)))) == 2


@pytest.mark.parametrize(
    ("changes", "kind", "asked"),
    [
        ({"total": 5999}, "wrong_amount", 6000),
        ({"total": 6001}, "wrong_amount", 6000),
        ({"currency": "USD"}, "foreign_currency", 6000),
    ],
)
def test_a_case_tells_what_was_asked_and_what_came(till, order, changes, kind, asked):
    fact = fact_of(order.out_trade_no, paid_at=PAID, **changes)
    for _twice in range(2):
        apply_fact(fact, account=till.account)
    case = session.scalars(select(PaymentCase)).one()
    assert (case.kind, case.state, case.district_id, case.account_id) == (
        kind,
        "open",
        till.district.id,
        till.account.id,
    )
    assert case.dedupe_key == f"{kind}:test-a:{fact.provider_txn_id}:{fact.total_fen}"
    assert (case.amount_fen, case.attempt_id, case.opened_at) == (fact.total_fen, order.id, NOW)
    assert case.detail == {
        "order": order.out_trade_no,
        "transaction": fact.provider_txn_id,
        "currency": fact.currency,
        "asked_fen": asked,
        "source": "notify",
    }
    [row] = trail("payments.case")
    assert (row.action, row.actor_id, row.district_id) == (f"payments.case.{kind}", None, till.district.id)
    assert (row.subject_type, row.subject_id) == ("payment_case", str(case.id))


def test_money_of_an_unknown_order_waits_in_suspense_under_its_case(till):
    apply_fact(fact_of("DUNKNOWN", txn="42u", total=100, paid_at=PAID), account=till.account)
    case = session.scalars(select(PaymentCase)).one()
    row = session.scalars(select(PaymentFactRow)).one()
    assert (case.attempt_id, case.fact_id, case.detail["asked_fen"]) == (None, row.id, None)
    assert (row.booked, row.attempt_id) == ("suspense", None)
    entry = session.get_one(Entry, row.entry_id)
    assert (entry.case_uid, entry.actor) == (case.uid, "channel:test-a")
    assert lines_of(entry) == [("1010:channel:test-a", 100), (f"2300:suspense:{case.uid}", -100)]


def test_an_order_whose_money_is_in_suspense_says_why(till, order):
    apply_fact(fact_of(order.out_trade_no, total=5999, paid_at=PAID), account=till.account)
    session.refresh(order)
    assert (order.state, order.outcome, order.allocation, order.paid_at) == ("paid", "wrong_amount", "", PAID)
    apply_fact(fact_of(order.out_trade_no, txn="42right"), account=till.account)
    session.refresh(order)
    assert (order.state, order.outcome, order.allocation) == ("paid", "", "done")


def test_a_case_is_resolved_once_with_words(till, order):
    apply_fact(fact_of(order.out_trade_no, total=5999), account=till.account)
    [case] = cases.open_cases(district_id=till.district.id)
    assert cases.open_cases(district_id=till.district.id + 1) == []
    assert cases.by_uid(case.uid) is case and cases.by_uid("x") is None
    for empty in ("", "  "):
        with pytest.raises(ValueError):
            cases.resolve(case, version=1, resolution=empty, actor=till.collector.id)
    with pytest.raises(Conflict):
        cases.resolve(case, version=2, resolution="x", actor=till.collector.id)
    version = case.version
    cases.resolve(case, version=version, resolution=" 已退款 ", actor=till.collector.id)
    assert (case.state, case.resolution, case.resolved_by, case.resolved_at) == (
        "resolved",
        "已退款",
        till.collector.id,
        NOW,
    )
    with pytest.raises(Conflict):
        cases.resolve(case, version=case.version, resolution="again", actor=till.collector.id)
    assert cases.open_cases(district_id=till.district.id) == []
    row = trail("payments.case.resolve")[0]
    assert (row.actor_id, row.subject_id, row.district_id) == (
        till.collector.id,
        str(case.id),
        till.district.id,
    )


def test_open_cases_come_oldest_first_and_not_all_at_once(till):
    for number, minutes in enumerate((5, 1, 3)):
        with clock.frozen(NOW + timedelta(minutes=minutes)):
            apply_fact(fact_of(f"D{number}", txn=f"42{number}", total=100), account=till.account)
    found = cases.open_cases(district_id=till.district.id)
    assert [(one.opened_at - NOW).seconds // 60 for one in found] == [1, 3, 5]
    assert len(cases.open_cases(district_id=till.district.id, limit=2)) == 2


def test_a_callback_is_kept_whole_and_a_copy_counts_up(till, order, client):
    body, headers = notification(order.out_trade_no, notify_id="n-7")
    url = "/hooks/testpay/test-a/pay"
    for _copies in range(2):
        assert client.post(url, data=body, headers=headers).status_code == 204
    with clock.frozen(NOW + timedelta(minutes=3)):
        client.post(url, data=body, headers=headers)
    row = session.scalars(select(PaymentInbox)).one()
    assert (row.provider, row.account_slug, row.district_id) == ("testpay", "test-a", till.district.id)
    assert (row.notify_id, row.raw_sha256) == ("n-7", sha256(body).hexdigest())
    assert (row.status, row.reason, row.event, row.size, row.body) == (
        "accepted",
        "",
        "PAID",
        len(body),
        body,
    )
    assert (row.times, row.received_at, row.last_at) == (3, NOW, NOW + timedelta(minutes=3))


def test_a_refused_callback_is_kept_as_far_as_needed(till, client):
    body = b"x" * 3000
    url = "/hooks/testpay/test-a/pay"
    client.post(url, data=body)
    with clock.frozen(NOW + timedelta(minutes=3)):
        client.post(url, data=body)
    row = session.scalars(select(PaymentInbox)).one()
    assert (row.status, row.notify_id, row.district_id, row.event) == ("rejected", None, till.district.id, "")
    assert (row.size, row.body, row.raw_sha256) == (3000, b"x" * 2048, sha256(body).hexdigest())
    assert (row.times, row.received_at, row.last_at) == (2, NOW, NOW + timedelta(minutes=3))
    assert row.reason == "signature"


def test_money_that_waits_is_swept_after_an_hour_and_not_before(till, order):
    """Within the hour its own job looks for its place."""
    till.fees.broken = True
    apply_fact(fact_of(order.out_trade_no), account=till.account)
    till.fees.broken = False
    for minutes, found in ((60, "waiting"), (61, "done")):
        with clock.frozen(NOW + timedelta(minutes=minutes)):
            sweep({})
        session.refresh(order)
        assert order.allocation == found
    entries = session.scalars(select(Entry).where(Entry.kind == "allocation")).all()
    assert {one.actor for one in entries} == {"system"}


def test_an_order_that_was_forgotten_is_closed_five_minutes_after_its_end(till, order):
    till.channel.orders[order.out_trade_no].state = "NOTPAY"
    ends = order.expires_at
    for seconds, state in ((300, "pending"), (301, "closed")):
        with clock.frozen(ends + timedelta(seconds=seconds)):
            sweep({})
        session.refresh(order)
        assert order.state == state
