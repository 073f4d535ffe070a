"""Keys: every sealed column is known, rotation loses nothing and is resumed, loss is said in words."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import Column, LargeBinary, MetaData, Table, update

from portal import crypto, keys
from portal.cli import group
from portal.config import ROOT
from portal.database import Model, everything, session, transaction
from portal.districts import queries
from portal.districts import settings as district_settings
from portal.keys.indexes import elsewhere, indexes
from portal.keys.sealed import sealed_columns
from portal.members.models import Member
from portal.members.sealed import sealed_columns as member_columns
from portal.testing import World
from tests.guards.town import Town

#: Bytes that are not sealed: what a channel sent, and the public half of a passkey, which opens nothing.
PLAIN_BYTES = {"payment_inbox.body", "passkey.public_key"}
#: Sealed and kept in no table: a number in an address of the desk's, which is asked for anew without its key.
KEPT_NOWHERE = {"desk.searched"}


def test_every_sealed_column_of_core_and_plugins_is_known(app: Flask):
    """By its name, and the place it is sealed under is the one the code writes."""
    known = {one.name: one for one in sealed_columns()}
    binary = {
        f"{table.name}.{column.name}"
        for table in Model.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert binary - set(known) <= PLAIN_BYTES, "bytes without a name that says sealed"
    for one in known.values():
        otherwise = one.column.info.get("sealed_by") or one.table.name == "setting"
        assert "uid" in one.table.c or otherwise, one.name
        assert one.table.c.id.primary_key
    places = {one.place for one in known.values()}
    for place, where in written_places():
        if place in KEPT_NOWHERE:
            continue
        assert place in places or any(re.fullmatch(place, one) for one in places), f"{where}: {place}"


def written_places() -> list[tuple[str, str]]:
    """Return what every call of ``encrypt`` in the code names as its place; an f-string as a pattern."""
    found = []
    for folder in ("portal", "plugins"):
        for path in (ROOT / folder).rglob("*.py"):
            if "tests" in path.parts or path.name == "crypto.py" or path.parts[-2] == "keys":
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {
                target.id: node.value.value
                for node in tree.body
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in {"crypto.encrypt", "encrypt"}:
                    found.append((_text(node.args[0], names), str(path.relative_to(ROOT))))
    assert len(found) > 15
    return found


def _text(node: ast.expr, names: dict[str, Any]) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else r"[a-z_]+" for p in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else str(names[ast.unparse(node)])


def test_a_new_column_of_a_plugin_cannot_be_forgotten(app: Flask, monkeypatch: pytest.MonkeyPatch):
    metadata = MetaData()
    Table("novel_letter", metadata, Column("id"), Column("uid"), Column("text_sealed", LargeBinary))
    monkeypatch.setattr(Model, "metadata", metadata)
    assert [one.place for one in sealed_columns()] == ["novel_letter.text_sealed", "setting.value"]


def test_every_blind_index_can_be_made_again_or_says_why_not(app: Flask):
    lost = {f"{table.name}.{column.name}" for table, column, source in indexes() if source is None}
    assert lost <= set(elsewhere()), lost - set(elsewhere())


def ring(*names: str, index: str = "i") -> crypto.Keyring:
    made = {one: one.encode().ljust(32, b".") for one in names}
    return crypto.Keyring(made, index.encode().ljust(32, b"."))


@pytest.fixture
def sealed(app: Flask, world: World) -> World:
    """A district with sealed rows of several kinds, all under k1: fields, a secret setting, a plain one."""
    app.extensions["portal.crypto"] = ring("k1")
    place = world.district("999901")
    branch = world.organization(place, name="甲党支部")
    for name in ("赵测试", "钱试验", "孙检验"):
        world.account(world.member(branch, name=name))
    declared = district_settings.declared()
    secret = next(key for key, one in declared.items() if one.secret)
    plain = next(key for key, one in declared.items() if one.type is str and not one.secret)
    with world.writing(place):
        district_settings.put(place.id, secret, "机密", by=None)
        district_settings.put(place.id, plain, "0011223344556677889900", by=None)
    session.commit()
    return world


def everything_opened() -> list[str]:
    with everything():
        return sorted(
            f"{one.name} {crypto.decrypt(one.place, one.uid(row), blob)}"
            for one in sealed_columns()
            for row, blob in one.rows()
        )


def test_rotation_loses_nothing_and_leaves_nothing_behind(app: Flask, sealed: World):
    before = everything_opened()
    assert any(line.startswith("setting.value") for line in before) and len(before) >= 7
    app.extensions["portal.crypto"] = ring("k2", "k1")
    found = keys.rotate()
    assert (found.done, found.broken) == (len(before), 0)
    assert set(keys.count_by_key()) == {"k2"} and keys.unreadable("k1") == {}
    app.extensions["portal.crypto"] = ring("k2")
    assert everything_opened() == before
    assert keys.rotate().done == 0, "again changes nothing"


def test_every_row_of_a_whole_town_is_sealed_anew(app: Flask, world: World):
    """Every kind of record the route walk makes, the plugins' own included."""
    Town(world, app)
    (old,) = crypto.keyring().field_keys.items()
    before = everything_opened()
    app.extensions["portal.crypto"] = crypto.Keyring(
        {"new": os.urandom(32), old[0]: old[1]}, crypto.keyring().index_key
    )
    assert keys.rotate().broken == 0 and set(keys.count_by_key()) == {"new"}
    assert everything_opened() == before


