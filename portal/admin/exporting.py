"""Write what is as an apply file: districts, what each says of services and settings, no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from portal.admin.standing import now
from portal.districts import settings
from portal.districts.switch import state_of

_HEAD = """\
# What the districts of this installation say themselves; made by `portal export-config`.
# Applying it changes nothing: portal apply FILE --dry-run. Secrets are not in it: env:NAME is read from the
# environment, and where that has no NAME a secret stays as it is.
"""


def text() -> str:
    """Return the whole installation as TOML that ``portal apply`` reads."""
    return _HEAD + "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    is_now, known = now(), settings.declared()
    codes = {row.id: row.code for row in is_now.places.values()}
    for key in sorted(is_now.undeclared):
        yield f"# {_text(key)}: not declared (its plugin is not loaded); its values are kept"
    for row in is_now.places.values():
        head = f"district.{_text(row.code)}"
        yield f"\n[{head}]"
        yield f"name = {_text(row.name)}"
        yield f"kind = {_text(row.kind)}"
        if row.parent_id is not None:
            yield f"parent = {_text(codes[row.parent_id])}"
        states = {slug: one for (place, slug), one in sorted(is_now.switches.items()) if place == row.id}
        if states:
            yield f"[{head}.plugins]"
            yield from (f"{_key(slug)} = {_text(state_of(one))}" for slug, one in states.items())
        values = {key: value for (place, key), value in sorted(is_now.values.items()) if place == row.id}
        if values:
            yield f"[{head}.settings]"
            for key, value in values.items():
                shown = f"env:{_variable(row.code, key)}" if known[key].secret else value
                yield f"{_text(key)} = {_value(shown)}"


def _variable(code: str, key: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", f"PORTAL_SECRET_{code}_{key}".upper())


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name, re.ASCII) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    return _text(str(value))


def _text(value: str) -> str:
    """Write a TOML basic string."""
    named = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    written = (
        named.get(one) or (f"\\u{ord(one):04X}" if ord(one) < 0x20 or one == "\x7f" else one) for one in value
    )
    return f'"{"".join(written)}"'
