"""A verified notification of a payment, against a bare durable commit of one row.

The commit is the driver's, in a view of bare Flask. A second one is made by the portal's own libraries, to
tell how much of the distance is theirs.
"""

from __future__ import annotations

import http.client
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select

from bench.house import House
from paysim import ctl, sealed
from paysim.outbox import Plan
from paysim.simulator import Simulator
from paysim.testing import running
from plugins.dues.models import DuesObligation
from portal import clock, payments
from portal.database import everything, in_scope, session
from portal.demo import merchants, zongyang
from portal.demo.place import place
from portal.districts.queries import by_code
from portal.payments import accounts
from portal.payments.contract import Flow
from portal.payments.purpose import PayLine

#: At most; as many members of the demo owe this month and nothing before.
COUNT = 160


@dataclass(frozen=True)
class Result:
    """Median milliseconds of each, one after the other over one connection; ``disk``: one page made sure."""

    notification: float
    commit: float
    stack: float
    disk: float
    count: int

    @property
    def times(self) -> float:
        """Return how many bare commits a notification costs."""
        return self.notification / self.commit

    @property
    def of_stack(self) -> float:
        """Return how many bare commits of the portal's own libraries a notification costs."""
        return self.notification / self.stack


@dataclass(frozen=True)
class Call:
    """What the channel sends: where, headers, body."""

    path: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def prepared(app: Flask, url: str) -> Iterator[list[Call]]:
    """Let members pay at the simulator and keep the notifications it would send."""
    here = place()
    here.simulator.mkdir(parents=True, exist_ok=True)
    with running(here.simulator, portal=url) as simulator:
        for slug, payee in merchants.payees().items():
            simulator.registry.ensure(slug, payee)
        simulator.write_merchants()
        merchants.connect(here)
        simulator.outbox.plans[""] = Plan(drop=True)
        yield [_paid(simulator, *one) for one in _owed()]


def _owed() -> list[tuple[int, int, str, int]]:
    """Return district, member, month and sum of some members who owe this month and nothing before."""
    table = DuesObligation.__table__.c
    district = by_code(zongyang.CODE)
    assert district is not None
    with everything():
        rows = session.execute(
            select(table.member_id, table.month, table.due_fen)
            .where(table.district_id == district.id, table.state == "open", table.paid_fen == 0)
            .order_by(table.month, table.member_id)
        ).all()
    session.rollback()
    first: dict[int, tuple[int, int, str, int]] = {}
    for member_id, month, due in rows:
        first.setdefault(member_id, (district.id, member_id, month, due))
    return [one for one in first.values() if one[2] == clock.month()][:COUNT]


def _paid(simulator: Simulator, district_id: int, member_id: int, month: str, due: int) -> Call:
    with in_scope({district_id}, write=district_id):
        slug = next(slug for slug in merchants.payees() if slug.startswith("kfq-"))
        account = accounts.by_slug("wechatpay", slug)
        assert account is not None
        attempt = payments.start_attempt(
            account=account,
            member_id=member_id,
            lines=[PayLine(reference=month, amount_fen=due)],
            flow=Flow.QR,
            form_token=f"bench-{member_id}",
            payer_account_id=None,
            client_ip="127.0.0.1",
        )
        attempt = payments.send_create(attempt)
        number = attempt.out_trade_no
    session.remove()
    order = ctl.pay(simulator, number)
    row = simulator.store.one("SELECT * FROM pay_order WHERE out_trade_no = ?", number) or order
    headers, body = sealed.notification(simulator, row, simulator.uuid())
    return Call(f"/hooks/wechatpay/{slug}/pay", headers, body)


def measure(house: House, calls: list[Call]) -> Result:
    """Send each notification once, and as many bare commits of both kinds between them."""
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    commits, stacks, notifications = [], [], []
    for call in calls:
        stacks.append(_post(connection, Call("/__row", {}, b""), {200}))
        commits.append(_post(connection, Call("/__commit", {}, b""), {200}))
        notifications.append(_post(connection, call, {200, 204}))
    connection.close()
    # The first ones also open connections and fill caches.
    skipped = min(5, len(calls) // 4)
    return Result(
        statistics.median(notifications[skipped:]) * 1000,
        statistics.median(commits[skipped:]) * 1000,
        statistics.median(stacks[skipped:]) * 1000,
        _disk() * 1000,
        len(calls) - skipped,
    )


def _disk() -> float:
    """Return the seconds in which the disk confirms one page: what no commit can do without."""
    spent = []
    with open(os.path.join(os.environ["PORTAL_DATA"], "bench.page"), "wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def _post(connection: http.client.HTTPConnection, call: Call, wanted: set[int]) -> float:
    began = time.perf_counter()
    connection.request("POST", call.path, body=call.body, headers=call.headers)
    answer = connection.getresponse()
    text = answer.read()
    taken = time.perf_counter() - began
    if answer.status not in wanted:
        raise SystemExit(f"{call.path}: {answer.status} {text[:200]!r}")
    return taken
