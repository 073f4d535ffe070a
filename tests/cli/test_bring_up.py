"""A real installation from the command line: first district, first administrator, roles of a branch."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from portal import clock, database
from portal.app import create_app
from portal.audit.models import AuditRow
from portal.cli import group
from portal.database import everything, session
from portal.identity.models import Account, Grant
from portal.testing import Browser, World, settings
from tests.cli.test_commands import portal
from tests.cli.test_init import go_on

ADMIN = ("--name", "骆测安", "--phone", "10000000001")


def run(*words: str, typed: str | None = None) -> Result:
    """Run one command in this process, on the application that is open."""
    session.remove()
    return CliRunner().invoke(group.portal, words, input=typed)


def grant(who: str, role: str, *more: str) -> Result:
    return run("roles", "grant", "--account", who, "--role", role, "--district", "999901", *more)


def test_an_empty_installation_gets_its_first_district_and_administrator(tmp_path: Path):
    """As a deployer does it, each command a process of its own; then the administrator opens a page."""
    for words in (
        ("db", "upgrade"),
        ("district", "add", "999901", "试验县", "--kind", "county"),
        ("account", "add", *ADMIN, "--username", "admin"),
        ("roles", "grant", "--account", "10000000001", "--role", "district_admin", "--district", "999901"),
    ):
        done = portal(tmp_path, *words)
        assert done.returncode == 0, done.stderr
    assert done.stdout == "district_admin of 骆测安 at 试验县: given\n"
    app = create_app(settings(tmp_path))
    app.test_client_class = Browser
    with app.app_context():
        park = ("district", "add", "999901-kfq", "试验开发区", "--kind", "park", "--parent", "999901")
        assert run(*park).exit_code == 0
        again = run("district", "add", "999901", "试验县", "--kind", "county")
        assert (again.exit_code, again.stdout) == (0, "999901 试验县: known already\n")
        listed = run("district", "list").stdout
        assert listed == "999901 试验县 (county)\n  999901-kfq 试验开发区 (park)\n"
        again = run("account", "add", *ADMIN, "--username", "admin")
        assert again.exit_code == 0 and again.stdout.endswith(" 骆测安 100****0001: known already\n")
        assert grant("admin", "district_admin").stdout.endswith(": held already\n")
        with everything():
            account = session.scalars(select(Account)).one()
            acts = session.scalars(select(AuditRow.action).order_by(AuditRow.id)).all()
        assert acts == ["district.add", "account.open", "role.give", "district.add"], "each once"
        admin = World(app).browser(account)
        go_on(admin, "999901")
        for code in ("999901", "999901-kfq"):
            page = admin.get(f"/d/{code}/admin/plugins")
            assert page.status_code == 200
        session.remove()
        database.db.engine.dispose()


@pytest.fixture
def town(world: World):
    """A district with a branch, its member with an account, and somebody without a record."""
    district = world.district("999901")
    branch = world.organization(district, name="甲党支部")
    member = world.account(world.member(branch, name="钱书记"), username="qian")
    world.account(username="clerk")
    session.commit()
    return world, member


def grants() -> list[tuple[str, str, str | None]]:
    session.remove()
    with everything():
        found = session.scalars(select(Grant).order_by(Grant.id)).all()
        return [(g.role, g.valid_from.isoformat(), g.valid_to and g.valid_to.isoformat()) for g in found]


def test_a_branch_s_office_is_given_listed_and_ended(town):
    world, member = town
    today, tomorrow = clock.today(), clock.today() + timedelta(days=1)
    browser = world.browser(member)
    at_branch = ("--organization", "甲党支部", "--until", tomorrow.isoformat(), "--by", "clerk")
    for said in ("given", "held already"):
        done = grant("qian", "secretary", *at_branch)
        assert (done.exit_code, done.stdout) == (0, f"secretary of 钱书记 at 甲党支部: {said}\n"), done.stderr
    assert grants() == [("secretary", today.isoformat(), (today + timedelta(days=2)).isoformat())]
    assert browser.get("/d/999901/desk/members").status_code in (302, 303), "a role ends old sessions"
    assert world.browser(member).get("/d/999901/desk/members").status_code == 200
    listed = json.loads(run("roles", "list", "--district", "999901", "--json").stdout)
    assert [(one["role"], one["organization"], one["until"]) for one in listed] == [
        ("secretary", "甲党支部", tomorrow.isoformat())
    ]
    assert "****" in listed[0]["phone"]
    refused = grant("qian", "secretary", "--organization", "甲党支部")
    assert refused.exit_code == 1 and "end that first" in refused.stderr
    end = ("roles", "end", "--account", "qian", "--role", "secretary", "--district", "999901")
    for said in ("ends", "not held"):
        done = run(*end, "--organization", "甲党支部")
        assert (done.exit_code, done.stdout) == (0, f"secretary of 钱书记 at 甲党支部: {said}\n")
    assert world.browser(member).get("/d/999901/desk/members").status_code == 404
    with everything():
        acts = select(AuditRow.action, AuditRow.actor_id).where(AuditRow.action.startswith("role."))
        assert [row.action for row in session.execute(acts.order_by(AuditRow.id))] == [
            "role.give",
            "role.end",
        ]


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("clerk", "secretary", "--organization", "甲党支部"), 1, "full member"),
        (("qian", "secretary"), 1, "--organization"),
        (("clerk", "desk", "--organization", "甲党支部"), 1, "--organization"),
        (("clerk", "desk", "--by", "clerk"), 1, "own role"),
        (("clerk", "desk", "--until", "2020-01-01"), 1, "last day"),
        (("nobody", "desk"), 2, "portal account add"),
        (("clerk", "member"), 2, "Invalid value"),
        (("qian", "secretary", "--organization", "乙党支部"), 2, "no organization"),
        (("clerk", "desk", "--from", "tomorrow"), 2, "Invalid value"),
    ],
)
def test_a_role_that_cannot_be_is_refused_in_words(town, words: tuple[str, ...], code: int, why: str):
    found = grant(*words)
    assert found.exit_code == code and why in found.stderr and "Traceback" not in found.stderr
    assert grants() == []


def test_a_shared_number_is_asked_about(town):
    world, member = town
    phone = "10000000077"
    world.account(username="zhao", phone=phone)
    world.account(username="sun", phone=phone)
    found = grant(phone, "desk")
    assert found.exit_code == 2 and "zhao" in found.stderr and "several share" in found.stderr


def test_a_role_that_began_today_and_ends_today_leaves_the_trail_alone(town):
    assert grant("clerk", "desk").exit_code == 0
    done = run("roles", "end", "--account", "clerk", "--role", "desk", "--district", "999901")
    assert done.stdout.endswith("ends\n") and grants() == []


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--name", "骆", "--phone", "10000000001"), 1, "name"),
        (("--name", "骆测安", "--phone", "12345"), 1, "11 digits"),
        (("--name", "骆测安", "--phone", "10000000001", "--username", "A b"), 1, "small letters"),
        (("--name", "骆测安", "--phone", "10000000001", "--username", "qian"), 1, "another account"),
        (("--phone", "10000000001"), 2, "Missing option"),
    ],
)
def test_an_account_that_cannot_be_is_refused_in_words(town, words: tuple[str, ...], code: int, why: str):
    found = run("account", "add", *words)
    assert found.exit_code == code and why in found.stderr and "Traceback" not in found.stderr


def test_a_first_password_comes_from_standard_input_and_must_be_a_good_one(town):
    from portal.identity import passwords

    add = ("account", "add", *ADMIN, "--username", "admin", "--password-stdin")
    for typed in ("1234567890", "short", "我的admin密码一二三四"):
        refused = run(*add, typed=f"{typed}\n")
        assert refused.exit_code == 1 and "password" in refused.stderr, typed
    assert run(*add, typed="梧桐树下的第三把椅子\n").exit_code == 0
    assert passwords.verify("admin", "梧桐树下的第三把椅子") is not None


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("99 99", "试验县", "--kind", "county"), 2, "no code"),
        (("999902", "县", "--kind", "county"), 2, "2 to 80"),
        (("999902", "试验县", "--kind", "village"), 2, "Invalid value"),
        (("999902", "试验县", "--kind", "county", "--parent", "990000"), 2, "no district"),
        (("999901", "别的县", "--kind", "county"), 1, "there already"),
    ],
)
def test_a_district_that_cannot_be_is_refused_in_words(town, words: tuple[str, ...], code: int, why: str):
    found = run("district", "add", *words)
    assert found.exit_code == code and why in found.stderr and "Traceback" not in found.stderr
