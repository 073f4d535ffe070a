"""What was changed was written down: no form changes a business table without a line in the trail."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from portal import clock
from portal.testing import World
from tests.guards.forms import forms
from tests.guards.town import Town, changed, state

#: Not business: the trail itself and its chain, keys of forms, sessions, counters of doors, work to be done.
#: A choice of how pages look for oneself, and that a message was read, is nobody else's affair.
QUIET = (
    "audit",
    "audit_seal",
    "sent_form",
    "login_session",
    "login_event",
    "login_code",
    "kept_form",
    "job",
    "heartbeat",
    "account",
    "notice_seen",
)
TYPED = {
    "reason": "测试里写的原因",
    "note": "测试里写的答复",
    "said": "测试里写的话",
    "document": "会议记录第1号",
    "name": "测试新名称",
    "reference": "回单12345",
    "resolution": "核对过了",
}


def filled(fields: dict[str, str], number: int) -> dict[str, str]:
    """Fill a form as somebody would who wants it to succeed."""
    day = clock.today().isoformat()
    sent = {}
    for name, value in fields.items():
        if name == "csrf_token":
            continue
        if name == "_once":
            value = f"audited-{number:08d}"
        elif value in ("", "1") and name in TYPED:
            value = TYPED[name]
        elif name in ("day", "on_day", "meeting_on") and value[:2] != "20":
            value = day
        sent[name] = value
    return sent


@pytest.mark.long
@pytest.mark.hard
def test_no_form_writes_without_a_line_in_the_trail(world: World, app: Flask):
    town = Town(world, app)
    unaudited, wrote, tried = [], 0, set()
    for role in ("all", "member"):
        browser = town.browser(town.left, role)
        for rule in town.rules("GET"):
            answer = browser.get(town.path(rule, town.left))
            if answer.mimetype != "text/html":
                continue
            path = town.path(rule, town.left)
            for action, fields, _files in forms(answer.get_data(as_text=True), path):
                if (role, action) in tried or action in {"/logout", "/elder", "/language"}:
                    continue
                tried.add((role, action))
                before = state(app)
                sent: dict[str, Any] = filled(fields, len(tried))
                browser.post(action, data=sent)
                after = state(app)
                tables = [name for name in changed(before, after) if name not in QUIET]
                wrote += bool(tables)
                if tables and before["audit"] == after["audit"]:
                    unaudited.append(f"{role} {action}: {tables}")
    assert unaudited == []
    assert wrote >= 5, "a walk that writes nothing proves nothing"
