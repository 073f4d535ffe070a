"""Where a branch stands in the tree: permissions are held below a path."""

from __future__ import annotations

from sqlalchemy import select

from portal.api import Organization, session


def path_of(organization_id: int) -> str:
    """Return an organization's path, or an empty text for one that cannot be seen from here."""
    return str(session.scalar(select(Organization.path).where(Organization.id == organization_id)) or "")


def organization_of(organization_id: int) -> Organization:
    """Return an organization that is known to be there."""
    return session.scalars(select(Organization).where(Organization.id == organization_id)).one()
