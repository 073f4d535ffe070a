"""Money taken by hand, and the accounts it goes to, word for word as they are written down."""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.database import Conflict, session
from portal.ledger import lines_of
from portal.ledger.models import Entry
from portal.payments import (
    Receipt,
    accounts,
    numbers,
    record_receipts,
)
from portal.payments.models import PaymentAttempt, PaymentFactRow
from portal.payments.purpose import PayLine
from tests.payments.written import trail

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
PAID = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # half past midnight of the 21st in Shanghai


@pytest.fixture(autouse=True)
def now():
    with clock.frozen(NOW):
        yield


def sheet(till: Any, *references: str) -> list[Receipt]:
    return [
        Receipt(
            reference=reference,
            member_id=till.member.id,
            lines=(PayLine(reference=month, amount_fen=2000),),
            paid_on=date(2026, 11, 20),
        )
        for reference, month in zip(references, ("2026-09", "2026-10"), strict=False)
    ]


@pytest.mark.parametrize(("means", "held"), [("", "1001:cash:{}"), ("bank", "1002:bank:test-a")])
def test_cash_lies_with_its_receiver_and_transfers_at_the_bank(till, means, held):
    till.account.settings = {"means": means}
    session.commit()
    by, confirmed = till.collector.id, till.payer.id
    done = record_receipts(sheet(till, "S-1"), account=till.account, received_by=by, confirmed_by=confirmed)
    row = session.scalars(select(PaymentFactRow)).one()
    assert (row.uid, row.received_by, row.confirmed_by) == (done[0].fact_uid, by, confirmed)
    noon = datetime(2026, 11, 20, 4, tzinfo=UTC)
    assert (row.source, row.provider_txn_id, row.paid_at, row.total_fen) == ("staff", "S-1", noon, 2000)
    assert row.raw_sha256 == sha256(repr(sheet(till, "S-1")[0]).encode()).hexdigest()
    entry = session.get_one(Entry, row.entry_id)
    assert lines_of(entry)[0] == (held.format(by), 2000)
    assert (entry.actor, entry.effective_date) == (f"account:{confirmed}", date(2026, 11, 20))
    made = session.get_one(PaymentAttempt, row.attempt_id)
    digest = sha256(f"{till.account.uid}:S-1".encode()).hexdigest()[:16].upper()
    assert made.out_trade_no == f"D{numbers.base36(till.district.id)}261120{digest}" == row.out_trade_no
    assert (made.flow, made.state, made.late, made.form_token) == (
        "offline",
        "paid",
        False,
        f"staff:{made.out_trade_no}",
    )
    assert (made.payer_account_id, made.description, made.amount_fen) == (None, "测试费", 2000)
    assert (made.created_at, made.expires_at, made.lines) == (
        NOW,
        NOW,
        [{"reference": "2026-09", "amount_fen": 2000}],
    )


def test_a_sheet_again_changes_nothing_and_a_longer_one_adds_its_rows(till):
    people = {"account": till.account, "received_by": till.collector.id, "confirmed_by": till.payer.id}
    assert [one.fresh for one in record_receipts(sheet(till, "S-1"), **people)] == [True]
    assert [one.fresh for one in record_receipts(sheet(till, "S-1", "S-2"), **people)] == [False, True]
    assert len(session.scalars(select(PaymentFactRow.id)).all()) == 2


def test_a_merchant_account_is_entered_changed_and_switched_by_name(till):
    made = till.account
    boss = type("Boss", (), {"account_id": till.collector.id})()
    assert accounts.by_slug("testpay", "test-a") is made and accounts.by_slug("other", "test-a") is None
    assert accounts.by_uid(made.uid) is made and accounts.by_uid("x") is None
    assert accounts.of_district(till.district.id) == [made] and accounts.of_district(0) == []
    assert accounts.slug_taken("test-a") and not accounts.slug_taken("test-b")
    version = made.version
    accounts.replace_secrets(made, version=version, secrets={"key": "geheim"})
    assert accounts.info(made).mode == "direct"
    assert accounts.info(made).secrets == {"key": "geheim"} and b"geheim" not in made.secrets_sealed
    accounts.set_active(made, version=version + 1, active=False)
    assert made.active is False
    accounts.set_active(made, version=version + 2, active=True)
    columns = {
        "mchid": "m-1",
        "sub_mchid": "s-1",
        "appid": "a-1",
        "mode": "partner",
        "base_url": "https://pay.example",
        "settings": {"a": "b"},
    }
    accounts.change_account(made, version=version + 3, secrets={"key": "neu"}, actor=boss, **columns)
    assert (made.active, made.entered_by, made.mchid) == (False, till.collector.id, "m-1")
    seen = accounts.info(made)
    assert (seen.slug, seen.provider, seen.mode, seen.mchid) == ("test-a", "testpay", "partner", "m-1")
    assert (seen.sub_mchid, seen.appid, seen.base_url) == ("s-1", "a-1", "https://pay.example")
    assert (seen.payee_name, seen.settings, seen.secrets) == (made.payee_name, {"a": "b"}, {"key": "neu"})
    with pytest.raises(Conflict):
        accounts.set_active(made, version=version, active=True)
    acts = [row.action.removeprefix("payments.account.") for row in trail("payments.account")]
    assert acts == ["create", "secrets", "inactive", "active", "change"]
    last = trail("payments.account.change")[0]
    assert (last.district_id, last.subject_type, last.subject_id) == (
        till.district.id,
        "merchant_account",
        str(made.id),
    )


@pytest.mark.parametrize("slug", ["ab", "-abc", "abc-", "Abc", "a" * 41, "a_b", "", "abc\n"])
def test_a_name_that_no_address_can_hold_is_refused(till, slug):
    assert not accounts.good_slug(slug)
    with pytest.raises(ValueError):
        accounts.create_account(
            district_id=till.district.id, provider="testpay", slug=slug, purpose="fees", payee_name="某某户"
        )
    assert accounts.good_slug("abc") and accounts.good_slug("a" * 40) and accounts.good_slug("a-1")
