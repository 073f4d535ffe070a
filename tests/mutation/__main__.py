"""``python -m tests.mutation [ROOM ...]``: plant what is not yet planted, then write docs/mutation.md."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.mutation import report
from tests.mutation.mutants import sample
from tests.mutation.running import Mapper, Runner

ROOT = Path(__file__).parents[2]
OUT = ROOT / "var" / "mutation"


def main() -> int:
    """Run what is asked for; return a process's exit code."""
    options = _options()
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["portal-mutation"]
    rooms: dict[str, dict[str, Any]] = settings["rooms"]
    if options.report:
        report.write(ROOT, rooms, OUT)
        return 0
    for name in options.rooms or rooms:
        room = rooms[name]
        files = [str(path.relative_to(ROOT)) for given in room["files"] for path in sorted(ROOT.glob(given))]
        files = [file for file in files if file not in room.get("without", ())]
        tests = [*room["tests"], *(f"--deselect={one}" for one in room.get("too_slow", ()))]
        known = OUT / f"{name}.map.json"
        if options.map:
            return _pytest(tests, Mapper(ROOT, files, known))
        if options.anew or not known.exists():
            # In a process of its own: what runs at import runs once.
            subprocess.run([sys.executable, "-m", "tests.mutation", "--map", name], check=False)
        size = room["sample"] if options.sample is None else options.sample
        chosen, counts = sample(ROOT, files, size, seed=settings["seed"])
        # In no order, so that what a run that was stopped has finished is a sample as well.
        random.Random(settings["seed"]).shuffle(chosen)
        results = OUT / f"{name}.jsonl"
        if options.only:
            chosen = [one for one in chosen if one.key in options.only or one.file in options.only]
        else:
            keys = [one.key for one in chosen]
            (OUT / f"{name}.sample.json").write_text(json.dumps({"counts": counts, "keys": keys}))
        done = _done(results, again=options.again)
        left = [one for one in chosen if one.key not in done]
        print(f"{name}: {sum(counts.values())} mutants, {len(chosen)} chosen, {len(left)} to run", flush=True)
        if left or options.control:
            lines = json.loads(known.read_text())
            own, also = tuple(room["own"]), tuple(options.also or ())
            _pytest(tests, Runner(ROOT, left, lines, own, results, options.workers, also))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("rooms", nargs="*")
    parser.add_argument("--map", action="store_true", help="only look which test runs which line")
    parser.add_argument("--anew", action="store_true", help="look first, though it is known")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample", type=int, help="mutants of a room, 0 for all")
    parser.add_argument("--only", nargs="*", help="keys of mutants, or files")
    parser.add_argument("--again", action="store_true", help="run the survivors once more")
    parser.add_argument("--also", nargs="*", help="tests to ask of every mutant, new ones say")
    parser.add_argument("--control", action="store_true", help="prove the verdicts of the runs before")
    parser.add_argument("--report", action="store_true", help="only write the page")
    return parser.parse_args()


def _done(results: Path, *, again: bool) -> set[str]:
    if not results.exists():
        return set()
    last = {row["key"]: row["outcome"] for row in map(json.loads, results.read_text().splitlines())}
    decided = ("killed", "timeout") if again else ("killed", "timeout", "survived", "uncovered", "at import")
    return {key for key, outcome in last.items() if outcome in decided}


def _pytest(tests: list[str], plugin: object) -> int:
    quiet = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-m",
        "not browser and not hard and not postgresql",
    ]
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        own = ["-o", "tmp_path_retention_policy=none", f"--basetemp={folder}/tests"]
        return int(pytest.main([*quiet, *own, *tests], plugins=[plugin]))


if __name__ == "__main__":
    sys.exit(main())
