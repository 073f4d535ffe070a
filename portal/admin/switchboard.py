"""The switchboard: what is on here and why, what switching off would hide, and the switching itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal import audit
from portal.current import registry
from portal.database import session, transaction
from portal.districts import context
from portal.districts import service as districts
from portal.districts.models import District, PluginSwitch
from portal.districts.switch import Row, effective
from portal.plugin import Hidden


class UnknownPlugin(LookupError):
    """No plugin of this name is installed, and no switch of it was ever set."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One plugin on the board of one district."""

    slug: str
    name: Any
    description: Any
    on: bool
    own: bool | None
    source: str
    locked: bool
    locked_above: bool
    loaded: bool
    error: str = ""


def board(district: District) -> list[Line]:
    """Return every installed, broken or missing plugin with its state here and where that comes from."""
    loaded, broken = registry().plugins, registry().broken
    path = district.ancestor_ids
    names = dict(session.execute(select(District.id, District.name).where(District.id.in_(path))).all())
    rows = {
        (row.district_id, row.plugin): Row(row.district_id, row.plugin, row.on, row.locked)
        for row in session.scalars(select(PluginSwitch).where(PluginSwitch.district_id.in_(path)))
    }
    slugs = [*registry().ordered(), *sorted(broken)]
    slugs += sorted({slug for _place, slug in rows} - set(slugs))
    lines = []
    for slug in slugs:
        plugin = loaded.get(slug)
        state = effective(slug, bool(plugin and plugin.on_by_default), path, rows)
        own = rows.get((district.id, slug))
        lines.append(
            Line(
                slug=slug,
                name=plugin.name if plugin else slug,
                description=plugin.description if plugin else "",
                on=state.on,
                own=own.on if own else None,
                source=names.get(state.source, "") if state.source else "",
                locked=bool(own and own.locked),
                locked_above=state.locked and state.source != district.id,
                loaded=plugin is not None,
                error=broken[slug].error if slug in broken else "",
            )
        )
    return lines


def warnings(district: District, slug: str) -> list[Hidden]:
    """Return what would be hidden if ``slug`` were switched off at this district."""
    here = context.ref(district.id)
    for owner, call in registry().implementers("switch_off_warnings"):
        if owner == slug:
            return [hidden for hidden in call(district=here) or () if hidden.count]
    return []


def switch(district: District, slug: str, *, on: bool | None, locked: bool = False, actor: Any) -> None:
    """Switch a plugin on, off or back to inherit (``on=None``); on the next request of every worker.

    Raises:
        UnknownPlugin: a name nobody knows.
        SwitchLocked: a level above decides.
    """
    known = slug in registry().plugins or slug in registry().broken
    if not known and session.scalar(select(PluginSwitch.id).where(PluginSwitch.plugin == slug)) is None:
        raise UnknownPlugin(slug)
    account = getattr(actor, "account_id", actor)
    with transaction():
        districts.switch(district, slug, on=on, locked=locked, by=account)
        audit.record(
            "plugin.switch",
            ("district", district.id),
            actor=account,
            district=district.id,
            detail={"plugin": slug, "on": on, "locked": locked},
        )
