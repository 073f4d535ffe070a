"""Forms made of a sheet's columns: the same questions, the same lenient reading, the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.sheets.errors import CellError, Where
from portal.sheets.profiles import Column
from portal.sheets.screen_words import on_screen, value_on_screen
from portal.sheets.values.text import compact
from portal.web.wording import sentences
from portal.words import gettext


@dataclass(kw_only=True)
class Field:
    """One question as the template shows it."""

    name: str
    label: str
    value: str
    note: Any = ""
    required: bool = False
    options: Sequence[tuple[str, str]] = ()
    error: str = ""


@dataclass(kw_only=True)
class Form:
    """What was typed, and what it means: ``values`` (empty ones are None), ``errors`` by field."""

    columns: Sequence[Column]
    typed: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def fields(self) -> list[Field]:
        """Return the questions in order."""
        return [
            Field(
                name=column.name,
                label=on_screen(column.header),
                value=self.typed.get(column.name, ""),
                note=column.note,
                required=column.required,
                options=self._choices(column),
                error=self.errors.get(column.name, ""),
            )
            for column in self.columns
        ]

    def _choices(self, column: Column) -> list[tuple[str, str]]:
        if column.name in self.options:
            return [(name, name) for name in self.options[column.name]]
        return [(word, on_screen(word)) for word in column.choices]

    @property
    def summary(self) -> list[tuple[str, str]]:
        """Return (field, words) for the error summary."""
        return list(self.errors.items())

    def refuse(self, reasons: Sequence[Any]) -> None:
        """Add reasons: beside the question that a reason begins with, else for the record as a whole."""
        for reason in reasons:
            said = str(reason)
            name = self._about(said)
            self.errors[name] = sentences(self.errors[name], said) if name in self.errors else said

    def _about(self, said: str) -> str:
        """Return the column whose name a sentence begins with, as 上级党组织“甲”在本地没有登记 does."""
        for column in self.columns:
            for label in (column.header, str(on_screen(column.header))):
                if said.startswith((f"{label}“", f"{label} “")):
                    return column.name
        return ""


def shown(
    columns: Sequence[Column],
    values: Mapping[str, Any],
    *,
    options: Mapping[str, Sequence[str]] | None = None,
) -> Form:
    """Show a record's values in a form; ``options``: what some columns may be chosen from."""
    typed = {c.name: c.show(values[c.name]) for c in columns if values.get(c.name) not in (None, "")}
    return Form(columns=columns, typed=typed, options=options or {})


def sent(
    columns: Sequence[Column],
    form: Mapping[str, str],
    known: Mapping[str, Any] | None = None,
    *,
    options: Mapping[str, Sequence[str]] | None = None,
) -> Form:
    """Read a sent form; only the declared columns count, whatever else was sent.

    A field left as the record ``known`` shows it is not judged anew: old values may break today's rules.
    """
    typed = {column.name: form.get(column.name, "").strip() for column in columns}
    found = Form(columns=columns, typed=typed, options=options or {})
    before = shown(columns, known or {}).typed
    for column in columns:
        text = found.typed[column.name]
        if not compact(text):
            found.values[column.name] = None
            if column.required:
                found.errors[column.name] = gettext("请填“%(label)s”。", label=on_screen(column.header))
            continue
        if text == before.get(column.name):
            found.values[column.name] = (known or {})[column.name]
            continue
        where = Where(label=on_screen(column.header), warnings=found.warnings)
        try:
            found.values[column.name] = column.parse(text, where)
        except CellError as error:
            found.errors[column.name] = str(error)
    return found


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A field that somebody else changed meanwhile: now, and as typed here."""

    label: str
    now: str
    typed: str


def differences(form: Form, known: Mapping[str, Any]) -> list[Difference]:
    """Compare what was typed with the record as it is now, field by field (K3)."""
    found = []
    for column in form.columns:
        now, mine = known.get(column.name), form.values.get(column.name)
        if (now or None) != (mine or None):
            found.append(
                Difference(
                    label=on_screen(column.header),
                    now="" if now in (None, "") else value_on_screen(column, now),
                    typed="" if mine is None else value_on_screen(column, mine),
                )
            )
    return found


def changed(form: Form, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields whose typed value differs from the record's; a cleared one is None."""
    return {
        name: value
        for name, value in form.values.items()
        if (value if value not in ("", ()) else None)
        != (known.get(name) if known.get(name) not in ("", ()) else None)
        and not (value is None and known.get(name) is False)
    }
