"""Rooms, shared venues, agreements and some weeks of bookings for the demo districts; all of it invented."""

from __future__ import annotations

import random

from portal.api import DistrictRef

from . import demo_agreements, demo_bookings, demo_people, demo_places


def register(district: DistrictRef, seed: int) -> None:
    """Write the bookings of one demo district in the caller's transaction; a seed always gives the same.

    Dates follow from the day of loading. Uids differ each time, as those of the core's demo do.
    """
    dice = random.Random(f"bookings:{seed}:{district.code}")
    people = demo_people.of(district)
    center = demo_places.center(district)
    shared = demo_places.shared(district, dice)
    demo_agreements.write(district, shared, people, dice)
    demo_bookings.write(district, center, people, dice)
