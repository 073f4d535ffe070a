"""Read the forms of a page as a browser would send them, without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
FIELD = re.compile(r"<(input|textarea|select)\b([^>]*)>", re.DOTALL)


def attributes(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', text)}


def forms(html: str, path: str) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Yield the POST forms of a page: where to, their fields as shown, their file fields."""
    for head, inner in FORM.findall(html):
        about = attributes(head)
        if about.get("method", "get").lower() != "post":
            continue
        fields, files = {}, []
        for tag, rest in FIELD.findall(inner):
            one = attributes(rest)
            name, kind = one.get("name", ""), one.get("type", tag)
            if not name:
                continue
            if kind == "file":
                files.append(name)
            elif tag == "select":
                choice = re.search(rf'name="{re.escape(name)}".*?<option value="([^"]+)"', inner, re.DOTALL)
                fields[name] = unescape(choice[1]) if choice else ""
            elif kind not in {"radio", "checkbox"} or name not in fields:
                fields[name] = one.get("value", "1") or "1"
        yield about.get("action", path), fields, files
