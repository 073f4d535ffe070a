"""``portal plugins purge``: asks twice, takes all or nothing, keeps books, needs no code of the plugin."""

from __future__ import annotations

import json
import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import func, inspect, select, text

from plugins.bookings import demo as bookings_demo
from portal import audit, claims, clock, database, ledger, notices
from portal.admin import purging
from portal.cli.group import portal
from portal.database import everything, leaving, session, transaction
from portal.database.engine import as_owner
from portal.districts.models import PluginSwitch, SettingValue
from portal.identity.models import RolePermission
from portal.jobs import run_due
from portal.jobs.models import JobRow
from portal.notices import templates
from portal.notices.models import Delivery
from portal.testing import World

TABLES = {"hall_room", "hall_seat"}
#: What each database wants of a table that refuses deletions, with the function PostgreSQL needs for it.
GUARDS = {
    "sqlite": [
        "CREATE TRIGGER hall_seat_kept BEFORE DELETE ON hall_seat BEGIN SELECT RAISE(ABORT, 'kept'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION hall_seat_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'kept'; END $$",
        "CREATE TRIGGER hall_seat_kept BEFORE DELETE ON hall_seat "
        "FOR EACH ROW EXECUTE FUNCTION hall_seat_kept()",
    ],
}


@pytest.fixture
def place(world: World, app: Flask) -> Any:
    """Return a district with what is left of a plugin ``hall`` without its folder: three rows, off."""
    here = world.district(plugins=())
    session.remove()
    with everything(), as_owner() as connection:
        for line in (
            "CREATE TABLE hall_room (id integer primary key, district_id integer references district(id))",
            "CREATE TABLE hall_seat (id integer primary key, room integer references hall_room(id), "
            "name text)",
            "CREATE TABLE halls_party (id integer primary key)",
            "CREATE TABLE alembic_version_hall (version_num varchar(32))",
            "INSERT INTO hall_room SELECT 1, max(id) FROM district",
            "INSERT INTO hall_seat VALUES (1, 1, '一号'), (2, 1, '二号')",
            "INSERT INTO alembic_version_hall VALUES ('0001')",
            *GUARDS[connection.dialect.name],
        ):
            connection.execute(text(line))
    with everything(), transaction():
        now, where = clock.now(), {"district_id": here.id}
        session.add(PluginSwitch(**where, plugin="hall", on=False, changed_at=now))
        session.add(SettingValue(**where, key="hall.days", value=3, changed_at=now))
        session.add(SettingValue(**where, key="halls.days", value=3, changed_at=now))
        session.add(RolePermission(**where, role="desk", permission="hall.read", allowed=True))
        session.add(JobRow(name="hall.clear", payload={}, not_before=now, created_at=now))
    session.remove()
    return here


def purge(app: Flask, *words: str, typed: str = "") -> Result:
    obj = ScriptInfo(create_app=lambda: app)
    return CliRunner().invoke(portal, ["plugins", "purge", *words], obj=obj, input=typed)


def tables() -> set[str]:
    session.remove()
    return {name for name in inspect(database.db.engine).get_table_names() if name.startswith("hall")}


def beside() -> list[int]:
    """Count what lies in tables of the core: switches, settings (two owners), permissions, jobs."""
    with everything():
        asked = (PluginSwitch, SettingValue, RolePermission, JobRow)
        found = [session.scalar(select(func.count()).select_from(model)) or 0 for model in asked]
    session.remove()
    return found


def test_it_shows_asks_twice_exports_and_removes_all_of_it(place: Any, app: Flask):
    before = beside()
    done = purge(app, "hall", typed="hall\n3\n")
    assert done.exit_code == 0, done.output
    assert "not installed" in done.output and "3 rows in 2 tables are gone" in done.output
    assert "hall_seat" in done.output.split("type the plugin's name")[0]
    assert tables() == {"halls_party"}
    assert [a - b for a, b in zip(before, beside(), strict=True)] == [1, 1, 1, 1]
    (written,) = (Path(app.config["DATA_DIR"]) / "purged").glob("hall-*.jsonl")
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    rows = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    assert {"table": "hall_seat", "row": {"id": 2, "room": 1, "name": "二号"}} in rows and len(rows) == 3
    with everything():
        (trail,) = audit.history(subject=("plugin", "hall"))
    assert trail.action == "plugin.purge" and trail.detail["rows"] == 3
    assert not audit.verify().problems
    again = purge(app, "hall", typed="hall\n0\n")
    assert again.exit_code == 1 and "nothing here is called 'hall'" in again.output


