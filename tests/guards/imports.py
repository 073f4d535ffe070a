"""Read what each module of a tree imports, with ast."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One import: where, and the full dotted name of what (``portal.clock``, ``portal.api.rows``)."""

    path: Path
    line: int
    target: str
    #: Only for type checkers: nothing is imported when the program runs.
    typing: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.target}"


def imports(root: Path, folder: str) -> Iterator[Import]:
    """Yield every import of the Python files below ``folder`` of ``root``, paths relative to ``root``."""
    for path in sorted((root / folder).rglob("*.py")):
        relative = path.relative_to(root)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        guarded = _typing_lines(tree)
        for node in ast.walk(tree):
            for target in _targets(node, relative):
                yield Import(relative, node.lineno, target, node.lineno in guarded)


def _targets(node: ast.AST, path: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        package = path.parts[:-1]
        above = package[: len(package) - node.level + 1]
        base = ".".join([*above, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def _typing_lines(tree: ast.AST) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            found.update(
                line.lineno for child in node.body for line in ast.walk(child) if hasattr(line, "lineno")
            )
    return found
