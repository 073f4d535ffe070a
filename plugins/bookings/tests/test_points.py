"""Points: three in sixty days, for thirty days; half for late; each with an end and an appeal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings import jobs, points
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsPoint
from plugins.bookings.policy import policy_of
from plugins.bookings.service import appealing, asking, changing, late
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import Refused, Span
from portal.api import Conflict, clock, session


@pytest.fixture
def counted(inside: Center) -> Center:
    inside.setting("points", True)
    inside.setting("release", True)
    return inside


def book(inside: Center, account: int, day: int, hour: int = 9, *, month: int = 3, **values: Any) -> Any:
    when = span(day, hour, hour + 1, month=month)
    made = inside.book(when, asker=Asker(account_id=account), by=account, **values)
    return inside.times(made)[0]


def miss(
    inside: Center, account: int, *days: int, month: int = 3, room: str = "培训室"
) -> list[BookingsPoint]:
    for day in days:
        book(inside, account, day, month=month, room=room)
        with clock.frozen(at(day, 9, 15, month=month)):
            jobs.tick({})
    session.expire_all()
    return list(session.scalars(select(BookingsPoint).order_by(BookingsPoint.id)))


def asks(inside: Center, account: int) -> bool:
    policy = policy_of(inside.ref, inside.room())
    return asking.needs_approval(policy, Asker(account_id=account), by=account)


def test_three_no_shows_ask_for_an_approval_for_thirty_days(counted: Center):
    account = counted.world.account().id
    miss(counted, account, 3, 4)
    with clock.frozen(at(5, 8)):
        assert not asks(counted, account)
    miss(counted, account, 5)
    third = at(5, 9, 15)
    # From the third on, to the second: criterion 14.
    for instant, expected in (
        (third, True),
        (third + timedelta(days=30) - timedelta(seconds=1), True),
        (third + timedelta(days=30), False),
    ):
        with clock.frozen(instant):
            assert asks(counted, account) is expected
    assert not asks(counted, counted.world.account().id)


def test_the_thirty_days_last_although_the_first_of_three_ends_meanwhile(counted: Center):
    counted.setting("max_ahead_days", 90)
    account = counted.world.account().id
    # The first two end on 2 and 3 May.
    miss(counted, account, 3, 4)
    miss(counted, account, 30, month=4)
    third = at(30, 9, 15, month=4)
    for instant, expected in (
        (third, True),
        (third + timedelta(days=5), True),
        (third + timedelta(days=30) - timedelta(seconds=1), True),
        (third + timedelta(days=30), False),
    ):
        with clock.frozen(instant):
            assert asks(counted, account) is expected, instant
    # Two days later the third would have come as the first was over: never three at one time.
    other = counted.world.account().id
    miss(counted, other, 3, 4, room="东厅")
    miss(counted, other, 2, month=5, room="东厅")
    with clock.frozen(at(2, 9, 15, month=5)):
        assert not asks(counted, other)


def test_a_point_ends_after_sixty_days_to_the_second(counted: Center):
    account = counted.world.account().id
    (point,) = miss(counted, account, 3)
    assert point.expires_at == at(3, 9, 15) + timedelta(days=60)
    with clock.frozen(point.expires_at - timedelta(seconds=1)):
        assert points.halves(account) == 2
    with clock.frozen(point.expires_at):
        assert points.halves(account) == 0


@pytest.mark.parametrize(("seconds", "halves"), [(24 * 3600 + 1, 0), (24 * 3600, 0), (24 * 3600 - 1, 1)])
def test_calling_off_late_counts_half_and_a_day_before_is_free(counted: Center, seconds: int, halves: int):
    account = counted.world.account().id
    row = book(counted, account, 9)
    with clock.frozen(at(9, 9) - timedelta(seconds=seconds)):
        changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=account, staff=False)
        assert points.halves(account) == halves


def test_where_nobody_counts_nothing_is_counted(inside: Center):
    inside.setting("release", True)
    account = inside.world.account().id
    assert miss(inside, account, 3, 4, 5) == []
    assert not asks(inside, account)


def test_an_appeal_is_answered_by_somebody_else_with_a_reason(counted: Center):
    own, other = counted.staff(), counted.staff()
    account = own.account_id
    assert account is not None
    (point,) = miss(counted, account, 3)
    with clock.frozen(at(4, 9)):
        with pytest.raises(Refused):
            appealing.appeal(point, version=point.version, text=" ", by=account)
        appealing.appeal(point, version=point.version, text="我到了，没找到二维码", by=account)
        # It counts until somebody has answered.
        assert points.halves(account) == 2
        for by, words in ((own, "我自己说的"), (other, " ")):
            with pytest.raises(Refused):
                appealing.answer(point, version=point.version, lifted=True, text=words, by=by)
        appealing.answer(point, version=point.version, lifted=True, text="看过监控，确实来了", by=other)
        assert point.state == "lifted" and points.halves(account) == 0
        with pytest.raises(Conflict):
            appealing.answer(point, version=point.version, lifted=False, text="再想想", by=other)


def test_a_point_that_stays_says_why_and_cannot_be_contested_twice(counted: Center):
    account, other = counted.world.account().id, counted.staff()
    (point,) = miss(counted, account, 3)
    with clock.frozen(at(4, 9)):
        with pytest.raises(Conflict):
            appealing.answer(point, version=point.version, lifted=False, text="没人说过", by=other)
        appealing.appeal(point, version=point.version, text="堵车", by=account)
        appealing.answer(point, version=point.version, lifted=False, text="没有提前说", by=other)
        assert (point.state, points.halves(account)) == ("upheld", 2)
        with pytest.raises(Conflict):
            appealing.appeal(point, version=point.version, text="再说一次", by=account)


def test_what_has_ended_needs_no_appeal(counted: Center):
    account = counted.world.account().id
    (point,) = miss(counted, account, 3)
    with clock.frozen(point.expires_at), pytest.raises(Refused):
        appealing.appeal(point, version=point.version, text="堵车", by=account)


@pytest.mark.parametrize(
    ("room", "new", "halves"),
    [
        ("培训室", span(20, 9, 10), 1),
        ("东厅", span(9, 9, 10), 1),
        ("培训室", span(9, 10, 11), 1),
        ("培训室", span(9, 9, 12), 0),
        ("培训室", span(9, 10, 12), 1),
        ("培训室", Span(start=at(9, 9, 30), end=at(9, 10)), 0),
    ],
)
def test_moving_late_leaves_the_old_time_as_calling_off_does(
    counted: Center, room: str, new: Span, halves: int
):
    account = counted.world.account().id
    row, there = book(counted, account, 9), counted.room(room)
    with clock.frozen(at(9, 9) - timedelta(hours=23)):
        asker = Asker(account_id=account)
        assert late.late_moves([row], [new], there, asker) == halves
        changing.move(row, version=row.version, span=new, room=there, asker=asker, by=account)
        assert points.halves(account) == halves


def test_moving_early_or_by_the_desk_or_where_nobody_counts_costs_nothing(counted: Center):
    account, desk = counted.world.account().id, counted.staff().account_id
    assert desk is not None
    first, second, third = (book(counted, account, day) for day in (9, 10, 11))
    mine, theirs = Asker(account_id=account), Asker(account_id=account, staff=True)

    def move(row: Any, when: Any, asker: Asker, by: int) -> None:
        with clock.frozen(when):
            later = span(20 + row.id, 9, 10)
            changing.move(row, version=row.version, span=later, room=counted.room(), asker=asker, by=by)

    move(first, at(9, 9) - timedelta(hours=24), mine, account)
    move(second, at(10, 8), theirs, desk)
    counted.setting("points", False)
    move(third, at(11, 8), mine, account)
    assert session.scalars(select(BookingsPoint)).all() == []


def test_who_moved_late_and_then_does_not_come_has_both(counted: Center):
    account = counted.world.account().id
    row = book(counted, account, 9)
    with clock.frozen(at(9, 8)):
        new = span(9, 14, 15)
        changing.move(
            row,
            version=row.version,
            span=new,
            room=counted.room(),
            asker=Asker(account_id=account),
            by=account,
        )
    with clock.frozen(at(9, 14, 15)):
        jobs.tick({})
        (point,) = session.scalars(select(BookingsPoint))
        assert (point.why, point.halves, points.halves(account)) == ("no_show", 3, 3)