@pytest.mark.parametrize("typed", ["", "hal\n3\n", "hall\n2\n", "hall\n\n", "yes\nyes\n"])
def test_anything_but_the_name_and_the_number_removes_nothing(place: Any, app: Flask, typed: str):
    before = beside()
    done = purge(app, "hall", "--no-export", typed=typed)
    assert done.exit_code == 1
    assert tables() >= TABLES and beside() == before


def test_a_script_names_the_number(place: Any, app: Flask, tmp_path: Path):
    assert purge(app, "hall", "--yes").exit_code == 2
    assert purge(app, "hall", "--i-know-rows", "3").exit_code == 2
    wrong = purge(app, "hall", "--yes", "--i-know-rows", "4")
    assert wrong.exit_code == 1 and "there are 3 rows, not 4" in wrong.output and tables() >= TABLES
    there = tmp_path / "rows.jsonl"
    there.write_text("somebody's")
    taken = purge(app, "hall", "--yes", "--i-know-rows", "3", "--export", str(there))
    assert taken.exit_code == 1 and there.read_text() == "somebody's" and tables() >= TABLES
    assert purge(app, "hall", "--yes", "--i-know-rows", "3", "--no-export").exit_code == 0
    assert tables() == {"halls_party"}


def refused(app: Flask, slug: str, word: str) -> bool:
    done = purge(app, slug, "--yes", "--i-know-rows", "3", "--no-export")
    assert done.exit_code == 1 and word in done.output, done.output
    return tables() >= TABLES


def test_it_is_refused_while_it_is_on_anywhere(place: Any, app: Flask):
    with everything(), transaction():
        row = session.scalars(select(PluginSwitch).where(PluginSwitch.plugin == "hall")).one()
        row.on = True
    assert refused(app, "hall", f"portal plugins off hall --district {place.code} --lock")
    # One that is on by itself is on wherever nobody said otherwise.
    assert refused(app, "dues", f"dues is on in {place.code}")


def test_it_is_refused_where_money_went_through_it(place: Any, world: World, app: Flask):
    with world.writing(place), transaction():
        ledger.open_book(district_id=place.id, purpose="hall")
    assert refused(app, "hall", "books are kept for 15 years")


def test_it_is_refused_where_nobody_can_tell_whose_a_table_is(place: Any, app: Flask):
    with everything(), as_owner() as connection:
        connection.execute(text("CREATE TABLE alembic_version_hall_b (version_num varchar(32))"))
    assert refused(app, "hall", "have the same beginning")


def test_it_is_refused_while_somebody_else_refers_to_its_tables(place: Any, app: Flask):
    with everything(), as_owner() as connection:
        connection.execute(
            text("CREATE TABLE guest_list (id integer primary key, seat integer references hall_seat(id))")
        )
    assert refused(app, "hall", "guest_list refer to its tables")


@pytest.mark.parametrize(
    "slug", ["core", "member", "nothing", "hall_", "HALL", "x'; drop table member; --", "%"]
)
def test_what_is_no_plugin_is_not_purged(place: Any, app: Flask, slug: str):
    assert refused(app, slug, "nothing here is called")
    assert "member" in inspect(database.db.engine).get_table_names()


def test_a_failure_in_the_middle_leaves_all_of_it(place: Any, app: Flask, monkeypatch: pytest.MonkeyPatch):
    before = beside()
    really = leaving.drop

    def half(*given: Any) -> None:
        really(*given)
        raise purging.Refused("the light went out")

    monkeypatch.setattr(leaving, "drop", half)
    assert refused(app, "hall", "the light went out")
    assert beside() == before
    with everything():
        assert audit.history(subject=("plugin", "hall")) == []


