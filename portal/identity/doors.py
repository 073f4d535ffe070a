"""The blueprint of all ways in, its views loaded."""

from __future__ import annotations

from portal.identity import attach_views, leaving_views, password_views  # noqa: F401  they add their views
from portal.identity.views import identity

__all__ = ["identity"]
