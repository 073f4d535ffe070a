"""A district with one member, and a browser that reads the demo's outbox."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from portal.database import session
from portal.jobs import run_due
from portal.notices.demo import messages
from portal.testing import Browser, World

PHONE = "10000000001"


@dataclass
class Visitor:
    """A person at a browser, from an address."""

    app: Flask
    browser: Browser
    address: str = "192.0.2.1"

    def get(self, path: str, **options: Any) -> Any:
        return self.browser.get(path, environ_overrides={"REMOTE_ADDR": self.address}, **options)

    def post(self, path: str, form: str | None = None, **data: Any) -> Any:
        """Fill and send the form for ``path``, as found on the page ``form``."""
        page = self.get(form or path).text
        data["csrf_token"] = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
        overrides = {"REMOTE_ADDR": self.address}
        return self.browser.post(path, data=data, environ_overrides=overrides)

    def ask(self, phone: str = PHONE, **data: Any) -> Any:
        """Ask for a code."""
        return self.post("/login", phone=phone, **data)

    def type_code(self, code: str) -> Any:
        """Send a code."""
        return self.post("/login/code", code=code)

    def log_in(self, phone: str = PHONE, **data: Any) -> Any:
        """Ask for a code, read it from the outbox, send it."""
        self.ask(phone, **data)
        return self.type_code(code_for(phone))


def codes_sent(phone: str = PHONE) -> list[str]:
    """Return the codes in the outbox for a number, newest first."""
    session.rollback()
    run_due()
    found = [code[0] for row in messages(phone) if (code := re.findall(r"\d{6}", row.body))]
    session.rollback()
    return found


def code_for(phone: str = PHONE) -> str:
    """Return the newest code sent to a number."""
    return codes_sent(phone)[0]


@pytest.fixture
def visitor(app: Flask, world: World) -> Visitor:
    return Visitor(app, world.browser())


@pytest.fixture
def other(app: Flask, world: World) -> Visitor:
    return Visitor(app, world.browser(), "198.51.100.7")


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


@pytest.fixture
def member(world: World, here: Any) -> Any:
    return world.member(world.organization(here), name="赵测试", phone=PHONE)


@pytest.fixture
def account(world: World, member: Any) -> Any:
    return world.account(member, phone=PHONE)
