"""The difference between an apply file and what is: every change, every fault, and what would be hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.admin import effects, switchboard
from portal.admin.declared import INHERIT, Entry, Fault, File
from portal.admin.standing import Standing, now
from portal.current import registry
from portal.districts import settings
from portal.districts.queries import ids_of
from portal.districts.service import CODE, KINDS
from portal.districts.setting_values import BadValue, checked
from portal.districts.switch import effective, state_of, turned, with_state

_WHY = {
    "type": "is of another kind: {type} is wanted",
    "choice": "is none of {choices}",
    "range": "must be between {least} and {most}",
    "long": "is too long",
    "odd": "holds characters that cannot be kept",
    "check": "is not what the setting's help asks for",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change: ``what`` is ``district`` (new), ``name``, ``kind``, ``plugin`` or ``setting``."""

    what: str
    code: str
    key: str = ""
    # Values of secrets must not get into a log by way of a traceback.
    before: Any = field(default=None, repr=False)
    after: Any = field(default=None, repr=False)
    secret: bool = False

    def __str__(self) -> str:
        if self.what == "district":
            below = f" below {self.after['parent']}" if self.after["parent"] else ""
            return f"{self.code}: new district {self.after['name']} ({self.after['kind']}){below}"
        if self.secret:
            return f"{self.code} {self.key}: {'inherit' if self.after is None else 'a secret is set'}"
        return f"{self.code} {self.key or self.what}: {_word(self.before)} -> {_word(self.after)}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What applying a file would do."""

    changes: tuple[Change, ...] = ()
    faults: tuple[Fault, ...] = ()
    #: What nobody would see any more, as sentences; asks for a yes.
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def make(file: File, environment: Mapping[str, str]) -> Plan:
    """Compare a file with what is; with any fault there are no changes."""
    is_now = now({entry.code for entry in file.entries})
    maker = _Maker(file, is_now, environment)
    for entry in file.entries:
        maker.place(entry)
        maker.plugins(entry)
        maker.settings(entry)
    faults = [*file.faults, *maker.faults]
    if faults:
        return Plan(faults=tuple(sorted(faults, key=lambda fault: (fault.line, fault.key))))
    warnings, notes = _consequences(is_now, maker.changes)
    return Plan(changes=tuple(maker.changes), warnings=tuple(warnings), notes=tuple([*maker.notes, *notes]))


