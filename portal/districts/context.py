"""A district as hooks see it, outside of a request: jobs, commands, rights of a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import g
from sqlalchemy import select

from portal.current import registry
from portal.database import in_scope, session
from portal.districts.models import District
from portal.districts.queries import decisions, ids_of, reference, switches
from portal.districts.switch import effective
from portal.plugin import DistrictRef


def defaults() -> dict[str, bool]:
    """Return each loaded plugin's own answer to: on when nobody decided?"""
    return {slug: plugin.on_by_default for slug, plugin in registry().plugins.items()}


def ref(district_id: int) -> DistrictRef:
    """Return the district with its switched-on plugins; the request's own one without a query."""
    current: DistrictRef | None = g.get("district")
    if current is not None and current.id == district_id:
        return current
    found = session.get_one(District, district_id)
    return reference(found, decisions(found.ancestor_ids, defaults()).plugins_on)


def where_on(plugin: str | None) -> list[int]:
    """Return the ids of the districts where ``plugin`` is on; of None: all of them."""
    every = session.execute(select(District.id, District.path).order_by(District.path)).all()
    if plugin is None:
        return [found.id for found in every]
    known = defaults()
    if plugin not in known:
        return []
    # Asked for every periodic job: two queries, whatever the number of districts.
    rows = switches(plugin)
    return [found.id for found in every if effective(plugin, known[plugin], ids_of(found.path), rows).on]


@contextmanager
def looking_at(here: DistrictRef) -> Iterator[None]:
    """Look at one district as its own request would: ``district()`` and the scope, nothing to be written."""
    before = g.get("district")
    g.district = here
    try:
        with in_scope({here.id}):
            yield
    finally:
        g.district = before
