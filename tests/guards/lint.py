"""Rules that no linter knows: money, scope, clock, inline scripts, paths of a machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MONEY = re.compile(r"(^|_)(fen|amount|money|yuan|price|fee|total_fen|due)(_|$)")
CLOCK = {"now", "utcnow", "today", "fromtimestamp"}
BABEL = {"portal/words.py", "portal/web/setup.py"}
#: Workplaces and homes: a path that works on one machine only.
MACHINE = re.compile(r"(?<![\w.$}/~-])/(home|root|work|Users|mnt)/[\w.-]+|[A-Z]:\\\\")
INLINE = (
    (re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE), "inline script"),
    (re.compile(r"<style", re.IGNORECASE), "inline style sheet"),
    (re.compile(r"\sstyle\s*=", re.IGNORECASE), "inline style"),
    (
        re.compile(r"\son(click|change|submit|input|load|error|focus|blur|key\w+)\s*=", re.IGNORECASE),
        "handler",
    ),
    (re.compile(r"href\s*=\s*[\"']?\s*javascript:", re.IGNORECASE), "javascript: link"),
    (re.compile(r"\bhx-(on|vals\s*=\s*[\"']js)", re.IGNORECASE), "hx-on or js: values"),
    (re.compile(r"\|\s*safe\b"), "|safe"),
)
TEXT = {".py", ".html", ".md", ".toml", ".js", ".css", ".po", ".sh", ".json", ".txt", ""}


def python_problems(root: Path, folders: tuple[str, ...]) -> list[str]:
    """Return float money, clocks beside portal.clock, and changes of state that name no source."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            if "tests" in path.relative_to(root).parts:
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            where = path.relative_to(root)
            found += [f"{where}:{line} {text}" for line, text in _walk(tree, where)]
    return found


def _walk(tree: ast.AST, where: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _dotted(node.func)
            if where.as_posix() != "portal/clock.py" and not where.parts[0].startswith("paysim"):
                first, _, last = name.rpartition(".")
                if last in CLOCK and first.split(".")[-1] in {"datetime", "date"} and not _aware(node, last):
                    yield node.lineno, f"{name}(): use portal.clock"
            given = {one.arg for one in node.keywords}
            if name.rpartition(".")[2] == "swap" and "state" in given and "states" not in given:
                yield node.lineno, "swap() to a state names the states it may come from (rule K2)"
            if name.rpartition(".")[2] == "Conflict" and node.args and _is_literal(node.args[0]):
                yield node.lineno, "Conflict() says its words to a person: gettext, or why= for the log"
            if name == "float" and _mentions_money(node):
                yield node.lineno, "money as float: use integer fen"
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "flask_babel"
            and where.as_posix() not in BABEL
        ):
            yield node.lineno, "flask_babel asks for the language at every word: use portal.words"
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            named = node.arg if isinstance(node, ast.arg) else _dotted(node.target)
            if MONEY.search(named.split(".")[-1]) and _is_float(node.annotation):
                yield node.lineno, f"{named} is money and a float: use integer fen"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            named = _dotted(node.left)
            if named.endswith("_fen") and where.suffix == ".py":
                yield node.lineno, f"{named} / ...: dividing fen makes a float; use //"


