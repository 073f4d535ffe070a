"""The blueprint of all ways in, its views loaded."""

from __future__ import annotations

from portal.identity import (  # noqa: F401  they add their views
    again_views,
    attach_views,
    factor_views,
    join_views,
    leaving_views,
    notice_views,
    passkey_entry_views,
    passkey_views,
    password_views,
    phone_views,
    security_views,
    step_views,
    stopped_views,
)
from portal.identity.views import identity

__all__ = ["identity"]
