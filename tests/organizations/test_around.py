"""Where somebody may set out from: centers, then places by name, none without a position, none of others."""

from __future__ import annotations

from portal.database import session, transaction
from portal.organizations import around
from portal.organizations.models import Place, ServiceCenter
from portal.testing import World


def test_centers_come_first_then_places_by_name_and_nowhere_is_left_out(world: World):
    here, there = world.district(), world.district()
    for district, mark in ((here, "甲"), (there, "乙")):
        with world.writing(district), transaction():
            session.add_all(
                [
                    ServiceCenter(district_id=district.id, name=f"{mark}中心", lat=30.7, lng=117.2),
                    ServiceCenter(district_id=district.id, name=f"{mark}分中心"),
                    Place(district_id=district.id, kind="park", name=f"{mark}园区", lat=30.71, lng=117.21),
                    Place(
                        district_id=district.id, kind="building", name=f"{mark}大厦", lat=30.72, lng=117.22
                    ),
                    Place(district_id=district.id, kind="area", name=f"{mark}片区"),
                ]
            )
    with world.writing(here):
        found = around.starts()
    assert [(one.name, one.lat) for one in found] == [("甲中心", 30.7), ("甲园区", 30.71), ("甲大厦", 30.72)]
    assert [one.key[0] for one in found] == ["c", "p", "p"]
