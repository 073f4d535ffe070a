"""Time as whole numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import claims, clock
from portal.claims.grid import GRIDS

START = datetime(1992, 1, 1, tzinfo=UTC)
INSTANTS = st.timedeltas(timedelta(), timedelta(days=40_000)).map(lambda since: START + since)


@given(INSTANTS, st.sampled_from(GRIDS))
def test_a_slot_begins_where_it_says(at: datetime, grid: int):
    around = claims.nearest(at, grid)
    before = at if around is None else around[0]
    assert before <= at < before + timedelta(minutes=grid)
    assert list(claims.slots(before, before + timedelta(minutes=grid), grid)) == [
        int(before.timestamp()) // 60 // grid
    ]
    assert claims.instant(claims.slots(before, before + timedelta(hours=1), grid).start, grid) == before


@given(INSTANTS, st.sampled_from(GRIDS))
def test_every_full_hour_of_shanghai_is_on_every_grid(at: datetime, grid: int):
    local = at.astimezone(clock.SHANGHAI).replace(minute=0, second=0, microsecond=0)
    assert claims.nearest(local, grid) is None


def test_a_time_between_two_slots_names_both():
    at = datetime(2026, 3, 2, 1, 7, tzinfo=UTC)
    with pytest.raises(claims.OffGrid) as off:
        claims.slots(at, at + timedelta(hours=1), 15)
    assert off.value.nearest == (at.replace(minute=0), at.replace(minute=15))
    assert off.value.at == at


def test_a_second_beside_the_grid_is_off_it():
    at = datetime(2026, 3, 2, 1, 0, 1, tzinfo=UTC)
    with pytest.raises(claims.OffGrid):
        claims.slots(at, at + timedelta(hours=1), 15)


@pytest.mark.parametrize("minutes", [0, -15])
def test_what_ends_before_it_begins_is_no_span(minutes: int):
    at = datetime(2026, 3, 2, 1, tzinfo=UTC)
    with pytest.raises(claims.EmptySpan):
        claims.slots(at, at + timedelta(minutes=minutes), 15)


@pytest.mark.parametrize(("minutes", "slots"), [(0, 0), (1, 1), (15, 1), (16, 2), (30, 2)])
def test_buffers_round_up(minutes: int, slots: int):
    before, after = claims.widened(range(100, 104), before=minutes, after=minutes, grid=15)
    assert (before, after) == (range(100 - slots, 100), range(104, 104 + slots))
