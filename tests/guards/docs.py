"""Hold docs, hooks and code together: signatures, sections, examples, commands."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

_HEADING = re.compile(r"^## `(\w+)`$", re.MULTILINE)
_EXAMPLE = re.compile(r"\*\*Example\*\* \(`([^`]+)`\):\n\n```python\n(.*?)```", re.DOTALL)
PARTS = ("**Called**", "**Returns**", "**Example**")


@dataclass(frozen=True)
class Hook:
    """A hook as ``hookspecs.py`` declares it."""

    name: str
    signature: str


def hooks(root: Path) -> list[Hook]:
    """Return every hook specification, in order."""
    tree = ast.parse((root / "portal" / "hookspecs.py").read_text(encoding="utf-8"))
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(
            ast.unparse(one) == "hookspec" for one in node.decorator_list
        ):
            returns = ast.unparse(node.returns) if node.returns else "None"
            found.append(Hook(node.name, f"def {node.name}({ast.unparse(node.args)}) -> {returns}"))
    return found


def problems(root: Path) -> list[str]:
    """Return where hooks, their documentation and their use disagree."""
    text = (root / "docs" / "hooks.md").read_text(encoding="utf-8")
    sections = _sections(text)
    declared = hooks(root)
    names = {hook.name for hook in declared}
    found = [f"docs/hooks.md describes {name}, which is no hook" for name in sections if name not in names]
    used, called = _used(root), _called(root)
    for hook in declared:
        section = sections.get(hook.name)
        if section is None:
            found.append(f"{hook.name} has no section in docs/hooks.md")
            continue
        if f"```python\n{hook.signature}\n```" not in section:
            found.append(f"{hook.name}: the documented signature is not {hook.signature!r}")
        found += [f"{hook.name}: {part} is missing" for part in PARTS if part not in section]
        found += _examples(root, hook.name, section)
        if hook.name not in used:
            found.append(f"{hook.name} is used by no plugin")
        if hook.name not in called:
            found.append(f"{hook.name} is never called by the core")
    return found


def _sections(text: str) -> dict[str, str]:
    pieces = _HEADING.split(text)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def _examples(root: Path, name: str, section: str) -> list[str]:
    found = []
    for file, code in _EXAMPLE.findall(section):
        path = root / file
        source = _squeezed(path.read_text(encoding="utf-8")) if path.exists() else ""
        if not code.strip() or _squeezed(code) not in source:
            found.append(f"{name}: its example is not in {file}")
    return found


def _squeezed(code: str) -> str:
    return "\n".join(line.strip() for line in textwrap.dedent(code).strip().splitlines())


def _used(root: Path) -> set[str]:
    found = set()
    for path in root.glob("plugins/*/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                if any("hookimpl" in ast.unparse(one) for one in node.decorator_list):
                    found.add(node.name)
    return found


def _called(root: Path) -> set[str]:
    """Return the strings handed to calls in the core: that is how a hook is called."""
    found = set()
    for path in (root / "portal").rglob("*.py"):
        if path.name == "hookspecs.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found |= {
                    one.value
                    for one in node.args
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
    return found


def commands(text: str) -> list[str]:
    """Return the command lines of a document's ``sh`` blocks, without prompts and comments."""
    found = []
    for block in re.findall(r"```(?:sh|console)\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            line = line.split("  #")[0].strip().removeprefix("$ ")
            if line and not line.startswith("#"):
                found.append(line)
    return found


def make_targets(root: Path) -> set[str]:
    """Return the targets of the Makefile."""
    text = (root / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))