def test_a_value_changed_meanwhile_is_not_overwritten(
    app: Flask, sealed: World, monkeypatch: pytest.MonkeyPatch
):
    """Between reading and writing a row, somebody writes another number."""
    app.extensions["portal.crypto"] = ring("k2", "k1")
    real, done = crypto.Keyring.decrypt, []

    def meanwhile(self: crypto.Keyring, place: str, uid: str, blob: bytes) -> str:
        if place == "member.phone_sealed" and not done:
            done.append(uid)
            new = self.encrypt(place, uid, "10099999999")
            session.execute(update(Member).where(Member.uid == uid).values(phone_sealed=new))
        return real(self, place, uid, blob)

    monkeypatch.setattr(crypto.Keyring, "decrypt", meanwhile)
    keys.rotate()
    monkeypatch.setattr(crypto.Keyring, "decrypt", real)
    assert any("10099999999" in line for line in everything_opened())


def test_an_altered_value_is_counted_and_left(app: Flask, sealed: World):
    with everything(), transaction():
        member = session.query(Member).first()
        assert member is not None and member.phone_sealed is not None
        member.phone_sealed = member.phone_sealed[:-1] + bytes([member.phone_sealed[-1] ^ 1])
    app.extensions["portal.crypto"] = ring("k2", "k1")
    assert keys.rotate().broken == 1 and sum(keys.unreadable("k1").values()) == 1


def test_without_its_key_pages_open_and_say_so(app: Flask, sealed: World):
    with everything():
        member = session.query(Member).first()
        assert member is not None
    browser = sealed.browser(sealed.account(role="registrar", district=queries.by_code("999901")))
    app.extensions["portal.crypto"] = ring("k2")
    for path in ("/d/999901/desk/members", f"/d/999901/desk/members/{member.id}", "/d/999901/"):
        page = browser.get(path)
        assert page.status_code == 200, path
    assert sum(keys.unreadable("k1").values()) >= 7


def test_indexes_are_made_again_under_a_new_index_key(app: Flask, sealed: World):
    from portal.identity import accounts

    with everything():
        phone = everything_opened()[0].split()[-1]
        assert accounts.find(phone)
    app.extensions["portal.crypto"] = ring("k1", index="other")
    with everything():
        assert not accounts.find(phone)
    found = keys.reindex()
    assert found.written["account.phone_index"] == 3 and found.written["member.phone_index"] == 3
    with everything():
        assert accounts.find(phone)


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from tests.cli.test_init import WORDS, init

    assert init(tmp_path, *WORDS).returncode == 0
    monkeypatch.setenv("PORTAL_CONFIG", str(tmp_path / "portal.toml"))
    return tmp_path


def command(*words: str) -> Result:
    return CliRunner().invoke(group.portal, ["keys", *words])


def names(place: Path) -> list[str]:
    text = tomllib.loads((place / "portal.toml").read_text())["field_keys"]
    return [part.split(":")[0] for part in text.split(",")]


def test_the_whole_life_of_a_key_from_the_command_line(installation: Path):
    settings = installation / "portal.toml"
    refused = command("retire", "k1")
    assert refused.exit_code == 1 and "portal keys add" in refused.output
    first = settings.read_text()
    assert command("add").exit_code == 0 and names(installation) == ["k1", "k2"]
    assert settings.stat().st_mode & 0o777 == 0o600
    refused = command("retire", "k1")
    assert refused.exit_code == 1
    environment = {**os.environ, "PORTAL_FAILPOINT": "keys.batch"}
    killed = subprocess.run(
        [sys.executable, "-m", "portal", "keys", "rotate"], cwd=ROOT, env=environment, timeout=60, check=False
    )
    assert killed.returncode == -9 and names(installation) == ["k2", "k1"]
    done = command("rotate", "--resume")
    assert done.exit_code == 0 and "everything is sealed under k2" in done.output, done.output
    assert names(installation) == ["k2", "k1"], "going on changes no order"
    retired = command("retire", "k1")
    assert retired.exit_code == 0 and names(installation) == ["k2"]
    listed = command("list").stdout
    assert listed.startswith("k2") and "MISSING" not in listed
    for secret in (one.split(":")[1] for one in tomllib.loads(first)["field_keys"].split(",")):
        assert secret not in listed + done.output + retired.output
    # The key is lost: somebody put an old file back.
    shutil.copy(settings, installation / "kept")
    settings.write_text(first)
    said = command("lost", "k2")
    assert said.exit_code == 0 and "cannot be read" in said.output and "account.phone_sealed" in said.output
    assert tomllib.loads(settings.read_text())["lost_keys"] == "k2"
    assert "MISSING" in command("list").stdout
    refused = command("lost", "k1")
    assert refused.exit_code == 1 and "not lost" in refused.output


def test_keys_of_the_environment_are_changed_where_they_are_set(
    installation: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = tomllib.loads((installation / "portal.toml").read_text())
    monkeypatch.setenv("PORTAL_FIELD_KEYS", settings["field_keys"])
    refused = command("add")
    assert refused.exit_code == 2 and "environment" in refused.output
    assert names(installation) == ["k1"]


def test_a_sealed_member_column_is_one_of_the_registry(app: Flask):
    written = member_columns("u" * 26, {"phone": "1", "landline": "2", "address": "3"}, keep_ric=False)
    registered = {one.column.name for one in sealed_columns() if one.table.name == "member"}
    assert {name for name in written if name.endswith("_sealed")} <= registered
