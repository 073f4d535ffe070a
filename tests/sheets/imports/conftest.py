"""A desk in a fresh district."""

from __future__ import annotations

import pytest

from tests.sheets.imports.desk import Desk


@pytest.fixture
def desk(world):
    district = world.district(name="甲区")
    account = world.account(role="desk", district=district)
    with world.writing(district):
        yield Desk(world, district, world.ref(district), account.id)


@pytest.fixture
def branch(desk):
    return desk.world.organization(desk.district, name="甲党支部")
