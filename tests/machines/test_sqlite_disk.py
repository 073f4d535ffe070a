"""One server with SQLite, whose disk is full to the last byte and then has room again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.machines.disk import disk
from tests.machines.installation import Installation, people
from tests.machines.places import until
from tests.machines.single import Single, hidden

pytestmark = [pytest.mark.hard, pytest.mark.machines, pytest.mark.xdist_group("machines")]


def test_a_full_disk_under_sqlite(single: Single, tmp_path: Path):
    with disk(tmp_path / "disk", megabytes=200) as room:
        if not room.real:
            pytest.skip("A FULL DISK WAS NOT TRIED: no small one can be mounted here")
        house = Installation(room.folder, public_url="http://127.0.0.1:8000")
        code, cookies = people(house, single.channel, count=1)
        web = house.web(single.lan.place("sqlite"))
        web.wait()
        alone = Single(single.lan, house, single.database, room, single.channel, web, code, cookies)
        try:
            form = alone.form()
            room.fill()
            until(lambda: alone.readyz().startswith("not ready: "), seconds=10, what="not ready")
            said = alone.readyz()
            assert said in ("not ready: disk full", "not ready: database full"), said
            assert web.status("/healthz") == 200
            for number in range(60):  # what still fits is taken
                sent = {**form, "text": "满" * 900, "_once": f"{form['_once'][:12]}{number:04d}"}
                answer = alone.ask("me/privacy/ask/correction", **sent)
                if answer.status_code != 303:
                    break
            assert answer.status_code == 503, (answer.status_code, answer.text[:300])
            assert hidden(answer.text) == sent and "再试一次" in answer.text
            assert alone.ask("me/privacy").status_code == 200, "what only looks goes on"
            room.free()
            gone = time.monotonic()
            until(lambda: alone.readyz() == "ready", seconds=10, what="ready")
            healed = time.monotonic() - gone
            for _ in range(2):
                assert alone.ask("me/privacy/ask/correction", **sent).status_code == 303
            assert web.process.poll() is None
            for words in (("ledger", "verify"), ("audit", "verify")):
                assert house.command(*words).returncode == 0
            print(f"\nfull disk under SQLite: healed after {healed:.1f} s")
        finally:
            web.place.kill()
