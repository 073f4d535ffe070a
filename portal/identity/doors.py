"""The blueprint of all ways in, its views loaded."""

from __future__ import annotations

from portal.identity import password_views  # noqa: F401  adds its views
from portal.identity.views import identity

__all__ = ["identity"]
