"""A cash sheet's confirmation in processes of its own: killed in the middle, and two at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from plugins.dues.models import DuesCashSheet, DuesVoucher
from plugins.dues.queries import verify
from plugins.dues.service import books
from plugins.dues.service import cash as service
from portal import clock, ledger
from portal.api import Actor
from portal.database import everything, session, transaction
from tests.journeys.test_dues_day import Day, day  # noqa: F401  the fixture

CHILD = """
import sys, time
from pathlib import Path
from plugins.dues.models import DuesCashSheet
from plugins.dues.service import cash
from portal.api import Actor
from portal.app import create_app
from portal.database import Conflict, in_scope, session, transaction
from portal.districts.models import District
from portal.districts.queries import reference
from portal.testing import settings
data, district_id, sheet_id, version, account_id, total, at = sys.argv[1:]
app = create_app(settings(Path(data)))
with app.app_context(), in_scope({int(district_id)}, write=int(district_id)):
    here = reference(session.get_one(District, int(district_id)), frozenset())
    session.rollback()
    while time.time() < float(at):
        time.sleep(0.001)
    try:
        with transaction():
            sheet = session.get_one(DuesCashSheet, int(sheet_id))
            cash.confirm(sheet, version=int(version), counted_fen=int(total), district=here,
                         actor=Actor(account_id=int(account_id)))
        print("done")
    except Conflict:
        print("conflict")
"""


@pytest.fixture
def handed(day: Day) -> dict[str, Any]:  # noqa: F811
    """Three people's cash on a sheet that waits for a second person."""
    ids, collector = day.members[:3], Actor(account_id=day.collector.id)
    with day.world.writing(day.district), transaction():
        sheet = service.open_sheet(
            district=day.world.ref(day.district), organization_id=day.branch.id, actor=collector
        )
        entries = {one: service.Entry(through=clock.month(), amount_fen=2000) for one in ids}
        service.write(sheet, entries, version=sheet.version, day=clock.today(), actor=collector)
        service.hand_over(sheet, version=sheet.version, actor=collector)
        found = {"sheet": sheet.id, "version": sheet.version, "total": 6000}
    session.remove()
    return found


def command(day: Day, handed: dict[str, Any], data_dir: Path, account: Any, at: float = 0) -> list[str]:  # noqa: F811
    values = (data_dir, day.district.id, handed["sheet"], handed["version"], account.id, handed["total"], at)
    return [sys.executable, "-c", CHILD, *map(str, values)]


def booked(day: Day, sheet_id: int) -> tuple[str, int, int]:  # noqa: F811
    """Return the sheet's state, the vouchers, and the cash in the books (fen); the books must agree."""
    session.rollback()
    with everything():
        state = session.get_one(DuesCashSheet, sheet_id, populate_existing=True).state
        vouchers = len(session.scalars(select(DuesVoucher.id)).all())
    with day.world.writing(day.district), transaction():
        assert verify.differences(day.district.id) == []
        book = books.book(day.district.id)
        assert ledger.verify(book) == []
        cash = sum(fen for name, fen in ledger.balances(book).items() if "cash" in name)
    session.remove()
    return state, vouchers, cash


@pytest.mark.hard
@pytest.mark.parametrize("point", ["ledger.after_entry", "ledger.after_lines", "notify.after_fact"])
def test_killed_in_the_middle_nothing_is_booked_and_again_all(
    day: Day,  # noqa: F811
    handed: dict[str, Any],
    data_dir: Path,
    point: str,
):
    again = command(day, handed, data_dir, day.counter)
    died = subprocess.run(again, env={**os.environ, "PORTAL_FAILPOINT": point}, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert booked(day, handed["sheet"]) == ("handed_over", 0, 0)
    assert subprocess.run(again, check=True, capture_output=True, text=True).stdout == "done\n"
    assert booked(day, handed["sheet"]) == ("confirmed", 3, 6000)
    assert subprocess.run(again, check=True, capture_output=True, text=True).stdout == "conflict\n"
    assert booked(day, handed["sheet"]) == ("confirmed", 3, 6000)


@pytest.mark.hard
def test_two_processes_confirm_at_once_and_one_books(day: Day, handed: dict[str, Any], data_dir: Path):  # noqa: F811
    at = time.time() + 12
    both = [
        subprocess.Popen(
            command(day, handed, data_dir, account, at),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for account in (day.counter, day.secretary)
    ]
    said = [one.communicate(timeout=120) for one in both]
    assert sorted(out for out, _err in said) == ["conflict\n", "done\n"], said
    assert booked(day, handed["sheet"]) == ("confirmed", 3, 6000)
