"""Verbs on the district tree and its switches."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import select

from portal import clock
from portal.database import Conflict, everything, session, transaction
from portal.districts.models import District, PluginSwitch
from portal.districts.switch import Row, state_of

KINDS = ("nation", "province", "city", "county", "town", "park", "area")
#: A code of GB/T 2260, up to 12 digits, and what a park of it is told apart by.
CODE = re.compile(r"[0-9]{2,12}(-[a-z0-9]{1,16})?", re.ASCII)
#: Told of each new or renamed district inside its transaction; rooms above hang themselves in (the search).
created: list[Callable[[District], None]] = []


class SwitchLocked(Exception):
    """A higher level (``district_id``) locked this plugin; it cannot be changed here."""

    def __init__(self, plugin: str, district_id: int) -> None:
        super().__init__(plugin)
        self.district_id = district_id


def create(
    *,
    code: str,
    name: str,
    kind: str,
    parent: District | None = None,
    source_note: str = "",
    demo: bool = False,
) -> District:
    """Create a district below ``parent``."""
    with transaction():
        row = District(
            code=code,
            name=name,
            kind=kind,
            parent_id=parent.id if parent else None,
            source_note=source_note,
            is_demo=demo,
        )
        session.add(row)
        session.flush()
        row.path = f"{parent.path if parent else '/'}{row.id}/"
        for tell in created:
            tell(row)
    return row


def rename(district: District, *, name: str, kind: str) -> None:
    """Give a district another name or kind."""
    with transaction():
        hold(district.id)
        district.name, district.kind = name, kind
        session.flush()
        for tell in created:
            tell(district)


def hold(district_id: int) -> None:
    """Let changes of one district's switches and settings wait for one another until the verb ends."""
    # SQLite has one writer anyway. NO KEY UPDATE: rows that only point at the district do not wait.
    session.execute(select(District.id).where(District.id == district_id).with_for_update(key_share=True))


def switch(
    district: District,
    plugin: str,
    *,
    on: bool | None,
    locked: bool = False,
    by: int | None = None,
    seen: str | None = None,
) -> str:
    """Switch a plugin on or off at a district; ``on=None`` goes back to inheriting.

    Data is never touched. Audit is written by the caller's room (admin), in the same transaction.
    ``seen`` is the state (``switch.STATES``) that whoever decides has seen; the state before is returned.

    Raises:
        SwitchLocked: a district above has locked it.
        Conflict: somebody else has changed it since; ``current`` is the state now.
    """
    # A switch belongs to the place that is switched, and is looked up in those above it.
    with everything(), transaction():
        hold(district.id)
        path = district.ancestor_ids
        found = session.scalars(
            select(PluginSwitch)
            .where(PluginSwitch.district_id.in_(path), PluginSwitch.plugin == plugin)
            .execution_options(populate_existing=True)
        ).all()
        row = next((one for one in found if one.district_id == district.id), None)
        above = {one.district_id: one for one in found if one.locked and one is not row}
        if above:
            raise SwitchLocked(plugin, next(place for place in path if place in above))
        before = state_of(Row(district.id, plugin, row.on, row.locked) if row else None)
        if seen is not None and seen != before:
            raise Conflict(current=before)
        _write(district.id, plugin, row, on=on, locked=locked, by=by)
    return before


def force(district_id: int, plugin: str, *, on: bool | None, locked: bool, by: int | None) -> None:
    """Write a switch whatever the levels above say: for who runs the installation (the apply file).

    Below a lock it has no effect until that is taken away.
    """
    with everything(), transaction():
        hold(district_id)
        row = session.scalar(
            select(PluginSwitch)
            .where(PluginSwitch.district_id == district_id, PluginSwitch.plugin == plugin)
            .execution_options(populate_existing=True)
        )
        _write(district_id, plugin, row, on=on, locked=locked, by=by)


def _write(
    district_id: int, plugin: str, row: PluginSwitch | None, *, on: bool | None, locked: bool, by: int | None
) -> None:
    if on is None:
        if row is not None:
            session.delete(row)
    else:
        if row is None:
            row = PluginSwitch(district_id=district_id, plugin=plugin)
            session.add(row)
        row.on, row.locked, row.changed_by, row.changed_at = on, locked, by, clock.now()
    session.flush()
