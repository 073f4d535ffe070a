"""The page of the last mutation run says a whole run, and four of five killed in each room (promise 37)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from portal.config import ROOT

_LINE = re.compile(
    r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| \d+ "
    r"\| ([\d.]+) %(?: ± [\d.]+)? \| [\d.]+ % \|$",
    re.MULTILINE,
)


def _problems(page: str) -> Iterator[str]:
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["portal-mutation"]["rooms"]
    found = {line[1]: line for line in _LINE.finditer(page)}
    yield from (f"{name} was not run" for name in rooms if name not in found)
    for name, line in found.items():
        mutants, _chosen, judged, killed, survived = (int(line[number]) for number in range(2, 7))
        # Samples are drawn per file, so their size is about what was asked for.
        if judged < 0.95 * min(mutants, rooms[name]["sample"]):
            yield f"{name}: only {judged} were judged"
        if killed + survived != judged or abs(100 * killed / judged - float(line[7])) > 0.05:
            yield f"{name}: the sums do not fit"
        if killed < 0.8 * judged:
            yield f"{name}: {line[7]} % killed"
        listed = page.partition(f"## {name}: what survives")[2].partition("\n## ")[0].count("\n- `")
        if listed != survived:
            yield f"{name}: {survived} survived, {listed} are listed"


def test_the_last_run_is_whole_and_killed_four_of_five():
    assert list(_problems((ROOT / "docs" / "mutation.md").read_text(encoding="utf-8"))) == []


def test_a_run_that_was_stopped_or_killed_less_is_found():
    page = (ROOT / "docs" / "mutation.md").read_text(encoding="utf-8")
    line = next(_LINE.finditer(page))
    mutants, chosen, judged = line[2], line[3], int(line[4])
    few, less = judged // 2, int(0.7 * judged)
    for planted, said in (
        (f"| {line[1]} | {mutants} | {chosen} | {few} | {few} | 0 | 0 | 100.0 % | 100.0 % |", "were judged"),
        (
            f"| {line[1]} | {mutants} | {chosen} | {judged} | {less} | {judged - less} | 0 "
            f"| {100 * less / judged:.1f} % | 70.0 % |",
            "% killed",
        ),
        (line[0].replace(f"| {line[5]} |", f"| {int(line[5]) - 1} |"), "do not fit"),
        ("", "was not run"),
    ):
        assert any(said in one for one in _problems(page.replace(line[0], planted))), said
