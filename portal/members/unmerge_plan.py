"""What undoing a merge would do with each row the merge touched, as things stand now.

A row that was changed since goes back as it is now; a row on which something of the record that was kept
stands since (a month on the books) stays there. The preview and the act read the same plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_

from portal.database import Model, rows, session
from portal.members.journal import Entry, current, mark, model_of, unseal
from portal.members.models import MemberMerge
from portal.organizations.service import NotAllowed
from portal.words import gettext as _


@dataclass(kw_only=True)
class Plan:
    """What an undo would do with each row the merge touched."""

    back: list[Entry] = field(default_factory=list)
    #: Changed since: back, but with the change.
    altered: list[Entry] = field(default_factory=list)
    #: In use by the kept record since, or moved on to a third one.
    stays: list[Entry] = field(default_factory=list)
    gone: list[Entry] = field(default_factory=list)
    #: Those that go back, changed since or not, as the merge touched them.
    touched: list[Entry] = field(default_factory=list)

    def stayed(self) -> dict[str, list[int]]:
        """Return the ids of the rows that stay, by table."""
        found: dict[str, list[int]] = {}
        for entry in self.stays:
            found.setdefault(entry.table, []).append(entry.id)
        return found


def planned(merged: MemberMerge, *, lock: bool = False) -> Plan:
    """Return what an undo would do; ``lock`` holds the rows for the one that does it now.

    Raises:
        NotAllowed: the journal is gone, or a plugin whose rows were moved is not installed.
    """
    if merged.journal_sealed is None:
        raise NotAllowed(_("合并时的记录已经清除，不能撤销了。"))
    entries, plan = unseal(merged.journal_sealed, merged.uid), Plan()
    try:
        now = current(entries, lock=lock)
    except LookupError:
        raise NotAllowed(_("有一项服务现在没有装上，它的记录退不回去。请管理员装好再撤销。")) from None
    used = _in_use(entries, merged.kept_id)
    for entry in entries:
        row = now.get((entry.table, entry.id))
        if entry.removed:
            plan.back.append(entry)
        elif row is None:
            plan.gone.append(entry)
        elif (entry.table, entry.id) in used or any(row[c] != entry.after[c] for c in _handed_over(entry)):
            plan.stays.append(entry)
        elif mark(row) != entry.mark:
            # Only what still stands as the merge put it is put back.
            entry.before = {
                name: held for name, held in entry.before.items() if row[name] == entry.after[name]
            }
            plan.altered.append(entry)
        else:
            plan.back.append(entry)
    returning = {id(entry) for entry in (*plan.back, *plan.altered)}
    plan.touched = [entry for entry in entries if id(entry) in returning]
    return plan


def summary(entries: Iterable[Entry]) -> list[tuple[str, int]]:
    """Return (what it is, how many) of the rows that change hands, for a page."""
    counted: Counter[str] = Counter()
    for entry in entries:
        if entry.removed or _handed_over(entry):
            counted[str(model_of(entry.table).__table__.info.get("label") or _("其他记录"))] += 1
    return sorted(counted.items())


def _handed_over(entry: Entry) -> list[str]:
    """Return the columns by which a row came to belong to the other record."""
    return [
        name
        for name in _members(model_of(entry.table).__table__)
        if name in entry.after and entry.before[name] != entry.after[name]
    ]


def _members(table: Any) -> list[str]:
    return [column.name for column in table.c if _points(column, "member")]


def _points(column: Any, table: str) -> bool:
    return any(key.column.table.name == table for key in column.foreign_keys)


def _in_use(entries: Sequence[Entry], kept_id: int) -> set[tuple[str, int]]:
    """Return the handed-over rows that something of the kept record, not handed over itself, refers to."""
    own = {(entry.table, entry.id) for entry in entries}
    moved: dict[str, list[int]] = {}
    for entry in entries:
        if not entry.removed and _handed_over(entry):
            moved.setdefault(entry.table, []).append(entry.id)
    found: set[tuple[str, int]] = set()
    for table in Model.metadata.tables.values():
        holders = [table.c[name] for name in _members(table)]
        for column in table.c if holders else ():
            for name, ids in moved.items():
                if _points(column, name):
                    asked = rows(model_of(table.name), table.c.id, column.label("used")).where(
                        column.in_(ids), or_(*(holder == kept_id for holder in holders))
                    )
                    found |= {
                        (name, row.used) for row in session.execute(asked) if (table.name, row.id) not in own
                    }
    return found
