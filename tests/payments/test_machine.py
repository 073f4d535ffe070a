"""Start, order, pay, tell (twice, late, falsely), ask, close, wait, in any order: what must stay true."""

import tempfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import func, select, text

from portal import clock, database
from portal.app import create_app
from portal.database import everything, session
from portal.jobs import run_due
from portal.ledger import Kind, balances, find_book, verify
from portal.payments import (
    AlreadyPaid,
    PurposeRefused,
    StillOpen,
    accounts,
    check_attempt,
    close_attempt,
    send_create,
    start_attempt,
)
from portal.payments.contract import Flow
from portal.payments.facts import apply_fact
from portal.payments.models import PaymentAttempt, PaymentCase, PaymentFactRow
from portal.testing import World
from portal.testing import settings as installation
from tests.payments.channel import CHANNEL, FEES, fact_of, notification
from tests.payments.conftest import LINES, MONTHS, forget, install

FAULTS = st.sampled_from([None, "lost", "after", "raise", "paid_first"])
PICK = st.integers(0, 9)


class Payments(RuleBasedStateMachine):
    """One member, one channel, and whatever people and lines do."""

    @initialize()
    def open_house(self):
        forget()
        self.folder = tempfile.TemporaryDirectory()
        self.app = create_app(installation(Path(self.folder.name)))
        install(self.app)
        self.context = self.app.app_context()
        self.context.push()
        database.create_all()
        world = World(self.app)
        district = world.district(plugins=("testpay",))
        member = world.member(world.organization(district))
        self.payer = world.account(member).id
        with everything():
            account = accounts.create_account(
                district_id=district.id, provider="testpay", slug="test-a", purpose="fees", payee_name="测试"
            )
        self.house = SimpleNamespace(district=district.id, member=member.id, account=account)
        for month in MONTHS:
            FEES.owed[member.id, month] = 2000
        self.scope = everything()
        self.scope.__enter__()
        self.moved = timedelta()
        # a browser of its own context: a request's end must not take this machine's scope away
        self.client = world.browser()
        self.forms = 0
        self.visible: dict[str, set] = {}
        self.was_paid: set[str] = set()

    def teardown(self):
        if not hasattr(self, "context"):
            return
        self.scope.__exit__(None, None, None)
        session.remove()
        database.db.engine.dispose()
        self.context.pop()
        self.folder.cleanup()

    def attempts(self):
        session.rollback()
        session.expire_all()
        return session.scalars(select(PaymentAttempt).order_by(PaymentAttempt.id)).all()

    def pick(self, which):
        found = self.attempts()
        return found[which % len(found)] if found else None

    # --- what people do ----------------------------------------------------------------------------

    @rule(many=st.integers(1, 3), flow=st.sampled_from([Flow.QR, Flow.H5]), again=st.booleans())
    def start(self, many, flow, again):
        self.forms += not again
        with clock.moved(self.moved):
            try:
                start_attempt(
                    account=self.house.account,
                    member_id=self.house.member,
                    lines=LINES[:many],
                    flow=flow,
                    form_token=f"form-{self.forms}",
                    payer_account_id=self.payer,
                )
            except (AlreadyPaid, StillOpen, PurposeRefused, database.Conflict):
                session.rollback()

    @rule(which=PICK, fault=FAULTS)
    def order(self, which, fault):
        self.verb(send_create, which, "create", fault)

    @rule(which=PICK, fault=FAULTS)
    def close(self, which, fault):
        self.verb(close_attempt, which, "close", fault)

    @rule(which=PICK, fault=FAULTS)
    def ask(self, which, fault):
        self.verb(check_attempt, which, "query", fault)

    def verb(self, act, which, name, fault):
        attempt = self.pick(which)
        if attempt is None:
            return
        if attempt.out_trade_no not in CHANNEL.orders and fault == "paid_first":
            fault = None
        CHANNEL.faults[name] = fault
        with clock.moved(self.moved):
            act(attempt)
        CHANNEL.faults.clear()

    # --- what the channel does ---------------------------------------------------------------------

    @rule(which=PICK)
    def pay(self, which):
        """Also after a close: the bank was slow."""
        numbers = sorted(CHANNEL.orders)
        if numbers:
            CHANNEL.pay(numbers[which % len(numbers)])

    @rule(which=PICK, copies=st.integers(1, 3), new_id=st.booleans())
    def tell(self, which, copies, new_id):
        paid = sorted(number for number, order in CHANNEL.orders.items() if order.txn)
        for copy in range(copies if paid else 0):
            number = paid[which % len(paid)]
            body, headers = notification(number, notify_id=f"{number}-{copy if new_id else 0}")
            session.rollback()
            reply = self.client.post("/hooks/testpay/test-a/pay", data=body, headers=headers)
            assert reply.status_code == 204

    @rule(which=PICK, lie=st.sampled_from(["unsigned", "altered", "other account"]))
    def lie(self, which, lie):
        numbers = sorted(CHANNEL.orders)
        if not numbers:
            return
        account = "test-b" if lie == "other account" else "test-a"
        body, headers = notification(numbers[which % len(numbers)], txn="42lie", account=account)
        if lie == "unsigned":
            headers = {}
        if lie == "altered":
            body = body.replace(b"42lie", b"42LIE")
        session.rollback()
        reply = self.client.post("/hooks/testpay/test-a/pay", data=body, headers=headers)
        assert 400 <= reply.status_code < 500

    @rule(which=PICK, total=st.integers(1, 9000))
    def say_another_sum(self, which, total):
        """A verified fact whose sum is not what was asked for, about a transaction of its own."""
        attempt = self.pick(which)
        if attempt is None or total == attempt.amount_fen:
            return
        txn = f"42odd{attempt.id}-{total}"
        known = session.scalar(select(PaymentFactRow.id).where(PaymentFactRow.provider_txn_id == txn))
        with clock.moved(self.moved):
            apply_fact(fact_of(attempt.out_trade_no, txn=txn, total=total), account=self.house.account)
        if known is None:
            CHANNEL.balance += total

    # --- time and trouble ----------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 6, 40, 70]))
    def wait(self, minutes):
        self.moved += timedelta(minutes=minutes)
        session.rollback()
        with clock.moved(self.moved):
            run_due()

    @rule(broken=st.booleans())
    def the_purpose_fails(self, broken):
        FEES.broken = broken

    # --- what must be true ----------------------------------------------------------------------------

    @invariant()
    def books_are_sound(self):
        if not hasattr(self, "house"):
            return
        session.rollback()
        book = find_book(district_id=self.house.district, purpose="fees")
        facts = session.scalars(select(PaymentFactRow)).all()
        if book is None:
            assert facts == []
            return
        assert verify(book) == []
        sums = balances(book)
        assert sum(sums.values()) == 0
        assert sums.get("1010:channel:test-a", 0) == sum(fact.total_fen for fact in facts)
        assert sums.get("1010:channel:test-a", 0) <= CHANNEL.balance
        credit = -sums.get(f"2100:credit:{self.house.member}", 0)
        placed = -sum(balances(book, kind=Kind.INCOME).values())
        assert credit >= 0
        assert credit + placed == sum(fact.total_fen for fact in facts if fact.booked == "credit")
        assert placed == sum(2000 - FEES.owed[self.house.member, month] for month in MONTHS)
        suspense = -sum(balances(book, kind=Kind.SUSPENSE).values())
        assert suspense == sum(fact.total_fen for fact in facts if fact.booked == "suspense")
        assert len({fact.provider_txn_id for fact in facts}) == len(facts)
        assert len(FEES.vouchers) == len(set(FEES.vouchers))
        surplus = select(func.sum(PaymentCase.amount_fen)).where(PaymentCase.kind == "surplus")
        waiting = sum(
            fact.total_fen
            for fact in facts
            if fact.booked == "credit"
            and session.get(PaymentAttempt, fact.attempt_id).allocation == "waiting"
        )
        assert (session.scalar(surplus) or 0) + waiting == credit

    @invariant()
    def attempts_keep_their_word(self):
        if not hasattr(self, "house"):
            return
        found = self.attempts()
        paid = {attempt.uid for attempt in found if attempt.state == "paid"}
        assert self.was_paid <= paid
        self.was_paid = paid
        with_fact = set(session.scalars(select(PaymentFactRow.attempt_id)))
        assert {attempt.id for attempt in found if attempt.state == "paid"} == with_fact
        assert sum(attempt.state in ("new", "creating", "pending", "closing") for attempt in found) <= 1

    @invariant()
    def nothing_visible_changes(self):
        if not hasattr(self, "house"):
            return
        for table in ("ledger_entry", "ledger_line", "ledger_seal", "payment_fact"):
            rows = {str(row) for row in session.execute(text(f"SELECT * FROM {table}"))}  # noqa: S608
            assert self.visible.get(table, set()) <= rows
            self.visible[table] = rows
        session.rollback()


Payments.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestPayments = Payments.TestCase
