"""What one of many processes does: claim without looking and without a lock; the key alone decides."""

from __future__ import annotations

from typing import Any

from portal import claims
from portal.database import in_scope, transaction


def claim(given: dict[str, Any]) -> str:
    """Take some slots of two units for one holder; say whether they were had."""
    district_id = given["district"]
    wants = [claims.Want(unit_id=unit, span=range(*given["span"])) for unit in given["units"]]
    with in_scope([district_id], write=district_id):
        try:
            claims.reserve(claims.Holder("hall.booking", given["number"]), wants, district_id=district_id)
        except claims.Taken:
            return "taken"
    return "had"


def lock_and_claim(given: dict[str, Any]) -> str:
    """Do the same under a lock, units named in any order: nobody may wait for somebody who waits."""
    district_id = given["district"]
    with in_scope([district_id], write=district_id), transaction():
        claims.lock(given["units"])
        return claim(given)
