"""Verbs on the district tree and its switches."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from portal import clock
from portal.database import session, transaction
from portal.districts.models import District, PluginSwitch

#: Told of each new district inside its transaction; rooms above hang themselves in (the search index).
created: list[Callable[[District], None]] = []


class SwitchLocked(Exception):
    """A higher level locked this plugin; it cannot be changed here."""


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


def switch(
    district: District, plugin: str, *, on: bool | None, locked: bool = False, by: int | None = None
) -> None:
    """Switch a plugin on or off at a district; ``on=None`` goes back to inheriting.

    Data is never touched. Audit is written by the caller's room (admin), in the same transaction.

    Raises:
        SwitchLocked: a district above has locked it.
    """
    with transaction():
        above = district.ancestor_ids[:-1]
        locked_above = session.scalar(
            select(PluginSwitch.id).where(
                PluginSwitch.district_id.in_(above), PluginSwitch.plugin == plugin, PluginSwitch.locked
            )
        )
        if locked_above is not None:
            raise SwitchLocked(plugin)
        row = session.execute(
            select(PluginSwitch).where(PluginSwitch.district_id == district.id, PluginSwitch.plugin == plugin)
        ).scalar_one_or_none()
        if on is None:
            if row is not None:
                session.delete(row)
            return
        if row is None:
            row = PluginSwitch(district_id=district.id, plugin=plugin)
            session.add(row)
        row.on, row.locked, row.changed_by, row.changed_at = on, locked, by, clock.now()
