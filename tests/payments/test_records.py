"""What an order leaves behind, row by row and word for word: attempt, jobs, trail, the channel's call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock, crypto
from portal.audit.models import AuditRow
from portal.database import Conflict, everything, session, transaction
from portal.jobs.models import JobRow
from portal.payments import (
    accounts,
    close_attempt,
    has_open_attempt,
    numbers,
    send_create,
    start_attempt,
    underway,
)
from portal.payments.calling import fresh_instruction, window_over
from portal.payments.contract import Flow, RejectCategory, Rejected
from portal.payments.models import PaymentAttempt
from tests.payments.conftest import LINES

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
PAID = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # half past midnight of the 21st in Shanghai


@pytest.fixture(autouse=True)
def now():
    with clock.frozen(NOW):
        yield


def begin(
    till: Any, token: str = "t1", lines: Any = LINES, flow: Flow = Flow.QR, **more: Any
) -> PaymentAttempt:
    return start_attempt(
        **{
            "account": till.account,
            "member_id": till.member.id,
            "lines": lines,
            "flow": flow,
            "form_token": token,
            "payer_account_id": till.payer.id,
            **more,
        }
    )


def jobs_of(name: str) -> list[tuple[Any, ...]]:
    session.rollback()
    found = session.scalars(select(JobRow).where(JobRow.name == name).order_by(JobRow.not_before))
    return [
        (one.payload, one.dedupe_key, one.not_before - NOW, one.priority, one.district_id) for one in found
    ]


def trail(prefix: str) -> list[AuditRow]:
    with everything():
        return list(
            session.scalars(select(AuditRow).where(AuditRow.action.startswith(prefix)).order_by(AuditRow.id))
        )


def test_who_begins_to_pay_is_written_down_whole(till):
    made = begin(till, client_ip="192.0.2.7")
    assert (made.district_id, made.account_id, made.member_id) == (
        till.district.id,
        till.account.id,
        till.member.id,
    )
    assert (made.payer_account_id, made.purpose, made.flow, made.state) == (
        till.payer.id,
        "fees",
        "qr",
        "new",
    )
    assert made.lines == [{"reference": line.reference, "amount_fen": 2000} for line in LINES]
    assert (made.amount_fen, made.description, made.client_ip) == (6000, "测试费", "192.0.2.7")
    assert (made.created_at, made.expires_at) == (NOW, NOW + timedelta(hours=1))
    assert (made.late, made.allocation, made.outcome, made.sent_at) == (False, "", "", None)
    assert made.form_token == crypto.token_hash("t1")
    [row] = trail("payments.start")
    assert (row.actor_id, row.district_id, row.subject_type, row.subject_id) == (
        till.payer.id,
        till.district.id,
        "payment_attempt",
        str(made.id),
    )
    assert row.detail == {"lines": 3, "flow": "qr"}
    ends = timedelta(hours=1, seconds=10)
    wanted = ({"attempt": made.uid}, f"{made.uid}:end", ends, 2, till.district.id)
    assert jobs_of("payments.expire") == [wanted]


def test_a_payment_under_way_is_shown_until_it_ends(till):
    asked = {"member_id": till.member.id, "purpose": "fees"}
    assert underway(**asked) is None and not has_open_attempt(**asked)
    made = begin(till)
    found = underway(**asked)
    assert found is not None and (found.uid, found.amount_fen) == (made.uid, 6000)
    assert has_open_attempt(**asked)
    assert not has_open_attempt(member_id=till.member.id, purpose="other")
    assert not has_open_attempt(member_id=till.member.id + 1, purpose="fees")
    close_attempt(made)
    assert underway(**asked) is None


@pytest.mark.parametrize(
    ("another", "same"),
    [
        ({}, True),
        ({"flow": Flow.H5}, False),
        ({"lines": LINES[:2]}, False),
        ({"payer_account_id": None}, False),
    ],
)
def test_an_open_order_is_handed_out_again_only_for_the_same_thing(till, another, same):
    first = begin(till)
    again = begin(till, token="t2", **another)
    session.refresh(first)
    assert (again.id == first.id) is same
    assert first.state == ("new" if same else "closed")


@pytest.mark.parametrize(("minutes", "same"), [(54, True), (55, False), (59, False)])
def test_an_order_close_to_its_end_is_not_handed_out_again(till, minutes, same):
    first = begin(till)
    with clock.frozen(NOW + timedelta(minutes=minutes)):
        assert (begin(till, token="t2").id == first.id) is same


def test_another_purpose_or_member_has_an_order_of_its_own(till, world):
    first = begin(till)
    mate = world.member(till.branch)
    till.fees.owed[mate.id, "2026-09"] = 2000
    other = begin(till, token="t2", member_id=mate.id, lines=LINES[:1])
    assert other.id != first.id
    session.refresh(first)
    assert first.state == "new"


def test_the_same_form_for_another_account_or_member_is_a_conflict(till, world):
    first = begin(till)
    second = accounts.create_account(
        district_id=till.district.id, provider="testpay", slug="test-z", purpose="fees", payee_name="另一个户"
    )
    for changed in ({"account": second}, {"member_id": till.member.id + 1}, {"lines": LINES[:1]}):
        with pytest.raises(Conflict) as refused:
            begin(till, **changed)
        assert refused.value.current.id == first.id
    assert begin(till).id == first.id


def test_an_order_is_sent_with_all_that_the_channel_needs(till, app, monkeypatch):
    from tests.payments import channel

    seen = []
    create = channel.FakeProvider.create
    monkeypatch.setattr(
        channel.FakeProvider, "create", lambda self, req: (seen.append(req), create(self, req))[1]
    )
    made = send_create(begin(till, flow=Flow.JSAPI, client_ip="192.0.2.7"), openid="o-1")
    [req] = seen
    assert (req.out_trade_no, req.amount_fen, req.description) == (made.out_trade_no, 6000, "测试费")
    assert (req.flow, req.expires_at) == (Flow.JSAPI, NOW + timedelta(hours=1))
    assert (req.openid, req.client_ip) == ("o-1", "192.0.2.7")
    assert req.notify_url == "http://localhost/hooks/testpay/test-a/pay"
    assert req.return_url == f"http://localhost/d/{till.district.code}/pay/{made.uid}?back=1"
    assert (made.state, made.sent_at, made.outcome) == ("pending", NOW, "")
    assert made.instruction == {
        "flow": "jsapi",
        "jsapi": {"package": "prepay_id=o-1"},
        "redirect_url": None,
        "code_url": None,
        "bridge_url": None,
        "valid_until": None,
    }
    sealed = crypto.decrypt("payment_attempt.openid_sealed", made.uid, made.openid_sealed)
    assert sealed == "o-1"
    seconds = (5, 30, 60, 180, 300, 600, 1800)
    assert jobs_of("payments.query") == [
        ({"attempt": made.uid}, f"{made.uid}:{one}", timedelta(seconds=one), 2, till.district.id)
        for one in seconds
    ]


def test_an_order_that_is_over_is_not_sent(till):
    made = begin(till)
    with clock.frozen(NOW + timedelta(hours=1)):
        send_create(made)
    assert (made.state, made.sent_at, till.channel.calls) == ("new", None, [])
    send_create(close_attempt(made))
    assert till.channel.calls == []


def test_an_instruction_is_fresh_while_the_order_and_its_own_time_last(till):
    made = send_create(begin(till))
    assert fresh_instruction(made) == made.instruction
    send_create(made)
    assert [name for name, _ in till.channel.calls] == ["create"], "not ordered twice"
    with clock.frozen(NOW + timedelta(hours=1)):
        assert fresh_instruction(made) is None
    with transaction():
        made.instruction = {**made.instruction, "valid_until": (NOW + timedelta(minutes=5)).isoformat()}
    assert fresh_instruction(made) is not None
    with clock.frozen(NOW + timedelta(minutes=5)):
        assert fresh_instruction(made) is None
        send_create(made)
    assert [name for name, _ in till.channel.calls] == ["create", "create"]
    close_attempt(made)
    assert fresh_instruction(made) is None


def test_a_second_request_waits_for_the_answer_to_the_first(till):
    till.channel.faults["create"] = "lost"
    made = send_create(begin(till))
    assert (made.state, made.outcome) == ("creating", "unknown:timeout")
    with transaction():
        made.outcome = ""  # as while the first one is waiting
    for seconds, calls in ((14, 1), (15, 2)):
        with clock.frozen(NOW + timedelta(seconds=seconds)):
            send_create(made)
        assert len(till.channel.calls) == calls
    assert not window_over(made)
    sent = made.sent_at
    with clock.frozen(sent + timedelta(seconds=60)):
        assert not window_over(made)
    with clock.frozen(sent + timedelta(seconds=61)):
        assert window_over(made)


def test_a_refusal_says_its_code_and_a_closed_order_is_asked_about_once_more(till):
    till.channel.faults["create"] = Rejected(code="NOAUTH", category=RejectCategory.CONFIG)
    failed = send_create(begin(till))
    assert (failed.state, failed.outcome, failed.instruction) == ("failed", "rejected:NOAUTH", None)
    till.channel.faults.clear()
    closed = close_attempt(send_create(begin(till, token="t2")))
    assert (closed.state, closed.outcome, closed.instruction) == ("closed", "closed", None)
    late = ({"attempt": closed.uid}, f"{closed.uid}:late", timedelta(minutes=30), 2, till.district.id)
    assert late in jobs_of("payments.query")


def test_numbers_are_written_in_36_digits():
    assert [numbers.base36(one) for one in (0, 9, 10, 35, 36, 1295, 1296)] == [
        "0",
        "9",
        "A",
        "Z",
        "10",
        "ZZ",
        "100",
    ]
    with clock.frozen(datetime(2026, 12, 31, 17, tzinfo=UTC)):
        assert numbers.out_trade_no(36).startswith("D10270101") and len(numbers.out_trade_no(36)) == 25
