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
from plugins.bookings.service import appealing, asking, changing
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import Refused
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
    account = counted.world.account(role="desk", district=counted.district).id
    other = counted.world.account(role="desk", district=counted.district).id
    (point,) = miss(counted, account, 3)
    with clock.frozen(at(4, 9)):
        with pytest.raises(Refused):
            appealing.appeal(point, version=point.version, text=" ", by=account)
        appealing.appeal(point, version=point.version, text="我到了，没找到二维码", by=account)
        # It counts until somebody has answered.
        assert points.halves(account) == 2
        for by, words in ((account, "我自己说的"), (other, " ")):
            with pytest.raises(Refused):
                appealing.answer(point, version=point.version, lifted=True, text=words, by=by)
        appealing.answer(point, version=point.version, lifted=True, text="看过监控，确实来了", by=other)
        assert point.state == "lifted" and points.halves(account) == 0
        with pytest.raises(Conflict):
            appealing.answer(point, version=point.version, lifted=False, text="再想想", by=other)


def test_a_point_that_stays_says_why_and_cannot_be_contested_twice(counted: Center):
    account, other = (counted.world.account().id for _number in range(2))
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
