"""What must be unique is unique in the database itself (K5), and ten equal forms are one payment (K4)."""

import threading

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal.database import in_scope, session, transaction
from portal.ledger.models import Book
from portal.payments import send_create, start_attempt
from portal.payments.contract import Flow
from portal.payments.facts import apply_fact
from portal.payments.models import PaymentAttempt, PaymentCase, PaymentFactRow, PaymentInbox
from tests.payments.channel import fact_of, notification
from tests.payments.conftest import LINES


@pytest.fixture
def paid(till, client, order):
    """One of everything: attempt, callback, fact, case."""
    body, headers = notification(order.out_trade_no)
    assert client.post("/hooks/testpay/test-a/pay", data=body, headers=headers).status_code == 204
    apply_fact(fact_of("DUNKNOWN", txn="42u", total=5), account=till.account)
    session.expire_all()
    return till


@pytest.mark.parametrize(
    ("model", "free"),
    [
        (PaymentFactRow, {"uid": "F" * 26, "out_trade_no": "D9", "entry_id": None}),
        (PaymentFactRow, {"uid": "F" * 26, "provider_txn_id": "42other", "entry_id": None}),
        (PaymentInbox, {"raw_sha256": "f" * 64}),
        (PaymentInbox, {"notify_id": "another"}),
        (PaymentAttempt, {"uid": "A" * 26, "out_trade_no": "D9"}),
        (PaymentAttempt, {"uid": "A" * 26, "form_token": "another"}),
        (PaymentCase, {"uid": "C" * 26}),
        (Book, {"uid": "B" * 26}),
    ],
)
def test_uniqueness_that_matters_is_the_databases(paid, model, free):
    table = model.__table__
    first = session.execute(select(table).order_by(table.c.id)).mappings().first()
    entry = session.execute(text("SELECT max(id) FROM ledger_entry WHERE kind = 'allocation'")).scalar()
    session.rollback()
    values = {name: value for name, value in first.items() if name != "id"} | free
    if "entry_id" in values:
        values["entry_id"] = entry
    with pytest.raises(IntegrityError, match="(?i)unique"), transaction() as current:
        current.execute(table.insert().values(**values))


def test_staff_money_with_one_name_is_refused_by_the_database(paid):
    with pytest.raises(IntegrityError, match="four_eyes"), transaction() as current:
        current.execute(
            text(
                "INSERT INTO payment_fact SELECT 99, 'x' || substr(uid, 2), account_id, 'D9', '42y', state,"
                " total_fen, paid_at, payer_index, raw_sha256, 'staff', recorded_at, attempt_id, booked,"
                " (SELECT max(id) FROM ledger_entry), 1, 1, district_id FROM payment_fact LIMIT 1"
            )
        )


def test_ten_equal_forms_at_once_are_one_payment(till, app):
    """Ten threads with sessions of their own press the same button at the same moment."""
    gate, found, district = threading.Barrier(10), [], till.district.id
    account, member, payer = till.account, till.member.id, till.payer.id
    session.rollback()

    def press():
        with app.app_context(), in_scope({district}, write=district):
            gate.wait()
            attempt = start_attempt(
                account=account,
                member_id=member,
                lines=LINES,
                flow=Flow.QR,
                form_token="the-form",
                payer_account_id=payer,
            )
            found.append(send_create(attempt).uid)
            session.remove()

    pressing = [threading.Thread(target=press) for _ in range(10)]
    for thread in pressing:
        thread.start()
    for thread in pressing:
        thread.join()
    assert len(found) == 10 and len(set(found)) == 1
    assert len(till.channel.orders) == 1
    assert session.scalar(text("SELECT count(*) FROM payment_attempt")) == 1
