"""Dead letters and lost messages are seen by those who run the place, and tried again on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from portal import clock, jobs, notices
from portal.database import session, transaction
from portal.health import backups
from portal.jobs.models import JobRow
from portal.notices import Template
from portal.notices.models import Delivery
from portal.testing import World

notices.declare(Template(key="t.queue", title="您有一条新消息", body="请登录查看"))


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


def dead_letter(district_id: int | None) -> int:
    with transaction():
        job_id = jobs.enqueue("notices.deliver", {"delivery": 0}, district_id=district_id)
        session.execute(
            update(JobRow).where(JobRow.id == job_id).values(state="dead", last_error="Broken: x")
        )
    assert job_id is not None
    return job_id


def lost_message(account_id: int, district_id: int) -> int:
    with transaction():
        notices.notify("t.queue", account_id=account_id, district_id=district_id)
        session.execute(update(Delivery).values(state="unknown", channel="sms", reason="timeout"))
    found = session.execute(select(Delivery.id)).scalar_one()
    session.rollback()
    return found


def test_administrator_sees_and_retries_what_is_stuck_here(world: World, here: Any) -> None:
    other = world.district()
    mine, theirs, nobodys = dead_letter(here.id), dead_letter(other.id), dead_letter(None)
    browser = world.browser(world.account(role="district_admin", district=here))
    page = browser.get("/d/990001/admin/queue").text
    assert f'id="job-{mine}"' in page and "Broken: x" in page
    assert f'id="job-{theirs}"' not in page and f'id="job-{nobodys}"' not in page
    assert browser.post(f"/d/990001/admin/queue/job/{theirs}").status_code == 404
    assert browser.post(f"/d/990001/admin/queue/job/{mine}").status_code == 303
    assert browser.post(f"/d/990001/admin/queue/job/{mine}").status_code == 404
    session.rollback()
    assert session.scalar(select(JobRow.state).where(JobRow.id == mine)) == "ready"
    rows = session.execute(text("SELECT action, subject_id FROM audit")).all()
    assert ("job.retry", str(mine)) in [tuple(row) for row in rows]


def test_deployer_sees_how_old_the_last_backup_is(world: World, here: Any) -> None:
    admin = world.browser(world.account(role="district_admin", district=here))
    deployer = world.browser(world.account(role="deployer", district=here))
    assert 'id="standing"' not in admin.get("/d/990001/admin/queue").text
    page = deployer.get("/d/990001/admin/queue").text
    assert "还没有备份过" in page and "要处理" in page
    for age, words, sign in ((timedelta(hours=3), "3小时前", False), (timedelta(hours=30), "30小时前", True)):
        with transaction():
            backups.note(clock.now() - age)
        page = deployer.get("/d/990001/admin/queue").text
        assert words in page and ("要处理" in page) is sign


def test_deployer_sees_the_installations_own_work(world: World, here: Any) -> None:
    nobodys = dead_letter(None)
    browser = world.browser(world.account(role="deployer", district=here))
    assert f'id="job-{nobodys}"' in browser.get("/d/990001/admin/queue").text


def test_message_of_unknown_fate_is_sent_again_by_a_person_only(world: World, here: Any) -> None:
    account = world.account(world.member(world.organization(here)))
    message = lost_message(account.id, here.id)
    browser = world.browser(world.account(role="district_admin", district=here))
    stranger = world.browser(world.account(role="district_admin", district=world.district("990002")))
    assert "不知道对方收到没有" in browser.get("/d/990001/admin/queue").text
    assert stranger.post(f"/d/990002/admin/queue/message/{message}").status_code == 404
    assert browser.post(f"/d/990001/admin/queue/message/{message}").status_code == 303
    session.rollback()
    assert session.scalar(select(Delivery.state)) == "waiting"


def test_others_do_not_see_the_queue(world: World, here: Any) -> None:
    for role in ("desk", "treasurer"):
        browser = world.browser(world.account(role=role, district=here))
        assert browser.get("/d/990001/admin/queue").status_code == 404
