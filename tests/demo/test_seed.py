"""``portal demo seed``: what SQL wrote is what the verbs would have written, once, and in a demo only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.app import create_app
from portal.config import ROOT
from portal.database import db, everything, session
from portal.demo import codes, large, lock, merchants
from portal.demo.installation import prepare
from portal.demo.place import Place
from portal.districts.models import District
from portal.identity.models import Account
from portal.members.models import Affiliation, Member, Person, StatusEvent
from portal.organizations import search
from portal.organizations.find import find
from portal.organizations.models import (
    BRANCH_KINDS,
    Organization,
    OrganizationParent,
    ServiceCenter,
    Unit,
    UnitCoverage,
)
from portal.organizations.names import initials, sort_key
from portal.organizations.search_models import SearchEntry
from portal.payments.models import MerchantAccount
from portal.testing import Browser, World, postgresql

from .seeded import SIZE, check_amounts, check_dues, count, seeded


def check_counts(size: large.Size) -> None:
    """Compare what is there with what was asked for, to the row."""
    places, general = size.districts, size.districts * size.general
    branches = size.organizations - places - general
    assert count(District, District.kind == "county") == count(ServiceCenter) == places
    assert count(Organization) == count(OrganizationParent) == size.organizations
    assert count(Organization, Organization.kind == "general_branch") == general
    assert count(Unit) == count(UnitCoverage) == branches
    for model in (Person, Member, Affiliation, StatusEvent):
        assert count(model) == size.members
    assert count(SearchEntry) == count(District) + size.organizations + branches
    # Everybody belongs to a living branch of the own district, and no branch is empty.
    home = select(Member.id).join(
        Organization,
        (Organization.id == Member.organization_id) & (Organization.district_id == Member.district_id),
    )
    at_home = home.where(Organization.kind.in_(BRANCH_KINDS)).subquery()
    assert int(session.scalar(select(func.count()).select_from(at_home)) or 0) == size.members
    assert session.scalar(select(func.count(Member.organization_id.distinct()))) == branches
    assert count(Member, Member.phone_index.is_not(None)) == count(Person, Person.ric_index.is_not(None)) > 0


def check_keys(step: int) -> None:
    """Compare every ``step``-th row that SQL wrote with what the functions say of it."""
    paths = {one.id: one.path for one in session.scalars(select(District))}
    for kind, model in (("organization", Organization), ("unit", Unit)):
        looked = 0
        for one in session.scalars(select(model).where(model.id % step == 0)):
            (wanted,) = search._entries(one, paths[one.district_id])
            entry = session.execute(
                select(SearchEntry).where(SearchEntry.kind == kind, SearchEntry.entity_id == one.id)
            ).scalar_one()
            assert {name: getattr(entry, name) for name in wanted} == wanted
            assert one.sort_key == wanted["sort_key"]
            if isinstance(one, Unit):
                assert one.uscc is not None
                assert codes.uscc(int(one.uscc[8:16]), kind="91") == one.uscc
            looked += 1
        assert looked > 5
    for who in session.scalars(select(Member).where(Member.id % step == 0)):
        assert who.sort_key == sort_key(who.name, person=True)
        assert who.initials == initials(who.name, person=True)
        assert who.joined_on is None or who.birth_date is not None and who.birth_date < who.joined_on
        assert who.joined_on is None or who.joined_on <= clock.today()


def check_tree() -> None:
    """Follow every path: its end is the organization, before that its parent's path, of the same district."""
    every = {one.id: one for one in session.scalars(select(Organization))}
    for one in every.values():
        above = every.get(one.parent_id or 0)
        assert one.path == f"{above.path if above else '/'}{one.id}/"
        assert above is None or above.district_id == one.district_id
        assert (above is None) == (one.kind == "committee")


def test_as_many_as_were_asked_for_and_all_of_it_fits(full: Flask):
    check_counts(SIZE)
    check_tree()
    check_keys(7)


def test_names_are_unique_and_codes_too(full: Flask):
    for column in (Unit.uscc, Member.uid, District.code):
        assert session.scalar(select(func.count(column.distinct()))) == session.scalar(
            select(func.count(column))
        )


def check_pages(app: Flask) -> None:
    """Open what people open: the search, the statement, the branch's month, the register, the board."""
    unit = session.scalars(select(Unit).order_by(Unit.id)).first()
    assert unit is not None and unit.uscc is not None
    pinyin = unit.sort_key.replace(" ", "")
    for typed in (unit.name[:4], pinyin[:12], unit.uscc, unit.name):
        assert f"{unit.name}党支部" in [line.name for line in find(typed).lines], typed
    code = session.scalars(
        select(District.code).where(District.kind == "county").order_by(District.id)
    ).first()
    name, world = session.scalars(select(Member.name).order_by(Member.id)).first(), World(app)
    for key, path, words in (
        ("member", f"/d/{code}/", "党费"),
        ("member", f"/d/{code}/dues/", "元"),
        ("secretary", f"/d/{code}/dues/branch", name),
        ("desk", f"/d/{code}/desk/members?q=li", "党员名册"),
        ("deployer", f"/d/{large.ROOT}00/admin/plugins", "松岭区"),
    ):
        account = session.execute(select(Account).where(Account.username == key)).scalar_one()
        answer = postgresql.before_the_wall(world.browser(account).get, path)
        assert answer.status_code == 200 and words in answer.text, (key, path)