class _Maker:
    def __init__(self, file: File, is_now: Standing, environment: Mapping[str, str]) -> None:
        self.file, self.now, self.environment = file, is_now, environment
        self.changes: list[Change] = []
        self.faults: list[Fault] = []
        self.notes: list[str] = []
        self.coming = {entry.code: entry for entry in file.entries}
        self.codes = {row.id: code for code, row in is_now.places.items()}
        self.slugs = {*registry().plugins, *registry().broken, *(slug for _place, slug in is_now.switches)}

    def fault(self, words: str, entry: Entry, *path: str) -> None:
        self.faults.append(self.file.fault(words, "district", entry.code, *path))

    def place(self, entry: Entry) -> None:
        row = self.now.places.get(entry.code)
        if entry.kind is not None and entry.kind not in KINDS:
            self.fault(f"{entry.kind!r} is none of {', '.join(KINDS)}", entry, "kind")
        if entry.name is not None and not 2 <= len(entry.name.strip()) <= 80:
            self.fault("a name has 2 to 80 characters", entry, "name")
        if row is None:
            self._new(entry)
            return
        above = self.codes.get(row.parent_id)
        if entry.parent is not None and entry.parent != above:
            self.fault(f"is below {above or 'nothing'} and is not moved by a file", entry, "parent")
        for what, value in (("name", entry.name and entry.name.strip()), ("kind", entry.kind)):
            if value is not None and value != getattr(row, what):
                self.changes.append(
                    Change(what=what, code=entry.code, before=getattr(row, what), after=value)
                )

    def _new(self, entry: Entry) -> None:
        if not CODE.fullmatch(entry.code):
            self.fault("no code: digits, for a park then a hyphen and small letters", entry)
        if entry.name is None or entry.kind is None:
            self.fault("no such district; to make it, give its name and kind (and parent)", entry)
            return
        step, seen = entry.parent, {entry.code}
        while step is not None and step not in self.now.places:
            above = self.coming.get(step)
            if above is None or step in seen:
                words = "is below itself" if above else f"there is no district {step!r}"
                self.fault(words, entry, "parent")
                return
            seen.add(step)
            step = above.parent
        values = {"name": entry.name.strip(), "kind": entry.kind, "parent": entry.parent}
        self.changes.append(Change(what="district", code=entry.code, after=values))

    def plugins(self, entry: Entry) -> None:
        row = self.now.places.get(entry.code)
        for slug, state in entry.plugins.items():
            if slug not in self.slugs:
                known = ", ".join(sorted(registry().plugins))
                self.fault(f"no such plugin; there are: {known}", entry, "plugins", slug)
                continue
            before = state_of(self.now.switches.get((row.id, slug)) if row else None)
            if before != state:
                self.changes.append(
                    Change(what="plugin", code=entry.code, key=slug, before=before, after=state)
                )

    def settings(self, entry: Entry) -> None:
        row, known = self.now.places.get(entry.code), settings.declared()
        for key, raw in entry.settings.items():
            setting = known.get(key)
            if setting is None:
                self.fault("nobody declares such a setting", entry, "settings", key)
                continue
            before = self.now.values.get((row.id, key)) if row else None
            try:
                value = self._value(setting, raw, before, entry)
            except BadValue as bad:
                shown = "the value" if setting.secret else repr(raw)
                words = _WHY.get(bad.reason, bad.reason).format(
                    type=setting.type.__name__,
                    least=setting.least,
                    most=setting.most,
                    choices=", ".join(code for code, _ in setting.choices),
                )
                self.fault(f"{shown} {words}", entry, "settings", key)
                continue
            if value != before:
                self.changes.append(
                    Change(
                        what="setting",
                        code=entry.code,
                        key=key,
                        before=before,
                        after=value,
                        secret=setting.secret,
                    )
                )

    def _value(self, setting: Any, raw: Any, before: Any, entry: Entry) -> Any:
        if raw == INHERIT:
            return None
        if not setting.secret:
            return checked(setting, raw)
        if not isinstance(raw, str) or not raw.startswith("env:") or not raw[4:]:
            raise BadValue("is a secret and does not stand in a file: write env:NAME")
        found = self.environment.get(raw[4:])
        if found:
            return checked(setting, found)
        if before is None:
            raise BadValue(f"is not there: the environment has no {raw[4:]}")
        self.notes.append(f"{entry.code} {setting.key}: {raw[4:]} is not set, the secret stays as it is")
        return before


def _consequences(is_now: Standing, changes: list[Change]) -> tuple[list[str], list[str]]:
    """Return what would be hidden where plugins go off, and what has no effect below a lock."""
    paths = {row.id: ids_of(row.path) for row in is_now.places.values()}
    ids = {row.code: row.id for row in is_now.places.values()}
    codes = {row.id: row for row in is_now.places.values()}
    after: Any = is_now.switches
    for number, change in enumerate(changes, start=1):
        if change.what == "district":
            parent = change.after["parent"]
            ids[change.code] = -number
            paths[-number] = [*paths.get(ids.get(parent, 0), []), -number]
    for change in changes:
        if change.what == "plugin":
            after = with_state(after, ids[change.code], change.key, change.after)
    warnings, notes = [], []
    for slug in sorted({change.key for change in changes if change.what == "plugin"}):
        default = switchboard.default_of(slug)
        off, _on = turned(slug, default, paths, is_now.switches, after)
        losses, sure = effects.hidden(slug, [codes[place] for place in off if place in codes], after)
        for loss in losses:
            told = ", ".join(str(one.text) for one in loss.hidden)
            warnings.append(f"{loss.code} {slug}: goes off, hidden until it is on again: {told}")
        if not sure:
            warnings.append(f"{slug}: goes off and could not say what that hides")
    for change in changes:
        if change.what == "plugin" and change.after != "inherit":
            here = ids[change.code]
            state = effective(change.key, switchboard.default_of(change.key), paths[here], after)
            if state.locked and state.source != here:
                above = codes[state.source].code if state.source in codes else "a district above"
                notes.append(f"{change.code} {change.key}: no effect while {above} locks it")
    return warnings, notes


def _word(value: Any) -> str:
    if value is None:
        return "inherit"
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) and value else repr(value)
