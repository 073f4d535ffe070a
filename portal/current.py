"""What belongs to the request or job at hand: its registry, its district."""

from __future__ import annotations

from flask import current_app, g

from portal.plugin import DistrictRef
from portal.registry import Registry


def registry() -> Registry:
    """Return the loaded plugins of the running application."""
    found: Registry = current_app.extensions["portal.registry"]
    return found


def district() -> DistrictRef:
    """Return the district of this request or job.

    Raises:
        LookupError: this page belongs to no district.
    """
    found: DistrictRef | None = g.get("district")
    if found is None:
        raise LookupError("no district here")
    return found


def district_or_none() -> DistrictRef | None:
    """Return the district of this request or job, or None outside of ``/d/<code>/``."""
    return g.get("district")
