"""Tables of what must come out at the edges, one line a case."""

from __future__ import annotations

from pathlib import Path


def cases(name: str) -> list[list[str]]:
    """Return the cases of a table, each a list of its cells; lines with # are for people."""
    text = (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8")
    return [
        [cell.strip() for cell in line.split("|")]
        for line in text.splitlines()
        if line.strip() and not line.startswith("#")
    ]
