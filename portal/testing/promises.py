"""Tables of promises in a document, each with the tests that show it: what is wrong with a line.

A line is ``| number | promise | shown by |`` or ``| promise | shown by |``; a test is named in backticks by
its path and name. What is not shown stands behind **not yet** in words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Folders with files that look like tests and are material of tests.
MATERIAL = {"planted", "broken", "assets", "data", "guards"}
_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`( \(\*hard\*\))?")
_MISSING = "**not yet**:"


@dataclass(frozen=True)
class Row:
    """One line of a table: where it stands, its first cell, and what shows it."""

    section: str
    first: str
    shown: str
    missing: str | None

    @property
    def names_a_test(self) -> bool:
        """Tell whether a test shows it, in part at least."""
        return bool(_NAMED.search(self.shown))


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


def faults(row: Row, root: Path, *, shown_elsewhere: bool = False) -> list[str]:
    """Return what is wrong with a line, in words; one that is shown elsewhere needs no test of its own."""
    where = f"{row.section}: {row.first[:50]}"
    found = []
    if row.missing is not None and len(row.missing.split()) < 2:
        found.append(f"{where}: does not say what is not there yet")
    if row.missing is not None and _NAMED.search(row.missing):
        found.append(f"{where}: names a test after what is not there yet")
    if not row.names_a_test and not shown_elsewhere and row.missing is None:
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
