"""Stopped in the middle, large, with plugins' columns: all or nothing, and what was shown is what is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import func, select

from portal import jobs
from portal.database import session
from portal.members.models import Affiliation, Member, Person
from portal.plugin import SheetColumns
from portal.sheets.imports import batches, contributions
from portal.sheets.imports.models import ImportBatch
from portal.sheets.profiles import Column
from portal.sheets.values import dates, money
from tests.sheets.files import OFFICIAL
from tests.sheets.imports.desk import member_row, member_sheet, outcomes, reasons

CHILD = """
import sys
from pathlib import Path
from portal.app import create_app
from portal.database import in_scope, session
from portal.districts.models import District
from portal.districts.queries import reference
from portal.sheets.imports import commit
from portal.sheets.imports.models import ImportBatch
from portal.testing import settings

with create_app(settings(Path(sys.argv[1]))).app_context():
    district = session.get_one(District, int(sys.argv[2]))
    ref = reference(district, frozenset())
    with in_scope([ref.id], write=ref.id):
        batch = session.get_one(ImportBatch, int(sys.argv[3]))
        commit.commit(batch, version=batch.version, district=ref, actor=None)
"""


def counts():
    return [
        session.scalar(select(func.count()).select_from(model)) for model in (Member, Person, Affiliation)
    ]


@pytest.mark.parametrize("point", ["import.commit.middle", "import.commit.end"])
def test_kill_in_the_middle_imports_nothing_and_again_imports_all(desk, branch, data_dir, point):
    later = {"加入党组织日期": "2019-07-01", "转为正式党员日期": "2020-07-01"}
    batch = desk.upload("members", member_sheet(*(member_row(n, **later) for n in range(1, 300))))
    batch_id = batch.id
    session.commit()
    session.remove()
    command = [sys.executable, "-c", CHILD, str(data_dir), str(desk.ref.id), str(batch_id)]
    died = subprocess.run(command, env={**os.environ, "PORTAL_FAILPOINT": point}, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert counts() == [0, 0, 0]
    assert session.get_one(ImportBatch, batch_id).state == "ready"
    session.remove()
    subprocess.run(command, check=True, capture_output=True)
    assert counts() == [299, 299, 299]
    assert session.get_one(ImportBatch, batch_id).state == "committed"


def test_large_sheets_are_judged_and_committed_by_jobs(desk, branch, monkeypatch):
    monkeypatch.setattr(batches, "IN_REQUEST", 5)
    monkeypatch.setattr("portal.sheets.imports.commit.IN_REQUEST", 5)
    batch = desk.upload("members", member_sheet(*(member_row(n) for n in range(1, 9))))
    assert (batch.state, batch.done) == ("checking", 0)
    jobs.run_due()
    session.refresh(batch)
    assert (batch.state, batch.done, batch.new) == ("ready", 8, 8)
    desk.commit(batch)
    assert batch.state == "committing" and counts() == [0, 0, 0]
    jobs.run_due()
    session.refresh(batch)
    assert batch.state == "committed" and counts() == [8, 8, 8]


class Keeper:
    """Stands for a plugin that keeps dues: what it was told, and what it says of it."""

    def __init__(self) -> None:
        self.kept: dict[int, dict[str, Any]] = {}
        self.fail = False

    def apply(self, *, member: Any, values: dict[str, Any], actor: Any) -> None:
        if self.fail:
            raise RuntimeError("the plugin failed")
        self.kept.setdefault(member.id, {}).update(values)

    def check(self, *, values: dict[str, Any]) -> list[str]:
        return ["党费基数太小。"] if values.get("dues_base", 10**6) < 100 else []

    def current(self, *, members: Any) -> dict[int, dict[str, Any]]:
        return {m.id: self.kept[m.id] for m in members if m.id in self.kept}

    def take_back(self, *, members: Any, actor: Any) -> list[str]:
        for member in members:
            self.kept.pop(member.id, None)
        return []


@pytest.fixture
def keeper(monkeypatch):
    made = Keeper()
    columns = (
        Column(name="dues_base", header="党费基数", parse=money.fen, show=money.yuan),
        Column(name="dues_paid_through", header="党费缴至", parse=dates.month),
    )
    one = SheetColumns(
        sheet="members", columns=columns, apply=made.apply, check=made.check, current=made.current,
        take_back=made.take_back,
    )  # fmt: skip
    monkeypatch.setattr("portal.sheets.imports.members.contributed", lambda sheet, district: [one])
    assert contributions.own_values(one, {"name": 1, "dues_base": 2}) == {"dues_base": 2}
    return made


def opening_sheet(*rows: list[Any]) -> list[list[Any]]:
    return [[*OFFICIAL, "党费基数", "党费缴至"], *rows]


def test_opening_position_reaches_the_plugin_and_twice_changes_nothing(desk, branch, keeper):
    sheet = opening_sheet([*member_row(1), "5100", "2026-05"], [*member_row(2), "0.50", "2026年5月"])
    batch = desk.upload("members", sheet)
    assert reasons(batch) == {3: "党费基数太小。"}
    desk.commit(batch)
    [kept] = keeper.kept.values()
    assert kept["dues_base"] == 510000 and kept["dues_paid_through"].isoformat() == "2026-05-01"
    assert desk.upload("members", sheet).counts == {"new": 0, "changed": 0, "same": 1, "refused": 1}
    changed = desk.upload("members", opening_sheet([*member_row(1), "6300", "2026-05"]))
    assert outcomes(changed)[0]["changes"] == [["党费基数", "5100.00", "6300.00"]]
    desk.undo(batch)
    assert keeper.kept == {} and counts() == [0, 0, 0]


def test_plugin_that_fails_leaves_nothing_half_done(desk, branch, keeper):
    batch = desk.upload("members", opening_sheet([*member_row(1), "5100", "2026-05"]))
    keeper.fail = True
    with pytest.raises(RuntimeError):
        desk.commit(batch)
    session.rollback()
    assert counts() == [0, 0, 0] and session.get_one(ImportBatch, batch.id).state == "ready"
