"""Units to claim, in a district."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from portal import claims
from portal.database import transaction
from portal.testing import World


@pytest.fixture
def district(world: World) -> Iterator[object]:
    """Work in a district."""
    made = world.district()
    with world.writing(made):
        yield made


@pytest.fixture
def unit(district) -> Callable[..., int]:
    """Return a maker of units."""

    def make(grid: int = 15) -> int:
        with transaction():
            made = claims.make_unit(district_id=district.id, owner="hall", label="测试厅", grid_minutes=grid)
        return made.id

    return make
