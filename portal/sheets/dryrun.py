"""Judge every row of a sheet without changing anything."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from portal.sheets import guard
from portal.sheets.errors import Cell, shown
from portal.sheets.limits import DEFAULT, Limits
from portal.sheets.profiles import Column, ColumnMap, Profile
from portal.sheets.reading import Table
from portal.sheets.rows import Change, Row, Verdict, data_rows, parse_row
from portal.words import lazy_gettext as _

_CHUNK = 500

# judges rows whose cells are all readable: sets verdict, changes, target, or refuses
Check = Callable[[Sequence[Row]], None]


@dataclass(kw_only=True)
class Report:
    """The dry run of one sheet."""

    profile: Profile
    mapping: ColumnMap
    rows: list[Row]
    skipped: list[int]
    notices: list[Any] = field(default_factory=list)

    def count(self, verdict: Verdict) -> int:
        """Count the rows of one verdict."""
        return sum(row.verdict == verdict for row in self.rows)

    @property
    def counts(self) -> dict[str, int]:
        """Count the judged rows per verdict."""
        return {verdict.value: self.count(verdict) for verdict in Verdict if verdict != Verdict.HIDDEN}

    @property
    def refused(self) -> list[Row]:
        """List the rows that will not be imported."""
        return [row for row in self.rows if row.verdict == Verdict.REFUSED]


def dry_run(
    table: Table,
    profile: Profile,
    mapping: ColumnMap,
    check: Check,
    *,
    limits: Limits = DEFAULT,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Read and judge all rows of a table; see `judge_rows`."""
    numbered: list[tuple[int, list[Cell]]] = []
    skipped: list[int] = []
    for number, cells in data_rows(table, mapping):
        if cells is None:
            skipped.append(number)
        elif len(numbered) >= limits.rows:
            raise guard.too_long(limits)
        else:
            numbered.append((number, cells))
    rows = judge_rows(numbered, profile, mapping, check, date1904=table.date1904, progress=progress)
    return Report(
        profile=profile, mapping=mapping, rows=rows, skipped=skipped, notices=notices_of(table, mapping)
    )


def judge_rows(
    numbered: Iterable[tuple[int, list[Cell]]],
    profile: Profile,
    mapping: ColumnMap,
    check: Check,
    *,
    date1904: bool = False,
    prepare: Check | None = None,
    also: Check | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Row]:
    """Judge (row number, cells); `check` gets the readable rows in pieces of 500, in order.

    `prepare` sees all readable rows before; `also` gets the others, to say at once what else is wrong.
    Two rows of the same key refuse the later one.
    `progress(done, total)` is told after each piece.
    """
    rows: list[Row] = []
    seen: dict[tuple[str, Any], int] = {}
    for number, cells in numbered:
        row = parse_row(number, cells, profile, mapping, date1904=date1904)
        _refuse_double(row, profile, seen)
        rows.append(row)
    if prepare:
        prepare([row for row in rows if not row.reasons])
    for start in range(0, len(rows), _CHUNK):
        piece = rows[start : start + _CHUNK]
        readable = [row for row in piece if not row.reasons]
        unreadable = [row for row in piece if row.reasons]
        if readable:
            check(readable)
        if also and unreadable:
            also(unreadable)
        if progress:
            progress(start + len(piece), len(rows))
    return rows


def _refuse_double(row: Row, profile: Profile, seen: dict[tuple[str, Any], int]) -> None:
    for key in profile.keys:
        value = row.values.get(key)
        if value is None:
            continue
        first = seen.setdefault((key, value), row.number)
        if first != row.number:
            row.refuse(
                _(
                    "“%(label)s”和第%(first)s行重复，请只留一行。",
                    label=profile.column(key).header,
                    first=first,
                )
            )


def notices_of(table: Table, mapping: ColumnMap) -> list[Any]:
    """Say what of the table was not used, and what it lacks."""
    notices = list(table.notices)
    if mapping.extra:
        notices.append(_("这些列没有用到：%(names)s。", names="、".join(mapping.extra)))
    notices += unseen_columns(table, mapping)
    if mapping.absent:
        notices.append(_("表里没有这些列，原来的内容不变：%(names)s。", names="、".join(mapping.absent)))
    return notices


def unseen_columns(table: Table, mapping: ColumnMap) -> list[Any]:
    """Say which of the columns that were read nobody sees in the sheet.

    They are part of every row, the national id among them, and often folded away only to see the others.
    """
    unseen = sorted(set(mapping.positions.values()) & table.hidden.columns)
    names = [mapping.headers[position] for position in unseen if position < len(mapping.headers)]
    return [_("这些列在表里是隐藏的，也读了：%(names)s。", names="、".join(names))] if names else []


def difference(profile: Profile, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """List what `new` would change in `old`; a cell left empty changes nothing."""
    changes = []
    for column in profile.columns:
        if column.name in new and new[column.name] != old.get(column.name):
            before = old.get(column.name)
            changes.append(
                Change(
                    field=column.name,
                    label=column.header,
                    old="" if before is None else shown_value(column, before),
                    new=shown_value(column, new[column.name]),
                )
            )
    return tuple(changes)


def shown_value(column: Column, value: Any) -> str:
    """Write a value as it stands in a sheet."""
    return column.show(value) if not isinstance(value, Decimal) else shown(value)