def kept_scopes(root: Path, folders: tuple[str, ...]) -> list[str]:
    """Return cached functions that ask for the scope: what they keep would show one district to the next."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and _cached(node) and _asks_scope(node):
                    where = path.relative_to(root)
                    found.append(f"{where}:{node.lineno} {node.name}: @prepared keeps a scoped statement")
    return found


def _cached(node: ast.FunctionDef) -> bool:
    names = [_dotted(one.func if isinstance(one, ast.Call) else one) for one in node.decorator_list]
    return any(name.rpartition(".")[2] in {"cache", "lru_cache"} for name in names)


def _asks_scope(node: ast.FunctionDef) -> bool:
    asked = {_dotted(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
    return bool(asked & {"rows", "criterion", "within_scope", "read_scope", "write_scope"})


def _aware(node: ast.Call, last: str) -> bool:
    # datetime.fromtimestamp(x, UTC) names its zone; now(UTC) would still pass by the one clock.
    return last == "fromtimestamp" and (len(node.args) > 1 or bool(node.keywords))


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _is_literal(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and node.value != "")


def _mentions_money(node: ast.Call) -> bool:
    return any(
        MONEY.search(_dotted(child).split(".")[-1])
        for argument in node.args
        for child in ast.walk(argument)
        if isinstance(child, ast.Name | ast.Attribute)
    )


def _is_float(annotation: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "float" for node in ast.walk(annotation))


def unscoped_selects(root: Path, folders: tuple[str, ...], scoped: frozenset[str]) -> list[str]:
    """Return functions that read columns of a district-scoped table without saying which district.

    A Core select is not narrowed by the session: it goes through ``rows()``, or it names the scope
    (``criterion``, ``within_scope``, ``district_id``), a row it already holds (``.id ==``), or works in
    ``everything()``.
    """
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            where = path.relative_to(root)
            if {"tests", "testing", "migrations", "database", "demo"} & set(where.parts):
                continue
            text = path.read_text(encoding="utf-8")
            tree = ast.parse(text)
            tables = _table_names(tree, scoped)
            for function in _functions(tree):
                body = ast.get_source_segment(text, function) or ""
                if _selects_columns(function, tables, scoped) and not _says_where(body):
                    found.append(f"{where}:{function.lineno} {function.name} selects columns without scope")
    return found


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def _table_names(tree: ast.Module, scoped: frozenset[str]) -> set[str]:
    """Return the names under which this module holds ``Model.__table__`` of a scoped model."""
    found = set()
    for node in ast.walk(tree):
        target: ast.AST | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        value = getattr(node, "value", None)
        if target is None or not isinstance(value, ast.Attribute) or value.attr != "__table__":
            continue
        if _dotted(value.value).split(".")[-1] in scoped and isinstance(target, ast.Name):
            found.add(target.id)
    return found


def _selects_columns(function: ast.FunctionDef, tables: set[str], scoped: frozenset[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _dotted(node.func).split(".")[-1] == "select":
            for argument in node.args:
                for child in ast.walk(argument):
                    first, _, rest = _dotted(child).partition(".")
                    if first in tables or first in scoped and rest.startswith("__table__"):
                        return True
    return False


def _says_where(body: str) -> bool:
    return bool(
        re.search(
            r"district_id|criterion\(|within_scope\(|everything\(|\brows\("
            r"|\.id ==|\.id\.in_|_id ==|_id\.in_|uid ==",
            body,
        )
    )


def template_problems(root: Path) -> list[str]:
    """Return inline scripts, styles, handlers and unescaped output in templates."""
    found = []
    for path in sorted([*root.glob("templates/**/*.html"), *root.glob("plugins/*/templates/**/*.html")]):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            found += [
                f"{path.relative_to(root)}:{number} {what}"
                for pattern, what in INLINE
                if pattern.search(line)
            ]
    return found


def machine_paths(root: Path, files: list[str]) -> list[str]:
    """Return places that name a path of one machine."""
    found = []
    for name in files:
        path = root / name
        if path.suffix not in TEXT or not path.is_file() or "vendor" in path.parts or path.name == "LICENSE":
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{name}:{n} {m[0]}" for n, line in enumerate(lines, start=1) if (m := MACHINE.search(line))
        ]
    return found


_PRIVATE = re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?!\\n)")
#: A name that says secret, and 32 or more letters and digits in one word after it.
_GIVEN = re.compile(
    r"(?i)\b\w*(?:secret|token|password|passwd|api_?key|field_keys?|index_key|backup_key|private_key)\w*"
    r"[\"']?\s*[=:]\s*[\"']?(?P<value>[A-Za-z0-9+/_=-]{32,})(?![\w.(\[])"
)


def secrets(root: Path, files: list[str]) -> list[str]:
    """Return where a tracked file holds a private key, or a long random word under a secret's name."""
    found = []
    for name in files:
        path = root / name
        if not path.is_file() or path.suffix in {".lock", ".png", ".woff2", ".ttf"}:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        for number, line in enumerate(text.splitlines(), 1):
            given = _GIVEN.search(line)
            value = given["value"] if given is not None else ""
            # Words of people have no digits between their letters.
            random = re.search(r"\d", value) and re.search(r"[a-zA-Z]", value)
            if _PRIVATE.search(line) or random:
                found.append(f"{name}:{number}")
    return found
