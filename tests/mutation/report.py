"""Write docs/mutation.md from what the runs have noted: scores, and every survivor with its reason."""

from __future__ import annotations

import json
import math
import subprocess
import tomllib
from collections import Counter
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

HEAD = """# Mutation run

`make mutation` plants one fault at a time into the rooms where a fault costs most (mutmut's operators:
another comparison, `and` for `or`, an argument dropped or `None`, a number or a word changed, ...), runs the
tests that pass the changed line, and notes whether one of them fails. It takes about an hour on two cores, so
it is no part of `make test`; this page is written by its last step. Rooms, files, tests and the size of the
samples stand in `pyproject.toml` (`[tool.portal-mutation]`), the runner in `tests/mutation`, why it is one of
our own in [architecture.md](architecture.md).

A run that was stopped goes on where it was; `rm -r var/mutation` begins anew.

Last run: {day}, commit `{commit}`.

| room | mutants | chosen | judged | killed | survived | of these equivalent | score | without equivalents |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
"""
FOOT = """
Score: killed (or stopped for running without end) of those judged: where a run was stopped, the beginning of
the sample, which is in no order. *Without equivalents* leaves out mutants that no test can tell from the
original, each listed below with its reason. Samples are drawn per file with a fixed seed; the margin is that
of 95 % for a sample of this size. Only the room's own tests are asked, on
SQLite, and none that starts processes of its own: a survivor may well be noticed elsewhere. After each run
every test that has killed runs once more in a child of the same kind without a mutant: one that fails there
would have killed nothing.

Left out by rule: words of exceptions and of the log (a person reads them), assertions and annotations (the
checker of types reads them), `len`, `isinstance` and `cast`, default values and decorators (worked out at
import), and functions that run only while the program is being imported. What PostgreSQL alone runs is
tested by `make test-postgresql` and not measured here.
"""


def write(root: Path, rooms: dict[str, dict[str, Any]], out: Path) -> None:
    """Write the page for the results of ``rooms`` in folder ``out``."""
    reasons = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text())
    table, lists = [], []
    for name in rooms:
        drawn = json.loads((out / f"{name}.sample.json").read_text())
        rows = {row["key"]: row for row in map(json.loads, (out / f"{name}.jsonl").read_text().splitlines())}
        # Up to where the run has come: the keys are in no order, so their beginning is a sample as well.
        run = list(takewhile(rows.__contains__, drawn["keys"]))
        chosen = [rows[key] for key in run if rows[key]["outcome"] not in ("at import", "broken")]
        count = Counter(row["outcome"] for row in chosen)
        alive = [row for row in chosen if row["outcome"] in ("survived", "uncovered")]
        equal = [row for row in alive if row["key"] in reasons]
        killed, total = count["killed"] + count["timeout"], sum(drawn["counts"].values())
        table.append(
            f"| {name} | {total} | {len(drawn['keys'])} | {len(chosen)} | {killed} | {len(alive)} "
            f"| {len(equal)} "
            f"| {_percent(killed, len(chosen), total)} | {100 * killed / (len(chosen) - len(equal)):.1f} % |"
        )
        lists += [f"\n## {name}: what survives\n", *(_line(row, reasons) for row in alive)]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True)
    head = HEAD.format(day=datetime.now(UTC).date(), commit=commit.stdout.strip())
    text = head + "\n".join(table) + "\n" + FOOT + "\n".join(lists) + "\n"
    (root / "docs" / "mutation.md").write_text(text)


def _percent(killed: int, chosen: int, total: int) -> str:
    share = killed / chosen
    if chosen >= total:
        return f"{100 * share:.1f} %"
    margin = 1.96 * math.sqrt(share * (1 - share) / chosen * (total - chosen) / (total - 1))
    return f"{100 * share:.1f} % ± {100 * margin:.1f}"


def _line(row: dict[str, Any], reasons: dict[str, str]) -> str:
    reason = reasons.get(row["key"])
    why = f" Equivalent: {reason}" if reason else ""
    before, after = (row[name].replace("`", "'") or "(nothing)" for name in ("before", "after"))
    return f"- `{row['file']}` `{row['function']}` ({row['key']}): `{before}` → `{after}`.{why}"
