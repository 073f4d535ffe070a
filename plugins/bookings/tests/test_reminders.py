"""Who is reminded of what and when, once: approvers before the deadline, people before their time."""

from __future__ import annotations

from datetime import timedelta

from plugins.bookings.judging import Asker
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.test_jobs import asked, notices, run
from portal.api import session


def test_who_may_approve_is_reminded_once_before_the_deadline(inside: Center):
    inside.setting("approval", "ask")
    admin = inside.world.account(role="district_admin", district=inside.district).id
    branch = inside.world.organization(inside.district)
    inside.world.account(role="secretary", organization=branch)
    inside.world.account(role="auditor", district=inside.district)
    # A desk officer who asks for a room does not answer the own request.
    own = inside.world.account(role="desk", district=inside.district).id
    inside.book(span(9, 9, 10), span(10, 9, 10), asker=Asker(account_id=own), by=own)
    run(at(4, 0) - timedelta(seconds=1))
    assert notices("to_answer") == []
    run(at(4, 0))
    run(at(4, 12))
    assert notices("to_answer") == [admin]


def test_a_secretary_is_reminded_of_requests_for_the_own_venue_only(inside: Center):
    inside.setting("approval", "ask")
    branch, other = (inside.world.organization(inside.district) for _number in range(2))
    mine = inside.world.account(role="secretary", organization=branch).id
    inside.world.account(role="secretary", organization=other)
    inside.venue.owner_id = branch.id
    session.commit()
    asked(inside, span(9, 9, 10))
    run(at(4, 1))
    assert notices("to_answer") == [mine]


def test_people_are_reminded_a_day_and_two_hours_before_and_not_twice(inside: Center):
    _made, account = asked(inside, span(4, 9, 10))
    run(at(3, 9) - timedelta(seconds=1))
    assert notices("reminder") == []
    for hour in (9, 10, 20):
        run(at(3, hour))
    assert notices("reminder") == [account]
    run(at(4, 7) - timedelta(seconds=1))
    assert notices("reminder") == [account]
    for minute in (0, 5, 59):
        run(at(4, 7, minute))
    assert notices("reminder") == [account] * 2
    run(at(4, 9))
    assert notices("reminder") == [account] * 2


def test_who_booked_just_now_is_not_reminded_of_it(inside: Center):
    _made, account = asked(inside, span(2, 11, 12))
    run(at(2, 10, 30))
    assert notices("reminder") == []
    _made, account = asked(inside, span(2, 14, 15))
    run(at(2, 12))
    assert notices("reminder") == [account]


def test_a_reminder_does_not_make_an_open_form_old(inside: Center):
    made, _account = asked(inside, span(4, 9, 10))
    (row,) = inside.times(made)
    before = row.version
    run(at(3, 9))
    (row,) = inside.times(made)
    assert row.reminded_at is not None and row.version == before
