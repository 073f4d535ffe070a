"""The tutorial is true to the letter: whoever types it off has a plugin that works and passes every check."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from portal.config import ROOT
from tests.guards.docs import commands
from tests.house_copy import check, copy_house

PAGE = ROOT / "docs" / "tutorial.md"
TESTED = ROOT / "tests" / "tutorial" / "wall"
_SNIPPET = re.compile(r"^`plugins/wall/([^`]+)`:\n\n```(\w+)\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"^```(\w+)\n", re.MULTILINE)
#: Written by a command the page names, and filled in by the reader; the page shows a part of it.
IN_PART = "translations/en/LC_MESSAGES/messages.po"
#: The page says to create it; it is empty.
EMPTY = "tests/__init__.py"


def snippets(text: str) -> list[tuple[str, str]]:
    """Return (file, code) of every snippet, in the order of the page."""
    return [(found[1], found[3]) for found in _SNIPPET.finditer(text)]


def lines(code: str) -> list[str]:
    return [line for line in code.splitlines() if line.strip()]


def typed(text: str) -> dict[str, str]:
    """Return the files somebody has who typed the page off; pieces of one file follow one another."""
    found: dict[str, list[str]] = {}
    for name, code in snippets(text):
        found.setdefault(name, []).append(code)
    return {name: "\n\n\n".join(parts) + "\n" for name, parts in found.items()}


def astray(text: str) -> list[str]:
    """Return where the page and the tested plugin differ."""
    wrong = []
    written = typed(text)
    tested = {
        path.relative_to(TESTED).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(TESTED.rglob("*.*"))
        if "__pycache__" not in path.parts
    }
    for name in sorted(written.keys() | tested.keys() - {EMPTY}):
        if name not in tested or name not in written:
            wrong.append(f"{name} is only in {'the tutorial' if name in written else 'tests/tutorial'}")
        elif name == IN_PART:
            wrong += [] if written[name].strip() in tested[name] else [f"{name}: no slice of the tested file"]
        elif lines(written[name]) != lines(tested[name]):
            wrong.append(f"{name}: not the text of the tested file")
    return wrong


def test_every_snippet_is_the_text_of_the_tested_plugin():
    text = PAGE.read_text(encoding="utf-8")
    assert astray(text) == []
    fences = [language for language in _FENCE.findall(text) if language != "sh"]
    assert len(fences) == len(snippets(text)) >= 15, "a snippet that names no file is held against nothing"


@pytest.mark.parametrize(
    ("old", "new"), [("wall.open_days", "wall.days"), ("`plugins/wall/jobs.py`:", "`plugins/wall/job.py`:")]
)
def test_a_snippet_that_strays_is_found(old: str, new: str):
    text = PAGE.read_text(encoding="utf-8")
    assert old in text and astray(text.replace(old, new)) != []


def test_whoever_types_the_tutorial_off_has_a_working_plugin(tmp_path: Path):
    house, text = copy_house(tmp_path / "house"), PAGE.read_text(encoding="utf-8")
    wall = house / "plugins" / "wall"
    for name, code in typed(text).items():
        if name != IN_PART:
            (wall / name).parent.mkdir(parents=True, exist_ok=True)
            (wall / name).write_text(code, encoding="utf-8")
    (wall / EMPTY).write_text("")
    place = {"PORTAL_DATA": str(tmp_path / "data"), "PORTAL_ENV": "development", "PORTAL_TLS": "0"}
    for line in commands(text):
        words = shlex.split(line)
        if words[0] == "export":
            assert dict(word.split("=") for word in words[1:]).items() <= place.items()
        elif words[:3] == ["portal", "catalogue", "update"]:
            # The words are the reader's: those of the tested plugin are every one that is asked for.
            catalogue = wall / IN_PART
            catalogue.parent.mkdir(parents=True)
            catalogue.write_text((TESTED / IN_PART).read_text(encoding="utf-8"), encoding="utf-8")
            assert "0 without words" in check(house, *words, **place).partition("wall en:")[2].split("\n")[0]
        else:
            environment = {} if "pytest" in words else place
            check(house, *(words[2:] if words[0] == "python" else words), **environment)
    (revision,) = (wall / "migrations").glob("*.py")
    assert revision.name == "0001_wishes.py"