def test_what_it_had_to_be_claimed_goes_with_it_and_nobody_else_s(place: Any, world: World, app: Flask):
    with world.writing(place), transaction():
        mine, other = (
            claims.make_unit(district_id=place.id, owner=owner, label="一室") for owner in ("hall", "halls")
        )
        for unit, holder in ((mine, "hall.seat"), (other, "halls.party")):
            wanted = [claims.Want(unit_id=unit.id, span=range(10, 12))]
            claims.reserve(claims.Holder(holder, 1), wanted, district_id=place.id)
        kept = other.id
    done = purge(app, "hall", typed="hall\n6\n")
    assert done.exit_code == 0, done.output
    assert "claim_unit" in done.output and "6 rows in 2 tables are gone" in done.output
    with everything():
        assert session.scalars(select(claims.ClaimUnit.id)).all() == [kept]
        assert session.scalars(select(claims.Claim.unit_id)).all() == [kept, kept]
    (written,) = (Path(app.config["DATA_DIR"]) / "purged").glob("hall-*.jsonl")
    rows = [json.loads(line)["table"] for line in written.read_text(encoding="utf-8").splitlines()]
    assert sorted(rows) == ["claim", "claim", "claim_unit", "hall_room", "hall_seat", "hall_seat"]
    session.remove()


def test_a_plugin_with_a_year_of_data_goes_and_leaves_what_people_were_told(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
):
    with clock.frozen(date(2026, 3, 11)):
        here = world.district("990107", name="演示区")
        branches = [world.organization(here, office_address=f"测试路{n}号") for n in range(35)]
        people = [world.account(world.member(branches[0])) for _ in range(3)]
        world.account(role="secretary", organization=branches[0])
        for role in ("desk", "district_admin"):
            world.account(role=role, district=here)
        with world.writing(here), transaction():
            bookings_demo.register(world.ref(here), 7)
        with world.writing(here), transaction():
            notices.notify(
                "bookings.booked", account_id=people[0].id, district_id=here.id, dedupe_key="bookings:1",
                params=dict.fromkeys(("room", "when", "date", "time"), "九点"),
            )  # fmt: skip
            session.add(
                JobRow(name="bookings.tick", payload={}, not_before=clock.now(), created_at=clock.now())
            )
            settings = {"key": "bookings.approval", "value": "auto", "changed_at": clock.now()}
            session.add(SettingValue(district_id=here.id, **settings))
        world.switch(here, "bookings", on=False)
        told = len(notices.inbox(people[0].id))
        with everything():
            rows = purging.look("bookings").rows
            assert rows > 1000
        done = purge(app, "bookings", typed=f"bookings\n{rows}\n")
        assert done.exit_code == 0, done.output
        session.remove()
        with everything():
            left = [name for name in inspect(database.db.engine).get_table_names() if "bookings" in name]
            found = (claims.ClaimUnit.id, claims.Claim.id)
            its = (SettingValue.key, JobRow.name, PluginSwitch.plugin, RolePermission.permission)
            counts = [session.scalar(select(func.count(column))) for column in found]
            counts += [
                session.scalar(select(func.count(column)).where(column.startswith("bookings")))
                for column in its
            ]
        assert (left, counts) == ([], [0] * 6) and not audit.verify().problems
        (written,) = (Path(app.config["DATA_DIR"]) / "purged").glob("bookings-*.jsonl")
        assert len(written.read_text(encoding="utf-8").splitlines()) == rows
        # Without its code: what was told stays, what was still to go out ends.
        monkeypatch.delitem(templates._declared, "bookings.booked")
        run_due()
        session.remove()
        with everything():
            assert told == len(notices.inbox(people[0].id)) > 0
            sent = select(Delivery.state, Delivery.reason, Delivery.params_sealed)
            its_own = sent.where(Delivery.template == "bookings.booked", Delivery.account_id == people[0].id)
            assert session.execute(its_own).all() == [("failed", "its plugin is gone", None)]
