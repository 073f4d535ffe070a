"""The apply file as it is written: TOML, every fault named with its line, nothing looked up yet."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.districts.switch import STATES

#: How a file says "no value of its own": ``"dues.cash_days" = { inherit = true }``.
INHERIT = {"inherit": True}
_WORDS = ("name", "kind", "parent", "plugins", "settings")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong with a file: where, and what to do about it."""

    line: int
    key: str
    words: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.words}" if self.line else f"{self.key}: {self.words}"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a file says of one district; what it does not name stays as it is."""

    code: str
    name: str | None = None
    kind: str | None = None
    parent: str | None = None
    plugins: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that was read: its districts in its order, its faults, and where each key stands."""

    entries: tuple[Entry, ...] = ()
    faults: tuple[Fault, ...] = ()
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    def fault(self, words: str, *path: str) -> Fault:
        """Return a fault at the line of a key."""
        return Fault(line=_nearest(self.lines, path), key=_shown(path), words=words)


def read(text: str) -> File:
    """Read an apply file; a file that is no TOML has this one fault."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return File(faults=(Fault(line=0, key="TOML", words=str(error)),))
    file = File(lines=dict(_lines(text)))
    faults, entries = [], []
    for word in found.keys() - {"district"}:
        faults.append(file.fault('only [district."CODE"] tables belong here', word))
    districts = found.get("district", {})
    if not isinstance(districts, dict):
        faults.append(file.fault('write [district."CODE"]', "district"))
        districts = {}
    for code, table in districts.items():
        entry = _entry(file, code, table, faults)
        if entry is not None:
            entries.append(entry)
    return File(
        entries=tuple(entries),
        faults=tuple(sorted(faults, key=lambda fault: (fault.line, fault.key))),
        lines=file.lines,
    )


def _entry(file: File, code: str, table: Any, faults: list[Fault]) -> Entry | None:
    if not isinstance(table, dict):
        faults.append(file.fault('write [district."CODE"]', "district", code))
        return None
    values: dict[str, Any] = {}
    for word, value in table.items():
        if word not in _WORDS:
            faults.append(file.fault(f"one of {', '.join(_WORDS)}", "district", code, word))
        elif isinstance(value, dict) is not (word in {"plugins", "settings"}):
            kind = "a table" if word in {"plugins", "settings"} else "a text"
            faults.append(file.fault(f"this is {kind}", "district", code, word))
        elif not isinstance(value, dict | str):
            faults.append(file.fault("this is a text in quotes", "district", code, word))
        else:
            values[word] = value
    states = {}
    for slug, state in values.get("plugins", {}).items():
        if state in STATES if isinstance(state, str) else False:
            states[slug] = state
        else:
            words = f"{state!r} is none of {', '.join(STATES)}"
            faults.append(file.fault(words, "district", code, "plugins", slug))
    return Entry(code=code, **{**values, "plugins": states, "settings": values.get("settings", {})})


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(word if word.replace("_", "").isalnum() else f'"{word}"' for word in path)


def _nearest(lines: Mapping[tuple[str, ...], int], path: tuple[str, ...]) -> int:
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return 0


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield (path, line) of tables and keys; tomllib forgets where it read them.

    A line inside of a long text may look like a key; the first of a name counts, and a line number only
    helps to look.
    """
    seen: set[tuple[str, ...]] = set()
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        written = line.strip()
        if written.startswith("["):
            path = table = _path(written)
        elif "=" in written:
            path = table + _path(f"{_key(written)} = 0")
        else:
            continue
        for end in range(1, len(path) + 1):
            if path[:end] not in seen:
                seen.add(path[:end])
                yield path[:end], number


def _key(written: str) -> str:
    quote, key = "", ""
    for one in written:
        if one in "\"'" and quote in ("", one):
            quote = "" if quote else one
        if one == "=" and not quote:
            break
        key += one
    return key


def _path(fragment: str) -> tuple[str, ...]:
    """Return the names a table's head or a key leads through."""
    try:
        found: Any = tomllib.loads(fragment)
    except tomllib.TOMLDecodeError:
        return ()
    path: list[str] = []
    while isinstance(found, dict) and len(found) == 1:
        [(name, found)] = found.items()
        path.append(name)
    return tuple(path)
