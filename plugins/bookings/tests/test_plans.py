"""What the desk's lists read grows with the page, not with all bookings there are (SQLite's own plans)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from plugins.bookings import quota
from plugins.bookings.judging import Asker
from plugins.bookings.policy import policy_of
from plugins.bookings.queries import feeds, mine, places, report, requests
from plugins.bookings.queries.desk_list import Filter, lines
from plugins.bookings.queries.holders import Hands, has_booking_at
from plugins.bookings.tests.conftest import Center, span
from portal.api import session
from portal.testing import plan_of, reads

# PostgreSQL plans by what is in the tables, and reads small ones whole: `make bench` fills them.
pytestmark = pytest.mark.sqlite


def steps(center: Center, ask: Callable[[frozenset[int]], Any]) -> list[str]:
    """Return what SQLite does for the occurrences that ``ask`` reads, and where it sorts what it has read."""
    with center.inside():
        rooms = frozenset(room.id for room in places.rooms())
        with reads() as seen:
            ask(rooms)
        session.remove()
    return [
        step
        for statement, parameters in seen.items()
        for step in plan_of(statement, parameters)
        if step.startswith(("SCAN", "SEARCH bookings_occurrence", "USE TEMP B-TREE FOR ORDER"))
    ]


def test_the_desks_lists_are_read_along_an_index(center: Center):
    first, along = date(2026, 3, 1), "SEARCH bookings_occurrence USING INDEX ix_bookings_occurrence"
    of_all: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, f"{along}_time (district_id=?)"),
        ({"first": first}, f"{along}_time (district_id=? AND starts_at>?)"),
        ({"sort": "-time"}, f"{along}_time (district_id=?)"),
    )
    for wanted, found in of_all:
        listed = steps(center, lambda rooms, wanted=wanted: lines(Filter(room_ids=rooms, **wanted)))
        assert listed == [found], "read whole and sorted instead of read in order"
    assert steps(center, requests.waiting)[0] == f"{along}_state (district_id=? AND state=?)"
    used = steps(center, lambda _rooms: report.report(first, first, within=lambda _room: True))
    assert f"{along}_state (district_id=? AND state=? AND starts_at>? AND starts_at<?)" in used
    # Whoever books is held against the own bookings, not against everything that is to come.
    person = center.world.account(phone="10012345678").id
    for had in (
        steps(center, lambda _rooms: quota.used(person, first, first)),
        steps(
            center,
            lambda _rooms: quota.against(
                policy_of(center.ref, center.room()), account_id=person, spans=[span(3, 9, 10)]
            ),
        ),
    ):
        assert had and all(
            step.startswith(f"{along}_booking (district_id=? AND booking_id=?") for step in had
        )


def test_what_an_organization_has_is_read_by_its_own_key(center: Center):
    """Neither two offices nor the own login besides make SQLite read everything of the district."""
    branches = [center.world.organization(center.district) for _ in range(2)]
    person = center.world.account(role="secretary", organization=branches[0]).id
    offices = frozenset(branch.id for branch in branches)
    both = Hands(account_id=person, offices=offices)
    first = center.world.account().id
    with center.inside():
        for branch in offices:
            made = center.book(
                span(3, 9 + branch % 9, 10 + branch % 9),
                asker=Asker(account_id=first, organization_id=branch),
            )
            assert made.organization_id == branch
        venue = center.room().venue_id
    for ask in (
        lambda: mine.page(Hands(offices=offices), coming=True),
        lambda: mine.wishes(both),
        lambda: has_booking_at(both, venue),
        lambda: feeds.mine(person),
    ):
        with center.inside():
            session.remove()
            with reads() as seen:
                ask()
            session.remove()
        found = [step for statement, given in seen.items() for step in plan_of(statement, given)]
        about = [
            step for step in found if step.startswith(("SCAN bookings", "SEARCH bookings_", "SEARCH role"))
        ]
        assert any("_organization_id (organization_id=?)" in step for step in about)
        whole = [step for step in about if step.endswith("(district_id=?)") or step.startswith("SCAN")]
        times = [step for step in about if "bookings_occurrence" in step and "booking_id=?" not in step]
        assert (whole, times) == ([], []), "everything of the district is read"
