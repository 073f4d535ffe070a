"""Whoever is erased stands in no table, in the clear, sealed, or by the index of a number (promise 34)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock, crypto
from portal.database import session, transaction
from portal.identity import passwords, recovery, stops, totp
from portal.identity.models import Account
from portal.jobs import run_due
from portal.members.models import Request, RequestStep, StatusEvent
from portal.testing import World
from tests.members.standing import erase, standing

NAME, PHONE, WORD = "檀标记", "10000097531", "独一无二的话"
#: What stays, and why; a line here is a decision.
KEPT = {
    "audit": "the trail names ids; what stands in it is never changed",
    "sent_form": "keys and hashes of forms, gone after two days",
    "demo_message": "the demo's own outbox",
}


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


@pytest.fixture
def known(world: World, here: Any) -> Any:
    """Return a member whose name, number and words stand wherever people leave them."""
    branch = world.organization(here)
    member = world.member(branch, name=NAME, phone=PHONE, remark=WORD, sort_key="tan biao ji")
    hashed = passwords.HASHER.hash("qcmbzrxwuk-vv")
    account = world.account(member, phone=PHONE, username="tanbiaoji", password_hash=hashed)
    other = world.account(role="desk", district=here)
    browser = world.browser(account)
    browser.get("/d/990001/me/")
    with transaction():
        totp.give(account.id, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        recovery.renew(account.id)
    stops.stop(session.get_one(Account, account.id), reason=f"{NAME}的手机被偷", district_id=None, by=None)
    stops.lift(session.get_one(Account, account.id), reason=WORD, drop_password=False, by=None)
    with world.writing(here), transaction():
        asked = Request(
            district_id=here.id,
            reference="R1",
            kind="members.correction",
            asked_by=account.id,
            member_id=member.id,
            organization_id=branch.id,
            answer_permission="core.requests.answer",
            subject=f"{NAME}要改登记",
            payload={"text": WORD},
            asked_at=clock.now(),
        )
        session.add(asked)
        session.flush()
        step = {"district_id": here.id, "request_id": asked.id, "number": 1, "at": clock.now()}
        session.add(RequestStep(action="ask", note=WORD, actor_id=account.id, **step))
        session.add(
            StatusEvent(
                district_id=here.id,
                member_id=member.id,
                kind="state",
                value="normal",
                on_day=date(2025, 1, 1),
                document=WORD,
                recorded_at=clock.now(),
            )
        )
    run_due()
    session.rollback()
    assert other.id != account.id
    return member.id, account.id


def test_whoever_is_erased_stands_in_no_table(world: World, here: Any, known: Any) -> None:
    member_id, account_id = known
    markers = (NAME, PHONE, WORD, "tanbiaoji", "tan biao ji", crypto.blind_index("phone", PHONE))
    assert len(standing(markers, without=KEPT)) > 10, "a search that finds nobody before proves nothing after"
    erase(world, here, member_id, WORD)
    assert standing(markers, without=KEPT) == set()
    row = session.execute(select(Account).where(Account.id == account_id)).scalar_one()
    assert row.disabled_at is not None
    session.rollback()
