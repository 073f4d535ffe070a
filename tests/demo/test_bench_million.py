"""The bench refuses what is above its aim, and fills no house twice; what it measures is its own affair."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import million
from portal.config import ROOT


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Let ``million`` believe that pages cost and years take what it is told; nothing is started."""
    told = {"page": 1.0, "year": 1.0}

    class House:
        def __init__(self, folder: Path, size: tuple[int, int], *, on_postgresql: bool) -> None:
            self.size, self.database, self.port, self.environment = size, "", 0, {}

        def ask(self, verb: str, *_arguments: object) -> dict[str, float]:
            return {"seeded": 1, "month": 1, "obligations": 1, "entries": 1, "megabytes": 1, "rows": 1} | {
                "plain": 1.0,
                "year": told["year"],
            }

    @contextmanager
    def running(_port: int, _environment: object):
        yield 1

    def compared(_page: object, _houses: object, _known: object):
        return SimpleNamespace(least=1.0, middle=1.0), SimpleNamespace(least=told["page"], middle=9.0)

    monkeypatch.setattr(million, "House", House)
    monkeypatch.setattr(million, "running", running)
    monkeypatch.setattr(million, "_compared", compared)
    monkeypatch.setattr(sys, "argv", ["million", "sqlite"])
    return told


@pytest.mark.parametrize(
    ("page", "year", "named"),
    [(1.3, 3.0, ""), (1.301, 3.0, "start page: 1.30"), (1.0, 3.01, "a year's assessment")],
)
def test_what_is_above_its_aim_is_refused(measured, capsys, page, year, named):
    measured.update(page=page, year=year)
    if not named:
        million.main()
        assert "nothing is above its aim" in capsys.readouterr().out
        return
    with pytest.raises(SystemExit) as refused:
        million.main()
    assert named in str(refused.value.code), "a text: the exit code is 1"


@pytest.mark.hard
def test_a_house_is_filled_once_and_every_month_has_its_entry(tmp_path):
    environment = {
        **os.environ,
        "BENCH_HOUSES": str(tmp_path),
        "BENCH_MEMBERS": "1000",
        "BENCH_ORGANIZATIONS": "250",
        "PYTHONPATH": str(ROOT),
    }

    def build() -> str:
        argv = [sys.executable, "-m", "bench.million", "--build", "sqlite"]
        done = subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stderr

    assert "members" in build()
    kept = tmp_path / "sqlite" / "1000-250" / "filled.json"
    filled = json.loads(kept.read_text())
    assert filled["entries"] == filled["obligations"] > 900
    assert build() == "", "nothing is written a second time"
    # Interrupted between the seed and the month: it goes on from there.
    kept.write_text(json.dumps({"seeded": 1.0}))
    assert "members" not in build()
    assert json.loads(kept.read_text())["entries"] == filled["entries"]
