"""A real portal, the real WeChat plugin and the strict simulator, put together for a test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from paysim import ctl
from paysim.outbox import Plan
from portal import clock
from portal.config import ROOT
from portal.database import everything, is_postgresql, session
from portal.jobs import run_due
from portal.ledger import Kind, balances, find_book, verify
from portal.payments import by_uid
from tests.payments.fees import OPEN
from tests.payments.portal_process import VERBS

REFERENCES = ("2026-09", "2026-10", "2026-11")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class House:
    app: Any
    sim: Any
    data: Path
    port: int
    district: Any
    member: Any
    payer: Any
    account: Any
    moved: float = 0.0
    processes: list[subprocess.Popen] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # --- processes ---------------------------------------------------------------------------------

    def spawn(self, *arguments: str, failpoint: str = "") -> subprocess.Popen:
        session.rollback()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.payments.portal_process", str(self.data), self.url, *arguments],
            cwd=ROOT,
            env={**os.environ, "PORTAL_FAILPOINT": failpoint},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def do(self, verb: str, *arguments: str, failpoint: str = "") -> str:
        """Carry out a verb; with a fail point in a process of its own, which must die there."""
        if not failpoint:
            session.rollback()
            session.expire_all()
            with everything(), clock.moved(timedelta(seconds=self.moved)):
                found = VERBS[verb](*arguments)
            session.rollback()
            return found
        process = self.spawn(verb, *arguments, failpoint=failpoint)
        out, err = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, (process.returncode, out, err)
        return ""

    @contextmanager
    def serving(self, *, failpoint: str = ""):
        """Serve until the block ends, or until the fail point kills it."""
        process = self.spawn("serve", str(self.port), failpoint=failpoint)
        assert process.stdout and process.stdout.readline().strip() == "ready"
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=20)

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()

    # --- what people do ------------------------------------------------------------------------------

    def start(self, token: str = "t1") -> str:
        ids = (self.account.id, self.member.id, self.payer.id)
        return self.do("start", token, *(str(number) for number in ids), *REFERENCES)

    def order(self, uid: str) -> dict[str, Any] | None:
        with everything():
            number = by_uid(uid).out_trade_no
        session.rollback()
        return self.sim.store.one("SELECT * FROM pay_order WHERE out_trade_no = ?", number)

    def pay(self, uid: str, *, told: bool = True, **options: Any) -> dict[str, Any]:
        if not told:
            self.sim.outbox.plans[""] = Plan(drop=True)
        return ctl.pay(self.sim, self.order(uid)["out_trade_no"], **options)

    def later(self, **by: float) -> None:
        """Let time pass for everybody, and the worker do what is due."""
        self.moved += timedelta(**by).total_seconds()
        self.sim.clock.advance(timedelta(**by).total_seconds(), wire=True)
        session.rollback()
        with clock.moved(timedelta(seconds=self.moved)):
            run_due()

    # --- what must be true -----------------------------------------------------------------------------

    def state(self, uid: str) -> str:
        session.rollback()
        session.expire_all()
        with everything():
            found = by_uid(uid).state
        session.rollback()
        return found

    def count(self, sql: str) -> int:
        session.rollback()
        found = session.scalar(text(sql))
        session.rollback()
        return found

    def invariants(self) -> None:
        """The invariants of payments.md §5.4 that apply: 1, 3, 4, 5, 7, 11, 13, 14, 15."""
        session.rollback()
        session.expire_all()
        with everything():
            book = find_book(district_id=self.district.id, purpose="fees")
            held = ctl.balance(self.sim, self.account.mchid)
            if book is None:
                assert held == 0 or self.count("SELECT count(*) FROM payment_fact") == 0
                return
            assert verify(book) == []
            sums = balances(book)
            assert sum(sums.values()) == 0
            assert sums[f"1010:channel:{self.account.slug}"] == held
            credit = sums.get(f"2100:credit:{self.member.id}", 0)
            assert credit <= 0  # a credit, never a debt
            placed = -sum(balances(book, kind=Kind.INCOME).values())
            suspense = -sum(balances(book, kind=Kind.SUSPENSE).values())
            assert held == placed - credit + suspense
            still_open = sum(
                session.scalar(OPEN, {"m": self.member.id, "r": reference}) for reference in REFERENCES
            )
            assert still_open == 6000 - placed
        one = self.count
        facts = one("SELECT count(*) FROM payment_fact")
        assert one("SELECT count(*) FROM ledger_entry WHERE kind = 'receipt'") == facts
        assert (
            one(
                "SELECT count(*) FROM ledger_entry e LEFT JOIN ledger_seal s ON s.entry_id = e.id"
                " WHERE s.entry_id IS NULL"
            )
            == 0
        )
        assert one("SELECT count(*) FROM test_voucher WHERE calls <> 1") == 0
        assert (
            one(
                "SELECT count(*) FROM payment_fact f JOIN payment_attempt a ON a.id = f.attempt_id"
                " WHERE a.state <> 'paid'"
            )
            == 0
        )
        assert (
            one(
                "SELECT count(*) FROM payment_attempt a WHERE state = 'paid' AND NOT EXISTS"
                " (SELECT 1 FROM payment_fact f WHERE f.attempt_id = a.id)"
            )
            == 0
        )
        if not is_postgresql():  # whose columns hold nothing else
            assert one("SELECT count(*) FROM ledger_line WHERE typeof(amount_fen) <> 'integer'") == 0
        assert (
            one(
                "SELECT count(*) FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id"
                " JOIN ledger_entry e ON e.id = l.entry_id WHERE a.book_id <> e.book_id"
            )
            == 0
        )
