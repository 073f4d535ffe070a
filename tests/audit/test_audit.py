"""The trail cannot be changed, forked or forged without ``verify`` naming the row (rule K7)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from portal import audit, clock, database
from portal.audit.models import AuditRow, AuditSeal
from portal.database import is_postgresql, session, transaction
from portal.database.core import reading
from portal.database.engine import as_owner
from portal.jobs import run_due
from portal.jobs.worker import plan
from tests import house


@pytest.fixture(autouse=True)
def app(tmp_path: Path) -> Iterator[Flask]:
    app = house.build(tmp_path)
    with app.app_context():
        house.furnish()
        yield app
        house.leave()


def act(number: int, district: int | None = 1) -> str:
    with transaction():
        return audit.record("dues.confirm", ("sheet", number), actor=None, district=district, detail={"n": 1})


def tamper(*statements: str, **values: str) -> None:
    """Do what somebody with the database file would do: take the triggers away first."""
    session.rollback()
    with as_owner() as current:
        for name in ("audit", "audit_seal"):
            if is_postgresql():
                current.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
                continue
            for verb in ("update", "delete"):
                current.execute(text(f"DROP TRIGGER IF EXISTS {name}_no_{verb}"))
        for statement in statements:
            prepared = text(statement)
            current.execute(prepared, {name: values[name] for name in prepared._bindparams})


def found() -> list[tuple[str, str]]:
    return [(problem.kind, problem.uid) for problem in audit.verify().problems]


def test_record_is_part_of_the_act() -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        audit.record("a.b", ("member", 1), actor=None, district=1)
        _ = 1 // 0
    assert session.execute(select(AuditRow)).all() == []
    with pytest.raises(RuntimeError):
        audit.record("a.b", ("member", 1), actor=None, district=1)


@pytest.mark.parametrize("personal", ["10012345678", "999999199001011234", "99999919900101123X"])
def test_record_personal_numbers_are_refused(personal: str) -> None:
    with pytest.raises(ValueError, match="ids"), transaction():
        audit.record("a.b", ("member", 1), actor=None, district=1, detail={"x": [f"call {personal}"]})


@pytest.mark.parametrize("table", ["audit", "audit_seal"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_database_itself_refuses_to_change_the_trail(table: str, statement: str) -> None:
    act(1)
    audit.seal()
    with pytest.raises(DatabaseError, match="append-only"), transaction() as current:
        current.execute(text(statement.format(table)))


def test_fifty_parallel_writes_with_parallel_sealers_give_one_chain(app: Flask) -> None:
    start = threading.Barrier(54)

    def write(number: int) -> None:
        start.wait()
        with app.app_context():
            act(number)

    def seal() -> None:
        start.wait()
        for _ in range(5):
            with app.app_context():
                audit.seal()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(50)]
    threads += [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audit.seal()
    numbers = session.scalars(select(AuditSeal.number).order_by(AuditSeal.number)).all()
    assert numbers == list(range(1, 51))
    report = audit.verify()
    assert (report.sealed, report.waiting, report.problems) == (50, 0, [])


def test_verify_names_a_changed_row_in_every_column() -> None:
    changes = (
        "UPDATE audit SET district_id = 2 WHERE uid = :uid",
        "UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE uid = :uid",
        "UPDATE audit SET action = 'x' WHERE uid = :uid",
        "UPDATE audit SET subject_type = 'x' WHERE uid = :uid",
        "UPDATE audit SET subject_id = 'x' WHERE uid = :uid",
        "UPDATE audit SET detail = '{}' WHERE uid = :uid",
        "UPDATE audit SET request_id = 'x' WHERE uid = :uid",
        "UPDATE audit SET mac = 'x' WHERE uid = :uid",
    )
    for change in changes:
        act(0)
        uid = act(1)
        act(2)
        audit.seal()
        before = found()
        tamper(change, uid=uid)
        assert [problem for problem in found() if problem not in before] == [("changed", uid)]


def test_verify_names_a_missing_row() -> None:
    act(1)
    uid = act(2)
    act(3)
    audit.seal()
    tamper("DELETE FROM audit WHERE uid = :uid", uid=uid)
    assert found() == [("missing", uid)]


def test_verify_names_a_row_and_seal_missing_together() -> None:
    act(1)
    uid, after = act(2), act(3)
    audit.seal()
    tamper("DELETE FROM audit WHERE uid = :uid", "DELETE FROM audit_seal WHERE audit_uid = :uid", uid=uid)
    assert found() == [("seal", after)]


def test_verify_names_an_inserted_row_and_the_sealer_does_not_bless_it() -> None:
    act(1)
    tamper(
        "INSERT INTO audit (uid, district_id, at, action, subject_type, subject_id, detail, mac) "
        "SELECT :uid, district_id, at, action, subject_type, subject_id, detail, mac FROM audit",
        uid="Z" * 26,
    )
    audit.seal()
    assert found() == [("inserted", "Z" * 26)]


def test_verify_shows_a_cut_off_tail_against_kept_heads() -> None:
    act(1), act(2)
    audit.seal()
    kept = audit.heads()
    tamper("DELETE FROM audit WHERE id = 2", "DELETE FROM audit_seal WHERE number = 2")
    assert found() == []
    assert [p.kind for p in audit.verify(kept_heads=kept).problems] == ["missing"]


def test_chains_are_per_district() -> None:
    for district in (1, 2, None, 1, 2):
        act(1, district)
    assert audit.seal() == 5
    links = session.execute(
        select(AuditSeal.chain, AuditSeal.number).order_by(AuditSeal.chain, AuditSeal.number)
    )
    assert links.all() == [(0, 1), (1, 1), (1, 2), (2, 1), (2, 2)]


def test_sealer_job_runs_only_when_something_waits() -> None:
    plan({})
    assert [row for row in _jobs() if row == "audit.seal"] == []
    act(1)
    plan({})
    run_due()
    assert audit.verify().sealed == 1
    with clock.moved(timedelta(seconds=6)):
        plan({})
        assert _jobs().count("audit.seal") == 1


def _jobs() -> list[str]:
    found = [name for (name,) in session.execute(text("SELECT name FROM job"))]
    session.rollback()
    return found


def test_history_stays_in_scope() -> None:
    act(1, 1), act(2, 2), act(3, None)
    with database.in_scope([1]):
        assert [row.subject_id for row in audit.history()] == ["1"]
    assert audit.history() == []
    with database.everything():
        assert [row.subject_id for row in audit.history()] == ["3", "2", "1"]
        assert [row.subject_id for row in audit.history(subject=("sheet", 2))] == ["2"]


def test_view_is_recorded_while_a_get_is_served() -> None:
    token = reading.set(True)
    try:
        session.execute(select(AuditRow)).all()
        uid = audit.record_view(("member", 7), actor=None, district=1)
    finally:
        session.rollback()
        reading.reset(token)
    row = session.execute(select(AuditRow)).scalar_one()
    assert (row.uid, row.action, row.subject_id) == (uid, "view", "7")
