"""One record of a branch, for somebody who may see that branch."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import select

from portal.api import Model, Organization, Reach, session

Record = TypeVar("Record", bound=Model)


def at(model: type[Record], record_id: int, reach: Reach) -> Record | None:
    """Return a record whose branch is within reach; None reads the same as unknown.

    ``model`` has an ``organization_id``.
    """
    table: Any = model
    found = session.execute(
        select(model, Organization.path)
        .join(Organization, Organization.id == table.organization_id)
        .where(table.id == record_id)
    ).first()
    return found[0] if found is not None and reach.covers(found.path) else None
