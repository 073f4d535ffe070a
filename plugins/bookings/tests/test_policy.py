"""Whose decision holds: the room's, else its venue's, else the district's, else one above."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.bookings.policy import policy_of
from plugins.bookings.service import places
from plugins.bookings.tests.conftest import Center
from portal.api import settings
from portal.testing import World


@pytest.mark.parametrize(
    ("name", "default", "above", "here", "of_venue", "of_room"),
    [
        ("approval", "ask", "auto", "ask", "auto", "ask"),
        ("pending", "hold", "compete", "hold", "compete", "hold"),
        ("open_to", "all", "members", "all", "members", "all"),
        ("waiting_list", False, True, False, True, False),
        ("points", False, True, False, True, False),
        # Nothing and nobody said are two things: 0 is a decision.
        ("quota_minutes", 0, 120, 0, 60, 0),
        ("max_ahead_days", 30, 60, 14, 7, 90),
    ],
)
def test_a_decision_goes_down_the_tree_until_somebody_nearer_decides(
    world: World,
    march: None,
    name: str,
    default: Any,
    above: Any,
    here: Any,
    of_venue: Any,
    of_room: Any,
):
    parent = world.district(name="试验市")
    center = Center(world, district=world.district(parent=parent))
    beside = Center(world, district=world.district(parent=parent))
    for one in (center, beside):
        # What these tests begin with is taken back: here nobody has decided anything.
        settings.put(one.district.id, "bookings.approval", None, by=None)
    key = f"bookings.{name}"

    def holds() -> list[Any]:
        """Return what holds for a room, for the next one, and for one of the neighbouring district."""
        found = []
        for one, room in ((center, "培训室"), (center, "东厅"), (beside, "培训室")):
            with one.inside():
                found.append(getattr(policy_of(one.ref, one.room(room)), name))
        return found

    def decide(room_id: int | None, value: Any) -> None:
        with center.inside():
            places.set_policy(center.venue, room_id, by=None, **{name: value})

    room_id = center.room_id("培训室")
    assert holds() == [default] * 3
    settings.put(parent.id, key, above, by=None)
    assert holds() == [above] * 3
    settings.put(center.district.id, key, here, by=None)
    assert holds() == [here, here, above]
    decide(None, of_venue)
    assert holds() == [of_venue, of_venue, above]
    decide(room_id, of_room)
    assert holds() == [of_room, of_venue, above]
    # Taken back one after the other, what stands above holds again.
    decide(room_id, None)
    assert holds() == [of_venue, of_venue, above]
    decide(None, None)
    settings.put(center.district.id, key, None, by=None)
    settings.put(parent.id, key, None, by=None)
    assert holds() == [default] * 3
