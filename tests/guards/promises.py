"""Read docs/security.md: what it answers for, and whether the tests it names are run."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: The promises of this house, by number.
NUMBERS = tuple(str(number) for number in range(1, 39))
#: Ids of ASVS 5.0.0 that are answered for; a range of the standard's chapters 16.2 to 16.5 as a whole.
_IDS = (
    "1.2.1 1.2.4 1.2.10 1.3.1 1.3.6 1.5.1 2.2.2 2.3.1 2.3.3 2.3.4 2.4.1 3.2.1 3.3.1 3.3.2 3.3.3 3.3.4 "
    "3.4.1 3.4.3 3.4.4 3.4.5 3.4.6 3.5.1 3.5.3 3.7.2 4.1.3 5.2.1 5.2.2 5.2.3 5.3.2 5.4.1 5.4.2 6.1.1 "
    "6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.2.9 6.3.1 6.3.3 6.4.1 6.5.1 6.5.5 6.6.2 6.6.3 "
    "6.8.1 7.2.4 7.4.1 7.4.2 7.5.1 8.2.1 8.2.2 8.2.3 8.3.1 8.4.1 11.4.2 11.5.1 13.3.1 13.4.1 13.4.2 "
    "13.4.3 13.4.4 13.4.5 14.2.1 14.3.1 14.3.2 14.3.3 15.1.2 15.2.1 15.3.3 16.2 16.3 16.4 16.5"
)
ASVS = tuple(_IDS.split())
PROMISES, REQUIREMENTS = "The promises", "ASVS 5.0.0"
#: Folders with files that look like tests and are material of tests.
MATERIAL = {"planted", "broken", "assets", "data", "guards"}
_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`( \(\*hard\*\))?")
_LEANS = re.compile(r"\bpromises? (\d+(?:, \d+)*)")
_MISSING = "**not yet**:"


@dataclass(frozen=True)
class Row:
    """One line of a table: where it stands, its first cell, and what shows it."""

    section: str
    first: str
    shown: str
    missing: str | None

    @property
    def ids(self) -> list[str]:
        """Return the numbers or ids it answers for; none in the tables by subject."""
        return self.first.split(", ") if self.section in {PROMISES, REQUIREMENTS} else []


def rows(text: str) -> Iterator[Row]:
    """Yield the lines of every table."""
    section = ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line[3:].strip()
        if not line.startswith("| ") or line.startswith(("| promise |", "| # |", "| id |")):
            continue
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        shown, mark, missing = cells[-1].partition(_MISSING)
        yield Row(section, cells[0], shown, missing if mark else None)


def problems(text: str, root: Path) -> list[str]:
    """Return what is wrong with the document, in words."""
    found, known = [], list(rows(text))
    for section, wanted in ((PROMISES, NUMBERS), (REQUIREMENTS, ASVS)):
        counted = Counter(one for row in known if row.section == section for one in row.ids)
        found += [f"{section}: {one} is missing" for one in wanted if not counted[one]]
        found += [
            f"{section}: {one} stands there {times} times" for one, times in counted.items() if times > 1
        ]
        found += [f"{section}: nobody knows {one}" for one in counted if one not in wanted]
    tested = {row.first for row in known if row.section == PROMISES and _NAMED.search(row.shown)}
    for row in known:
        where = f"{row.section}: {row.first[:50]}"
        leans = [number for group in _LEANS.findall(row.shown) for number in group.split(", ")]
        found += [
            f"{where}: leans on promise {one}, which names no test" for one in leans if one not in tested
        ]
        if row.missing is not None and len(row.missing.split()) < 2:
            found.append(f"{where}: does not say what is not there yet")
        if row.missing is not None and _NAMED.search(row.missing):
            found.append(f"{where}: names a test after what is not there yet")
        if not _NAMED.search(row.shown) and not leans and row.missing is None:
            found.append(f"{where}: names no test")
        for part in row.shown.split("; "):
            for path, name, hard in _NAMED.findall(part):
                why = not_run(root, path, name, part, hard=bool(hard) or "*hard*:" in part)
                found += [f"{where}: {path}::{name} {why}"] if why else []
    return found


def not_run(root: Path, path: str, name: str, said: str, *, hard: bool) -> str:
    """Return why a test does not show what is ``said`` by it; empty when it is collected as said."""
    file = root / path
    if not file.is_file():
        return "does not exist"
    if (
        not file.name.startswith("test_")
        or MATERIAL & set(Path(path).parts[1:-1])
        or "tests" not in Path(path).parts
    ):
        return "is not collected"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    node = _test(tree, name)
    if node is None:
        return "does not exist"
    marks = _marks(tree, node)
    if {"skip", "xfail"} & marks:
        return "is left out"
    if ("hard" in marks) != hard:
        return "is hard" if "hard" in marks else "is not hard"
    if "postgresql" in marks and "--postgresql" not in said:
        return "is left out without --postgresql"
    return ""


def _test(tree: ast.Module, name: str) -> ast.AST | None:
    """Return a test as pytest collects it: a function, a method or a class by the name of Test."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name and name.startswith("test_"):
            return node
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            found = _test(ast.Module(body=node.body, type_ignores=[]), name)
            if found is not None:
                return found
        if isinstance(node, ast.Assign) and name.startswith("Test"):
            if [getattr(one, "id", "") for one in node.targets] == [name]:
                return node
    return None


def _marks(tree: ast.Module, node: ast.AST) -> set[str]:
    """Return the names of the marks on a test and on its file."""
    given: list[ast.AST] = list(getattr(node, "decorator_list", []))
    given += [
        one.value
        for one in tree.body
        if isinstance(one, ast.Assign)
        and [getattr(target, "id", "") for target in one.targets] == ["pytestmark"]
    ]
    return {
        inner.attr
        for mark in given
        for inner in ast.walk(mark)
        if isinstance(inner, ast.Attribute) and ast.unparse(inner.value) == "pytest.mark"
    }
