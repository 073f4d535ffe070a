"""The switchboard's verbs, and one district's line for each plugin: on or off, and who decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal import audit, pace
from portal.current import registry
from portal.database import everything, session, transaction
from portal.districts import service as districts
from portal.districts.models import District, PluginSwitch
from portal.districts.switch import Row, Rows, effective, said, state_of

ACTION = "plugin.switch"


class UnknownPlugin(LookupError):
    """No plugin of this name is installed, and no switch of it was ever set."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One plugin on the board of one district; ``source`` is the name of whoever decided, "" the default.

    ``own`` is what the district itself says (``switch.STATES``), whether that has an effect or not.
    """

    slug: str
    name: Any
    description: Any
    on: bool
    own: str
    source: str
    source_id: int | None
    here: bool
    locked: bool
    loaded: bool
    error: str = ""
    #: Part of it rests: it was too slow (portal/pace.py).
    slow: bool = False

    @property
    def locked_above(self) -> bool:
        """Tell whether a level above decides, so that nothing can be changed here."""
        return self.locked and not self.here


def subject(slug: str) -> tuple[str, str]:
    """Return what a district's trail calls its switch of a plugin."""
    return "switch", slug


def switches(district_ids: Iterable[int], slug: str | None = None) -> dict[tuple[int, str], Row]:
    """Return the explicit switches of these districts, in one query."""
    table: Any = PluginSwitch.__table__
    found = select(table.c.district_id, table.c.plugin, table.c.on, table.c.locked).where(
        table.c.district_id.in_(sorted(set(district_ids)))
    )
    if slug is not None:
        found = found.where(table.c.plugin == slug)
    with everything():  # the tree, not one district of it; whoever calls knows how far one may see
        rows = session.execute(found).all()
    return {(place, name): Row(place, name, on, locked) for place, name, on, locked in rows}


def slugs(rows: Rows) -> list[str]:
    """Return the plugins a board shows: working ones in their order, broken ones, missing ones with rows."""
    known = [*registry().ordered(), *sorted(registry().broken)]
    return known + sorted({slug for _place, slug in rows} - set(known))


def default_of(slug: str) -> bool:
    """Return what a plugin is where nobody decided; one that is not there is off."""
    plugin = registry().plugins.get(slug)
    return bool(plugin and plugin.on_by_default)


def line(slug: str, path: Sequence[int], rows: Rows, names: Mapping[int, str]) -> Line:
    """Return one plugin's line at the end of ``path``."""
    plugin, broken = registry().plugins.get(slug), registry().broken.get(slug)
    state = effective(slug, default_of(slug), path, rows)
    return Line(
        slug=slug,
        name=plugin.name if plugin else slug,
        description=plugin.description if plugin else "",
        on=state.on,
        own=state_of(rows.get((path[-1], slug))),
        source=names.get(state.source, "") if state.source else "",
        source_id=state.source,
        here=state.source == path[-1],
        locked=state.locked,
        loaded=plugin is not None,
        error=broken.error if broken else "",
        slow=any(one.slug == slug for one in pace.resting(current_app.config["DATA_DIR"])),
    )


def names_of(district_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of districts by id, in one query."""
    wanted = select(District.id, District.name).where(District.id.in_(sorted(set(district_ids))))
    return {place: name for place, name in session.execute(wanted)}


def board(path: Sequence[int]) -> list[Line]:
    """Return every installed, broken or missing plugin with its state at the end of ``path`` (ids)."""
    rows, names = switches(path), names_of(path)
    return [line(slug, path, rows, names) for slug in slugs(rows)]


def known(slug: str) -> bool:
    """Tell whether a plugin of this name is installed, or a switch of it was ever set."""
    if slug in registry().plugins or slug in registry().broken:
        return True
    anywhere = select(PluginSwitch.id).where(PluginSwitch.plugin == slug).limit(1)
    with everything():
        return session.scalar(anywhere) is not None


def switch(district: District, slug: str, *, state: str, actor: Any, seen: str | None = None) -> str:
    """Let a district say ``state`` (``switch.STATES``) of a plugin; it acts on the next request everywhere.

    ``seen`` is what the person who decides saw there. Returns the state before; the same again changes
    nothing and leaves no line in the trail.

    Raises:
        UnknownPlugin: a name nobody knows.
        SwitchLocked: a level above decides.
        Conflict: somebody else has changed it since.
    """
    if not known(slug):
        raise UnknownPlugin(slug)
    on, locked = said(state)
    account = getattr(actor, "account_id", actor)
    with transaction():
        before = districts.switch(district, slug, on=on, locked=locked, by=account, seen=seen)
        if before != state:
            record(district.id, slug, before=before, after=state, actor=account)
    return before


def record(district_id: int, slug: str, *, before: str, after: str, actor: Any) -> None:
    """Write a change of a switch into the trail, in the transaction of the change."""
    audit.record(
        ACTION,
        subject(slug),
        actor=actor,
        district=district_id,
        detail={"plugin": slug, "before": before, "after": after},
    )
