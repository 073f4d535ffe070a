"""What a register of the desk declares; ``pages`` makes its list, record, form and export of that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from flask import abort, g, request, url_for
from sqlalchemy import ColumnElement, Select, select

from portal.current import district
from portal.database import session
from portal.organizations.service import NotAllowed
from portal.sheets.imports.importer import Importer, key, misnamed
from portal.sheets.profiles import Column, Profile
from portal.sheets.rows import Row
from portal.sheets.screen_words import on_screen, value_on_screen
from portal.web import searching
from portal.words import lazy_gettext as _


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A column of the list. ``key`` names the sort it offers, ``by`` the filter its value leads to."""

    label: Any
    value: Callable[[Any], Any]
    key: str | None = None
    num: bool = False
    by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A filter that lives in the address: the codes ``column`` may have, and their words.

    ``ready``: all of its values are offered above the list; else the chosen one is shown, to be taken off.
    ``unasked``: what the list shows when nothing is chosen.
    """

    name: str
    column: Any
    words: Mapping[str, Any] = field(default_factory=dict)
    ready: bool = True
    unasked: Any = _("全部")

    def chosen(self) -> Any:
        """Return the value that the address asks for, or None."""
        asked = request.args.get(self.name)
        return asked if asked in self.words else None

    def says(self, value: Any) -> str:
        """Say a chosen value."""
        return on_screen(str(self.words[value]))


class Register(ABC):
    """One register of a district. A subclass declares it; it keeps nothing from one request to the next."""

    name: ClassVar[str]  # of the list: its address and endpoint
    one: ClassVar[str]  # of a record: its endpoint, and the subject of its audit rows
    read: ClassVar[str]
    edit: ClassVar[str]
    title: ClassVar[Any]
    hint: ClassVar[Any]  # what can be searched for
    nobody: ClassVar[Any]  # what to do when nothing is found
    adding: ClassVar[Any]
    changing: ClassVar[Any]
    model: ClassVar[Any]
    profile: ClassVar[Profile]  # the sheet's columns are the form's as well
    kind: ClassVar[type[Any]]  # the importer: the sheet's rules too
    columns: ClassVar[tuple[Listed, ...]]
    filters: ClassVar[tuple[Filter, ...]] = ()
    fixed: ClassVar[frozenset[str]] = frozenset({"number"})  # columns that the change form does not ask
    more: ClassVar[str | None] = None  # template of what stands below a record's facts
    #: What a cleared column becomes, where that is not NULL (or nothing, where NULL is not allowed).
    cleared: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    # --- the list -----------------------------------------------------------------------------

    @abstractmethod
    def found(self, *permissions: str) -> Select[Any]:
        """Select what the actor may see with every one of ``permissions``, before any filter."""

    @abstractmethod
    def search(self, text: str) -> ColumnElement[bool] | None:
        """Return the clause that finds what was typed; None: all."""

    @abstractmethod
    def sorts(self) -> dict[str, Any]:
        """Return the columns the list may be sorted by; the first is the usual one."""

    def listed(self, *permissions: str) -> Select[Any]:
        """Select what the address asks for, of what the actor may see."""
        found = self.found(self.read, *permissions)
        clause = self.search(searching.typed())
        if clause is not None:
            found = found.where(clause)
        for one in self.filters:
            value = one.chosen()
            if value is not None:
                found = found.where(one.column == value)
        return found

    @abstractmethod
    def sheet(self, found: Select[Any]) -> tuple[str, list[str], list[list[str]]]:
        """Return name, headers and lines of the handed-out sheet: all of ``found``, in the usual order."""

    def as_imported(self, found: Select[Any]) -> tuple[list[str], list[list[str]]]:
        """Return headers and lines of the sheet that an import takes."""
        table = self.model.__table__
        records = session.scalars(
            select(self.model)
            .where(self.model.id.in_(found.with_only_columns(table.c.id)))
            .order_by(table.c.sort_key, table.c.id)
        ).all()
        columns = [column for column in self.profile.columns if column.name != "number"]
        known = self.importer().known(records)
        lines = [
            [c.show(known[r.id][c.name]) if c.name in known[r.id] else "" for c in columns] for r in records
        ]
        return [column.header for column in columns], lines

    # --- one record ---------------------------------------------------------------------------

    @abstractmethod
    def record(self, record_id: int, permission: str) -> Any:
        """Return a record the actor may treat with ``permission``; None reads the same as unknown."""

    def importer(self, rows: Sequence[Row] = ()) -> Importer:
        """Return the importer of this register's sheet, ready to judge ``rows``."""
        made: Importer = self.kind(district(), g.actor)
        made.prepare(rows)
        return made

    def known(self, row: Any) -> dict[str, Any]:
        """Read a record as its sheet would say it."""
        return self.importer().known([row])[row.id]

    def facts(self, row: Any) -> list[tuple[str, str]]:
        """Return (label, value) of what the record's page shows to this actor."""
        known, columns = self.known(row), self.profile.columns
        return [(on_screen(c.header), value_on_screen(c, known[c.name])) for c in columns if c.name in known]

    def beside(self, row: Any) -> dict[str, Any]:
        """Return what the template ``more`` needs."""
        return {}

    def looked_at(self, row: Any, *, form: bool) -> None:
        """Put on record that somebody looked, where the record is confidential."""
        return None

    # --- the form -----------------------------------------------------------------------------

    def asked(self, row: Any) -> tuple[tuple[Column, ...], dict[str, Sequence[str]]]:
        """Return the columns the form asks for (None: a new record), and what some may be chosen from."""
        fixed = {"number"} if row is None else self.fixed
        return tuple(column for column in self.profile.columns if column.name not in fixed), {}

    def may_add(self) -> bool:
        """Tell whether the actor may take new records in: that is for whoever's role reaches the district."""
        return bool(g.actor.reach(self.edit).everywhere)

    def ended(self, row: Any) -> str | None:
        """Say since when a record is history and can no longer be changed; None: it is alive."""
        return None

    @abstractmethod
    def taken(self, name: str) -> str:
        """Say that what was typed for a new record is registered already, as ``name``."""

    def judge(self, row: Row) -> None:
        """Judge a changed record as a whole, where the sheet's rules need that."""
        return None

    @abstractmethod
    def change(self, row: Any, *, version: int, **values: Any) -> None:
        """Change a record that is still at ``version``; raises ``Conflict`` and ``NotAllowed``."""

    def fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Turn what the form says into what the verb takes; None is a field that was cleared.

        Raises:
            NotAllowed: a name fits nothing of the district, or several.
        """
        importer = self.importer()
        given = {name: value for name, value in values.items() if value is not None}
        for name, known in importer.names.items():
            if name in given:
                label = on_screen(importer.profile.column(name).header)
                why = misnamed(label, given[name], len(known.get(key(given[name]), [])))
                if why:
                    raise NotAllowed(why)
        fields = importer.columns(given)
        table = self.model.__table__.c
        for name in values.keys() - given.keys():
            nothing = {name: None if name not in table or table[name].nullable else ""}
            fields |= self.cleared.get(name, nothing)
        return fields

    # --- addresses ----------------------------------------------------------------------------

    def url(self, act: str = "", record_id: int | None = None) -> str:
        """Return the address of the list, of its "search", or of an act on a record ("": show it)."""
        number: dict[str, Any] = {} if record_id is None else {f"{self.one}_id": record_id}
        if act == "search":
            return url_for(f"desk.search_{self.name}")
        shown = self.name if record_id is None else self.one
        return url_for(f"desk.{act}_{self.one}" if act else f"desk.{shown}", **number)

    def at(self, record_id: int, permission: str) -> Any:
        """Return ``record``, or stop with 404."""
        row = self.record(record_id, permission)
        if row is None:
            abort(404)
        return row