def test_what_people_open_opens(full: Flask):
    check_pages(full)


def test_an_interruption_leaves_nothing_and_the_same_begins_anew(app: Flask, tmp_path: Path):
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if "affiliations" in line:
            raise KeyboardInterrupt

    (tmp_path / "here").mkdir()
    with pytest.raises(KeyboardInterrupt):
        large.seed(SIZE, Place(tmp_path / "here"), say=say)
    assert len(said) > 5
    with everything():
        for model in (District, Organization, Person, Member, Account, SearchEntry):
            assert count(model) == 0
        session.remove()
    assert not Place(tmp_path / "here").accounts.exists()
    seeded(tmp_path / "here")
    with everything():
        check_counts(SIZE)


def test_twice_is_refused_and_changes_nothing(full: Flask, tmp_path: Path):
    kept = Place(tmp_path / "here").accounts.read_text()
    with pytest.raises(large.NotEmpty):
        seeded(tmp_path / "here")
    check_counts(SIZE)
    assert Place(tmp_path / "here").accounts.read_text() == kept


def test_the_simulator_s_merchants_find_no_district_and_nothing_breaks(full: Flask, tmp_path: Path):
    here = Place(tmp_path / "here")
    here.simulator.mkdir()
    facts = [{"slug": slug, "provider": "wechatpay"} for slug in merchants.payees()]
    assert facts
    (here.simulator / "merchants.json").write_text(json.dumps(facts))
    merchants.connect(here)
    assert count(MerchantAccount) == 0


def test_where_somebody_has_an_account_it_is_refused(app: Flask, world: World, tmp_path: Path):
    world.account()
    with pytest.raises(large.NotEmpty):
        seeded(tmp_path / "here")
    with everything():
        assert count(District) == 0


def environment(folder: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return {**clean, "PORTAL_DATA": str(folder), **postgresql.environment(folder)}


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portal", "demo", *words],
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_a_real_installation_is_refused_in_words(tmp_path: Path):
    folder = tmp_path / "real"
    prepare(Place(folder))
    settings = Place(folder).settings
    settings.write_text(settings.read_text().replace("demo = true", "demo = false"))
    done = command(folder, "seed", "--members", "100", "--organizations", "10")
    assert not (folder / "running").exists()
    assert (
        done.returncode == 1
        and "is not a demo's" in done.stdout + done.stderr
        and "nothing was written" in done.stdout + done.stderr
    )


def test_a_folder_with_somebody_s_database_is_refused_and_left_alone(tmp_path: Path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "portal.db").write_bytes(b"theirs")
    done = command(folder, "seed", "--members", "100", "--organizations", "10")
    assert done.returncode == 1 and "holds no demo" in done.stderr
    assert not Place(folder).settings.exists() and (folder / "portal.db").read_bytes() == b"theirs"


def test_a_running_demo_and_senseless_numbers_are_refused_in_words(tmp_path: Path):
    folder = tmp_path / "demo"
    few = command(folder, "seed", "--members", "100", "--organizations", "200")
    assert few.returncode == 2 and "--members is less than --organizations" in few.stdout + few.stderr
    folder.mkdir(exist_ok=True)
    with lock.held(Place(folder)):
        busy = command(folder, "seed", "--members", "100", "--organizations", "10")
    assert busy.returncode == 1 and "is running already" in busy.stdout + busy.stderr


@pytest.mark.hard
def test_twenty_thousand_by_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder, size = tmp_path / "demo", large.Size(members=20_000, organizations=2_000)
    words = ("seed", "--members", str(size.members), "--organizations", str(size.organizations))
    done = command(folder, *words)
    assert done.returncode == 0, done.stderr
    assert "members" in done.stdout + done.stderr and "portal demo accounts" in done.stdout + done.stderr
    again = command(folder, *words)
    assert again.returncode == 1 and "portal demo reset" in again.stdout + again.stderr
    other = command(folder, "load")
    assert other.returncode == 1 and "filled by portal demo seed" in other.stdout + other.stderr
    assert {one["key"] for one in json.loads(command(folder, "accounts", "--json").stdout)} == {
        "member", "secretary", "collector", "desk", "treasurer", "admin", "deployer",
    }  # fmt: skip
    for variable, value in environment(folder).items():
        if variable.startswith("PORTAL_"):
            monkeypatch.setenv(variable, value)
    monkeypatch.setenv("PORTAL_CONFIG", str(Place(folder).settings))
    app = create_app()
    app.test_client_class = Browser
    with app.app_context():
        with everything():
            check_counts(size)
            check_keys(101)
            check_tree()
            check_pages(app)
            check_dues()
            check_amounts(101)
            session.remove()
        db.engine.dispose()
