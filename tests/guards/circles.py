"""Find files that import each other in a circle, also where only a type checker does."""

from __future__ import annotations

from pathlib import Path

from tests.guards.imports import imports


def circles(root: Path, folders: tuple[str, ...]) -> list[str]:
    """Return the circles below ``folders``, each as the files that need each other."""
    files = {
        _dotted(path.relative_to(root)): path.relative_to(root).as_posix()
        for folder in folders
        for path in (root / folder).rglob("*.py")
        if "tests" not in path.relative_to(root).parts
    }
    needs: dict[str, set[str]] = {name: set() for name in files}
    for folder in folders:
        for one in imports(root, folder):
            name = _dotted(one.path)
            # ``from a import b``: the file a.b where there is one; a package's face only hands names on
            other = one.target if one.target in files else one.target.rpartition(".")[0]
            if name in files and other in files and other != name:
                if not {files[name], files[other]} & _faces(files):
                    needs[name].add(other)
    return sorted(" <-> ".join(sorted(files[one] for one in ring)) for ring in _rings(needs))


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _faces(files: dict[str, str]) -> set[str]:
    return {path for path in files.values() if path.endswith("__init__.py")}


def _rings(needs: dict[str, set[str]]) -> list[set[str]]:
    """Return the sets of names that all lead to each other, by taking away whatever leads nowhere."""
    below = {name: _reached(name, needs) for name in needs}
    rings: list[set[str]] = []
    for name in needs:
        ring = {other for other in below[name] if name in below[other]} | {name}
        if len(ring) > 1 and ring not in rings:
            rings.append(ring)
    return rings


def _reached(name: str, needs: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(needs[name])
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo.extend(needs[one])
    return found
