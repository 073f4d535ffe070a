"""A role of one branch ends there: nothing of the next one is shown or changed, by no route or field."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from plugins.bookings.models import BookingsBooking, BookingsOccurrence, BookingsRoom, BookingsVenue
from portal.database import everything, session, transaction
from portal.identity.models import Grant
from portal.testing import Browser, World
from tests.guards.town import Side, Town, changed, said, state


@pytest.fixture
def town(world: World, app: Flask) -> Town:
    return Town(world, app)


def neighbour(town: Town) -> Side:
    assert town.left.neighbour is not None
    return town.left.neighbour


def official(town: Town) -> Browser:
    """Return somebody who is secretary and collector of the left branch at once."""
    account = town.world.account(
        town.world.member(town.left.branch), role="secretary", organization=town.left.branch
    )
    with everything(), transaction():
        session.execute(insert(Grant), [town._grant(account, "dues_collector", town.left)])
    return town.world.browser(account)


def guests_without_names(host: Side, guests: Side) -> int:
    """Take the guests' names from what they booked in the host's rooms; return how many they have elsewhere.

    Whoever lends a room is told who comes: that booking is the host's record. All others are not.
    """
    with everything(), transaction():
        rooms = select(BookingsRoom.id).join(BookingsVenue, BookingsVenue.id == BookingsRoom.venue_id)
        lent = rooms.where(BookingsVenue.owner_id == host.branch.id)
        times = select(BookingsOccurrence.booking_id).where(BookingsOccurrence.room_id.in_(lent))
        theirs = BookingsBooking.contact_name.startswith(guests.marker)
        session.execute(
            update(BookingsBooking)
            .where(theirs, BookingsBooking.id.in_(times))
            .values(contact_name="—")
            .execution_options(synchronize_session=False)
        )
        return len(session.scalars(select(BookingsBooking.id).where(theirs)).all())


def fields(side: Side, keys: Any) -> dict[str, str]:
    """Return every field by which a form could name a record of ``side``."""
    member = side.members[0]
    numbers = dict.fromkeys(("branch", "organization", "organization_id", "parent"), str(side.branch.id))
    numbers |= dict.fromkeys(("member", "member_id", "id", "who", "holder"), str(member.id))
    numbers |= {f"take-{one.id}": "1" for one in side.members}
    numbers |= {f"amount-{one.id}": "5.00" for one in side.members}
    smuggled = {
        "district_id": "1",
        "role": "district_admin",
        "state": "approved",
        "path": "/",
        "person_id": "1",
    }
    plain = {
        "version": "1",
        "seen": "1",
        "reason": "试一试",
        "day": "2026-01-05",
        "counted": "5.00",
        "other": member.uid,
    }
    return {
        **numbers,
        **smuggled,
        **plain,
        "_once": f"neighbour-{next(keys):08d}",
        "accept": "1",
        "answer": "accept",
    }


def test_branch_roles_see_nothing_of_the_next_branch(town: Town):
    there = neighbour(town)
    assert guests_without_names(town.left, there) > 0, "nothing of theirs to be seen proves nothing"
    found = []
    query = f"?branch={there.branch.id}&organization={there.branch.id}&q={there.marker}"
    for browser in (official(town), town.browser(town.left, "member")):
        for rule in town.rules("GET"):
            path = town.path(rule, there)
            for asked in (path, path + query):
                answer = browser.get(asked)
                text = said(answer).replace(f'value="{there.marker}"', "")
                if (
                    answer.status_code >= 500
                    or f"{there.marker}{'赵'}" in text
                    or f"{there.marker}钱" in text
                ):
                    found.append(f"{asked}: {answer.status_code}")
    assert found == []


def test_branch_roles_change_nothing_of_the_next_branch(town: Town, app: Flask):
    there, keys = neighbour(town), itertools.count()
    before = state(app, of=there)
    assert "member" in before and "request" in before
    for browser in (official(town), town.browser(town.left, "member")):
        for rule in town.rules("POST", inside=True):
            for path in dict.fromkeys((town.path(rule, there), town.path(rule, town.left))):
                answer = browser.post(path, data=fields(there, keys))
                assert answer.status_code < 500, f"{path}: {answer.status_code}"
    assert changed(before, state(app, of=there)) == []


def test_the_desk_does_see_both_branches(town: Town):
    """The marker is real."""
    page = town.browser(town.left, "desk").get(
        f"/d/{town.left.district.code}/desk/members?q={neighbour(town).marker}"
    )
    assert f"{neighbour(town).marker}赵" in page.get_data(as_text=True)
