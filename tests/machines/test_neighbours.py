"""Somebody whom the portal calls hangs: the payment channel, the gateway of text messages, or both."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from sqlalchemy import select

from portal.database import db, everything, in_scope, session, transaction
from portal.districts import settings
from portal.districts.models import District
from portal.districts.service import switch
from portal.identity.addresses import phone_of
from portal.identity.models import Account
from portal.testing import postgresql
from tests.machines.payers import PHONE
from tests.machines.places import until
from tests.machines.single import Single, hidden

pytestmark = [pytest.mark.hard, pytest.mark.machines, pytest.mark.xdist_group("machines")]

#: The longest page of somebody who wants nothing of those who hang.
PATIENCE = 3.0
#: What a district gets from the gateway's operator; nobody there knows these.
GATEWAY = {
    "secret_id": "AKIDnobody",
    "secret_key": "nothing",
    "app_id": "1400000000",
    "sign": "测试",
    "templates": "identity.code=1000000",
}


@contextmanager
def hanging(single: Single) -> Iterator[None]:
    """Let the payment channel take every call and answer none."""
    single.channel.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        single.channel.process.send_signal(signal.SIGCONT)


def test_a_channel_that_hangs_holds_up_nobody_else(single: Single):
    """Four people want to pay at once, and a web process has four threads."""
    forms = [form(single, who) for who in range(4)]
    with hanging(single):
        crowd = [Payer(single, who, fields) for who, fields in enumerate(forms)]
        time.sleep(1.5)
        slowest = others(single)
        for payer in crowd:
            payer.join(60)
            assert payer.seconds < 20, payer.seconds
            page = single.ask(
                payer.answer.headers["Location"].partition(f"/d/{single.code}/")[2], who=payer.who
            )
            assert page.status_code == 200 and "正在查付款结果，请不要再付" in page.text
    longest = max(payer.seconds for payer in crowd)
    print(f"\nhanging channel: slowest payer {longest:.1f} s, slowest other page {slowest:.1f} s")


def test_a_gateway_that_hangs_beside_the_channel_holds_up_nobody_else(single: Single):
    """Codes are to be sent by text message while the channel hangs, too.

    The worker calls the gateway by the provider's own library, through a proxy that takes every call and
    never says a word.
    """
    phones = set_up_gateway(single, count=3)
    before, fields = len(single.deaf.taken), form(single, 4)
    with hanging(single):
        payer = Payer(single, 4, fields)
        for phone in phones:
            began = time.monotonic()
            ask_for_code(single, phone)
            assert time.monotonic() - began < 2 * PATIENCE, "whoever asks for a code waits for no gateway"
        until(lambda: len(single.deaf.taken) > before, seconds=20, what="the gateway is called")
        slowest = others(single)
        payer.join(60)
    sent = "SELECT state, count(*) FROM notice_delivery WHERE template = 'identity.code' GROUP BY 1"
    until(
        lambda: single.database.sql(sent, database="portal") == [("unknown", len(phones))],
        seconds=60,
        what="each message is called unknown",
    )
    assert len(single.deaf.taken) == before + len(phones), "and never sent again by itself"
    print(f"\nhanging gateway and channel: slowest other page {slowest:.1f} s")


class Payer(threading.Thread):
    """Somebody who sends the form of a payment; how long it took, and the answer."""

    def __init__(self, single: Single, who: int, fields: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.single, self.who, self.fields = single, who, fields
        self.start()

    def run(self) -> None:
        began = time.monotonic()
        self.answer = self.single.ask("dues/pay", who=self.who, seconds=60, **self.fields)
        self.seconds = time.monotonic() - began
        assert self.answer.status_code == 303, self.answer.text[:500]


def others(single: Single) -> float:
    """Look at pages as somebody who wants nothing of those who hang; return the longest wait in seconds."""
    waits = []
    for _ in range(10):
        began = time.monotonic()
        assert single.ask("dues/", who=5).status_code == 200
        waits.append(time.monotonic() - began)
        assert single.readyz() == "ready", "a neighbour's death is not ours"
    assert max(waits) < PATIENCE, waits
    return max(waits)


def form(single: Single, who: int) -> dict[str, str]:
    """Return the form that pays somebody's oldest open month."""
    found = re.search(r'name="month"[^>]*value="(\d{4}-\d\d)"', single.ask("dues/", who=who).text)
    assert found
    return hidden(single.ask(f"dues/pay?month={found[1]}", who=who).text)


def set_up_gateway(single: Single, *, count: int) -> list[str]:
    """Let the district send text messages; return the numbers of some people."""
    app = single.house.app()
    with app.app_context(), postgresql.looking():
        with everything():
            district = session.execute(select(District).where(District.code == single.code)).scalar_one()
            accounts = (
                session.execute(select(Account).order_by(Account.id.desc()).limit(count)).scalars().all()
            )
            phones = [phone_of(account.uid, account.phone_sealed) for account in accounts]
        with in_scope([district.id], write=district.id), transaction():
            switch(district, "tencent_sms", on=True)
            for key, value in GATEWAY.items():
                settings.put(district.id, f"tencent_sms.{key}", value, by=None)
        session.remove()
        db.engine.dispose()
    return phones


def ask_for_code(single: Single, phone: str) -> None:
    """Ask for a code to log in with, in a browser of its own."""
    with requests.Session() as browser:
        browser.headers["User-Agent"] = PHONE
        page = browser.get(f"{single.web.url}/login", timeout=30)
        given = {"csrf_token": hidden(page.text)["csrf_token"], "phone": phone}
        answer = browser.post(f"{single.web.url}/login", data=given, timeout=30, allow_redirects=False)
        assert answer.status_code == 303, answer.text[:500]
