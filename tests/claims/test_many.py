"""Fifty real processes at one barrier want the same slots: one has them all, nobody has a part."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.claims import Claim
from portal.database import session
from portal.testing.crowd import crowd


@pytest.mark.parametrize("way", ["claim", "lock_and_claim"])
def test_fifty_want_the_same(district, unit, data_dir: Path, way: str):
    one, two = unit(), unit()
    session.commit()
    given = [
        {
            "district": district.id,
            "units": [one, two] if number % 2 else [two, one],
            "span": [100 + number % 4, 104 + number % 4],
            "number": number,
        }
        for number in range(50)
    ]
    found = crowd(data_dir, f"tests.claims.work:{way}", given)
    assert set(found) <= {"had", "taken"}, Counter(found)
    winners = [number for number, said in enumerate(found) if said == "had"]
    # Spans of four that begin within four slots all overlap: one wins.
    assert len(winners) == 1
    held = session.execute(select(Claim.unit_id, Claim.slot, Claim.holder_id)).all()
    span = given[winners[0]]["span"]
    assert sorted(held) == [(unit_id, slot, winners[0]) for unit_id in (one, two) for slot in range(*span)]
