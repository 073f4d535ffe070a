"""Backups: whole while others write, proven, thinned out; damaged ones are named."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from portal import backup, clock
from portal.audit.models import AuditRow
from portal.backup import archive, sealing, sqlite, tables
from portal.database import everything, is_postgresql, session, transaction
from portal.districts import queries
from portal.health import backups as health
from portal.testing import World

# These tests are of SQLite's file: PostgreSQL is dumped by its own program (tests/backup/test_postgresql.py).


@pytest.fixture
def house(app: Flask, world: World) -> Path:
    """An installation with members and two uploaded files."""
    if is_postgresql():
        pytest.skip("the file of SQLite")
    place = world.district("999901")
    branch = world.organization(place, name="甲党支部")
    for name in ("赵测试", "钱试验"):
        world.member(branch, name=name)
    session.commit()
    session.remove()
    data = Path(app.config["DATA_DIR"])
    (data / "uploads").mkdir()
    (data / "uploads" / "一.pdf").write_bytes(os.urandom(70_000))
    (data / "uploads" / "empty").write_bytes(b"")
    (data / "portal.toml").write_text("secret_key = 'no'")
    return data


def test_a_backup_holds_every_row_and_file_and_no_secret(house: Path):
    path, manifest = backup.make()
    assert path.parent == house / "backups" and path.stat().st_mode & 0o777 == 0o600
    assert set(manifest.files) == {"uploads/一.pdf", "uploads/empty"}
    assert manifest.tables["member"][0] == 2
    assert manifest.tables == {**sqlite.digests(house / "portal.db"), **_since(manifest)}
    assert backup.verify(path, key=None) == manifest
    with everything():
        assert "backup.made" in session.scalars(select(AuditRow.action)).all()
        age = health.age()
    assert age is not None and age < timedelta(minutes=1)
    assert [one.name for one in path.parent.iterdir()] == [path.name], "no draft is left"


def _since(manifest: backup.Manifest) -> dict[str, list[object]]:
    # What making a backup writes itself, after its snapshot.
    return {name: manifest.tables[name] for name in ("audit", "heartbeat", "job")}


def test_secrets_go_along_only_when_told(house: Path, tmp_path: Path):
    plain, _ = backup.make()
    with_keys, manifest = backup.make(folder=tmp_path / "other", with_keys=house / "portal.toml")
    assert manifest.with_keys
    for path, expected in ((plain, False), (with_keys, True)):
        into = tmp_path / path.parent.name
        into.mkdir(exist_ok=True)
        archive.read(path, None, into=into / "x")
        assert (into / "x" / "keys" / "portal.toml").exists() is expected


def test_writers_are_not_held_up_and_the_copy_is_one_moment(house: Path, app: Flask, world: World):
    """Each writer adds two rows in one transaction: whatever the moment, their number is even."""
    world.district("999902")
    session.commit()
    stop, written = threading.Event(), []

    def write() -> None:
        with app.app_context(), everything():
            # An object of this thread's own session: the other's may read itself anew at any moment.
            place = queries.by_code("999902")
            assert place is not None
            while not stop.is_set():
                with transaction():
                    for _ in range(2):
                        world.organization(place, name=f"对{len(written)}党支部{clock.now().timestamp()}")
                written.append(1)
            session.remove()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = []
        for number in range(3):
            _, manifest = backup.make(folder=house / f"b{number}")
            counts.append(manifest.tables["organization"][0])
    finally:
        stop.set()
        writer.join()
    assert len(written) > 3, "the writer went on"
    assert len(set(counts)) > 1 and all((count - 1) % 2 == 0 for count in counts)


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
def test_a_file_cut_off_or_changed_anywhere_is_refused(house: Path, app: Flask, sealed: bool):
    key = os.urandom(32) if sealed else None
    app.config["BACKUP_KEY"] = base64.b64encode(key).decode() if key else ""
    path, manifest = backup.make()
    whole = path.read_bytes()
    assert (sealing.is_sealed(path), b"SQLite" in whole) == (sealed, False)
    refused = (backup.Damaged, sealing.WrongKey)
    for cut in (0, 1, 100, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(refused):
            backup.verify(path, key=key)
    found = 0
    places = range(50, len(whole), len(whole) // 7)
    for at in places:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            # A bit of the packing that says the same in other words changes nothing that is brought back.
            assert backup.verify(path, key=key) == manifest and not sealed
        except refused:
            found += 1
    assert found >= len(places) - 1
    path.write_bytes(whole)
    backup.verify(path, key=key)
    if sealed:
        for other in (None, os.urandom(32)):
            with pytest.raises(sealing.WrongKey):
                backup.verify(path, key=other)


def test_pieces_of_a_sealed_file_cannot_be_left_out_or_changed_round(tmp_path: Path):
    key, path = os.urandom(32), tmp_path / "x"
    with path.open("wb") as file:
        sealer = sealing.Sealer(key, file)
        sealer.write(os.urandom(3 * sealing.PIECE))
        sealer.close()
    whole = path.read_bytes()
    head, size = len(sealing.MAGIC) + 16, sealing.PIECE + 16
    pieces = [whole[head + i * size : head + (i + 1) * size] for i in range(3)]
    for order in ((0, 1), (1, 0, 2), (0, 2), (0, 1, 2, 2)):
        path.write_bytes(whole[:head] + b"".join(pieces[i] for i in order))
        with path.open("rb") as file, pytest.raises(sealing.WrongKey):
            sealing.Opener(key, file).read()


def test_a_row_that_is_missing_doubled_or_changed_changes_the_digest():
    rows = [(1, "甲", None), (2, "乙", b"x"), (2, "乙", b"x")]
    own = tables.digest(iter(rows))
    assert own == tables.digest(reversed(rows)) and own[0] == 3
    for other in (
        rows[:2],
        [*rows, rows[0]],
        [(1, "甲", ""), *rows[1:]],
        [(1, "甲", None), rows[1], rows[0]],
    ):
        assert tables.digest(iter(other)) != own
    assert tables.unequal({"a": own, "b": own}, {"a": own, "c": own}) == [
        "table b is missing",
        "table c is too much",
    ]


def test_a_member_that_would_leave_the_folder_is_refused(house: Path, tmp_path: Path):
    outside = tmp_path / "evil"
    with (tmp_path / "bad.tar.gz").open("wb") as file, archive.writing(file, None) as writer:
        writer.add("../evil", house / "portal.toml")
    with pytest.raises(backup.Damaged):
        archive.read(tmp_path / "bad.tar.gz", None, into=tmp_path / "in")
    assert not outside.exists()


def test_the_oldest_go_and_strangers_files_stay(house: Path):
    folder = house / "backups"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with clock.moved(-timedelta(days=3)):
        backup.make()
    with clock.moved(-timedelta(days=2)):
        backup.make()
    newest, _ = backup.make()
    gone = backup.rotate(folder, keep=2)
    assert len(gone) == 1 and len(backup.listed(folder)) == 2 and backup.listed(folder)[0].path == newest
    assert (folder / "notes.txt").exists()


def test_a_full_or_missing_disk_leaves_no_backup_and_says_so(house: Path, monkeypatch: pytest.MonkeyPatch):
    with everything():
        before = health.age()
    (house / "file").write_text("no folder")
    with pytest.raises(backup.BackupFailed, match="file"):
        backup.make(folder=house / "file" / "backups")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sqlite, "snapshot", full)
    with pytest.raises(backup.BackupFailed, match="No space"):
        backup.make()
    assert list((house / "backups").iterdir()) == []
    with everything():
        assert health.age() == before is None


def test_killed_while_writing_leaves_no_backup(house: Path):
    environment = {
        "PORTAL_ENV": "testing",
        "PORTAL_DATA": str(house),
        "PORTAL_TLS": "no",
        "PORTAL_FAILPOINT": "backup.written",
    }
    done = subprocess.run(
        [sys.executable, "-m", "portal", "backup"], env={**os.environ, **environment}, timeout=60, check=False
    )
    assert done.returncode == -9
    assert backup.listed(house / "backups") == []
