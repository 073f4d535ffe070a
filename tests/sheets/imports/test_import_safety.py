"""Stopped in the middle, large, with plugins' columns: all or nothing, and what was shown is what is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import date
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal import jobs
from portal.database import Conflict, in_scope, is_postgresql, session
from portal.members.models import Affiliation, Member, Person
from portal.plugin import SheetColumns
from portal.sheets.errors import SheetError
from portal.sheets.imports import batches, commit, contributions, intake
from portal.sheets.imports.models import ImportBatch
from portal.sheets.profiles import Column
from portal.sheets.values import dates, money
from tests.sheets.files import OFFICIAL, xlsx
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
    monkeypatch.setattr(intake, "IN_REQUEST", 5)
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


def looked(monkeypatch, between=lambda: None) -> list[int]:
    """Count how often the rows of a commit are judged; ``between`` runs before the lock is taken."""
    times: list[int] = []
    judged, ahead = commit._judged_again, commit._looked_ahead

    def counted(*args: Any) -> Any:
        times.append(1)
        return judged(*args)

    def then(*args: Any, **kwargs: Any) -> Any:
        found = ahead(*args, **kwargs)
        between()
        return found

    monkeypatch.setattr(commit, "_judged_again", counted)
    monkeypatch.setattr(commit, "_looked_ahead", then)
    return times


def test_rows_are_judged_once_before_the_lock_when_nobody_did_anything(desk, branch, monkeypatch):
    desk.imported("members", member_sheet(member_row(1)))
    sheet = member_sheet(member_row(1, 工作岗位="会计"), member_row(2))
    times = looked(monkeypatch)
    batch = desk.imported("members", sheet)
    assert (len(times), batch.new, batch.changed) == (1, 1, 1)
    assert set(session.scalars(select(Member.post))) == {"会计", ""}


def test_what_happened_between_judging_and_the_lock_is_seen(desk, branch, monkeypatch):
    sheet = member_sheet(member_row(1), member_row(2))
    batch = desk.upload("members", sheet)
    undisturbed = [False]

    def somebody_else() -> None:
        if not undisturbed[0]:
            undisturbed[0] = True
            desk.imported("members", member_sheet(member_row(2)))

    times = looked(monkeypatch, somebody_else)
    with pytest.raises(commit.Stale):
        desk.commit(batch)
    session.rollback()
    # The other import judged once, this one twice (PostgreSQL does not look ahead), and nothing was written.
    assert len(times) == (2 if is_postgresql() else 3) and counts()[0] == 1
    assert session.get_one(ImportBatch, batch.id).state == "ready"


def test_eight_at_once_commit_once(desk, branch, app):
    batch = desk.upload("members", member_sheet(*(member_row(n) for n in range(1, 4))))
    batch_id, version = batch.id, batch.version
    session.commit()
    session.remove()
    barrier, answers = threading.Barrier(8), []

    def click() -> None:
        with app.app_context(), in_scope([desk.ref.id], write=desk.ref.id):
            mine = session.get_one(ImportBatch, batch_id)
            session.rollback()
            barrier.wait()
            try:
                commit.commit(mine, version=version, district=desk.ref, actor=None)
                answers.append("done")
            except Conflict:
                answers.append("conflict")
            finally:
                session.remove()

    clicks = [threading.Thread(target=click) for _number in range(8)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sorted(answers) == ["conflict"] * 7 + ["done"]
    assert counts() == [3, 3, 3]


CELLS = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.sampled_from(
        [
            "1985.13",
            "=1+1",
            "是",
            "男",
            "甲党支部",
            "正式党员",
            "2005-07-01",
            "１９８５．７",
            "{{7*7}}",
            "'",
            "\x00",
        ]
    ),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.dates(min_value=date(1901, 1, 1), max_value=date(2099, 1, 1)),
)


@hypothesis.settings(max_examples=25, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(data=st.data())
def test_whatever_stands_in_a_sheet_every_row_gets_a_verdict(desk, branch, data):
    rows = []
    for number in range(1, data.draw(st.integers(1, 6)) + 1):
        row = member_row(number)
        for position in data.draw(st.sets(st.integers(1, 20), max_size=6)):
            row[position] = data.draw(CELLS)
        rows.append(row)
    try:
        batch = desk.upload("members", member_sheet(*rows))
    except SheetError as refused:
        assert str(refused)
        return
    verdicts = [outcome["verdict"] for outcome in outcomes(batch)]
    assert len(verdicts) == batch.total == sum(batch.counts.values())
    before = counts()[0]
    desk.commit(batch)
    assert counts()[0] == before + batch.new
    desk.undo(batch)
    assert counts()[0] == before


def test_two_uploads_of_one_form_at_once_are_one_batch(desk, branch, app):
    data = xlsx({"表": member_sheet(member_row(1))})
    ref, actor = desk.ref, desk.actor
    session.remove()
    barrier, uids = threading.Barrier(4), []

    def click() -> None:
        with app.app_context(), in_scope([ref.id], write=ref.id):
            barrier.wait()
            made = intake.upload("members", data, "a.xlsx", form_key="one-form", district=ref, actor=actor)
            uids.append(made.uid)
            session.remove()

    clicks = [threading.Thread(target=click) for _number in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert len(uids) == 4 and len(set(uids)) == 1
