"""Write docs/macros.md from ``templates/macros`` itself: every macro, its arguments, its words."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from portal import config
from portal.web import frame

HEAD = """# Macros and filters: what a template may use

Written from `templates/macros` by `portal docs macros --write`; `tests/test_docs.py` compares. How pages
are made of them stands in [pages.md](pages.md); in development `/dev/components` shows each of them. Import
them inside the block: `{% from "macros/page.html" import head, panel %}`.
"""
#: A comment, or the head of a macro with its arguments (an attribute may hold brackets of its own).
_PART = re.compile(
    r"\{#-?\s*(?P<words>.*?)\s*-?#\}"
    r"|\{%-?\s*macro\s+(?P<name>\w+)\((?P<args>.*?)\)\s*-?%\}(?P<body>.*?)\{%-?\s*endmacro",
    re.DOTALL,
)


def text(root: Path = config.ROOT) -> str:
    """Return the whole page."""
    parts = [HEAD, *(_file(path) for path in sorted((root / "templates" / "macros").glob("*.html")))]
    parts += ["## Filters\n", *(_filter(name) for name in sorted(frame.FILTERS))]
    return "\n".join(parts).rstrip() + "\n"


def _file(path: Path) -> str:
    source = path.read_text(encoding="utf-8")
    lines, words, first = [f"## `{path.stem}`\n"], "", True
    for part in _PART.finditer(source):
        if part["name"] is None:
            said = " ".join(part["words"].split())
            if first:
                lines.append(said + "\n")
            else:
                words = said
        else:
            called = "{% call %}" if "caller" in part["body"] else ""
            notes = " ".join(one for one in (words, f"Takes a `{called}` block." if called else "") if one)
            lines.append(f"- `{part['name']}({' '.join(part['args'].split())})` {notes}".rstrip())
            words = ""
        first = False
    return "\n".join([*lines, ""])


def _filter(name: str) -> str:
    words = " ".join((inspect.getdoc(frame.FILTERS[name]) or "").split("\n\n")[0].split())
    return f"- `{name}` {words}".rstrip().replace("``", "`")
