"""All pages of the desk's registers."""

from __future__ import annotations

from portal.desk import members, organizations, units
from portal.desk.blueprint import desk

__all__ = ["desk", "members", "organizations", "units"]
