"""Checking in: when, by whom, once; taking it back; leaving early."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings import jobs, presence
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsWish
from plugins.bookings.service import arriving, waiting
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import Refused, Span
from portal.api import Conflict, claims, clock, session

#: Seconds from the start of the booking (09:00 to 11:00), and what is said; criterion 14 with its edges.
GOLDEN = [
    (True, -15 * 60 - 1, "还早，08:45起可以签到。"),
    (True, -15 * 60, ""),
    (True, 0, ""),
    (True, 14 * 60 + 59, ""),
    (True, 15 * 60, "过了签到的时间（09:15），请问服务台。"),
    (True, 60 * 60, "过了签到的时间（09:15），请问服务台。"),
    # Where nothing is let go, the room waits for who comes late.
    (False, -15 * 60 - 1, "还早，08:45起可以签到。"),
    (False, 15 * 60, ""),
    (False, 2 * 60 * 60 - 1, ""),
    (False, 2 * 60 * 60, "过了签到的时间（11:00），请问服务台。"),
]


def made(inside: Center, *spans: Span, **values: Any) -> Any:
    account = inside.world.account().id
    booking = inside.book(*spans, asker=Asker(account_id=account), by=account, **values)
    return inside.times(booking)[0], account


@pytest.mark.parametrize(("release", "seconds", "said"), GOLDEN)
def test_one_may_check_in_from_before_the_start_until_the_grace_is_over(
    inside: Center, release: bool, seconds: int, said: str
):
    inside.setting("release", release)
    row, account = made(inside, span(3, 9, 11))
    with clock.frozen(at(3, 9) + timedelta(seconds=seconds)):
        if said:
            with pytest.raises(Refused) as refused:
                arriving.check_in(row, version=row.version, by=account)
            assert [one.text for one in refused.value.refusals] == [said]
        else:
            arriving.check_in(row, version=row.version, by=account)
            assert row.state == "checked_in" and row.arrived_at == clock.now()
    inside.owns_its_slots()


def test_a_second_check_in_is_refused_in_words(inside: Center):
    row, account = made(inside, span(3, 9, 11))
    with clock.frozen(at(3, 9, 2)):
        arriving.check_in(row, version=row.version, by=account)
        with pytest.raises(Refused) as refused:
            arriving.check_in(row, version=row.version, by=account)
    assert [one.text for one in refused.value.refusals] == ["09:02已经签到了，不用再签。"]


@pytest.mark.parametrize("state", ["cancelled", "refused", "displaced"])
def test_what_is_no_booking_any_more_is_a_conflict(inside: Center, state: str):
    row, account = made(inside, span(3, 9, 11))
    row.state, row.reason = state, "测试"
    session.commit()
    with clock.frozen(at(3, 9)), pytest.raises(Conflict):
        arriving.check_in(row, version=row.version, by=account)


def test_a_request_is_not_checked_in(inside: Center):
    inside.setting("approval", "ask")
    row, account = made(inside, span(3, 9, 11))
    with clock.frozen(at(3, 9)), pytest.raises(Refused) as refused:
        arriving.check_in(row, version=row.version, by=account)
    assert [one.text for one in refused.value.refusals] == ["这个申请还没有答复，不能签到。请问服务台。"]


def test_a_wrong_check_in_is_taken_back_within_ten_minutes(inside: Center):
    row, account = made(inside, span(3, 9, 11))
    with clock.frozen(at(3, 9)):
        arriving.check_in(row, version=row.version, by=account)
    with clock.frozen(at(3, 9, 10)):
        arriving.undo(row, version=row.version, by=account)
        assert row.state == "approved" and row.arrived_at is None
        arriving.check_in(row, version=row.version, by=account)
    with clock.frozen(at(3, 9, 20) + timedelta(seconds=1)), pytest.raises(Refused):
        arriving.undo(row, version=row.version, by=account)
    inside.owns_its_slots()


def test_leaving_early_frees_the_rest_and_keeps_the_minutes_to_tidy_up(inside: Center):
    inside.setting("buffer_after", 15)
    inside.setting("waiting_list", True)
    row, account = made(inside, span(3, 9, 12))
    other = inside.world.account().id
    waiting.join(inside.wanted(span(3, 10, 11), asker=Asker(account_id=other)), by=other)
    with clock.frozen(at(3, 9)):
        arriving.check_in(row, version=row.version, by=account)
    with clock.frozen(at(3, 9, 38)):
        arriving.leave(row, version=row.version, by=account)
    assert row.state == "completed" and row.left_at == at(3, 9, 38)
    # 09:38 and 15 minutes are 09:53: the slots from 10:00 on are let go.
    assert len(claims.held(claims.Holder("bookings.occurrence", row.id))) == 4
    (wish,) = session.scalars(select(BookingsWish))
    assert wish.state == "offered"
    inside.owns_its_slots()


def test_who_waits_beside_a_freed_time_is_offered_it_too(inside: Center):
    from plugins.bookings.service import changing

    inside.setting("buffer_after", 30)
    inside.setting("waiting_list", True)
    row, account = made(inside, span(3, 9, 10))
    other = inside.world.account().id
    waiting.join(inside.wanted(span(3, 10, 11), asker=Asker(account_id=other)), by=other)
    changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=account, staff=False)
    (wish,) = session.scalars(select(BookingsWish))
    assert wish.state == "offered"
    inside.owns_its_slots()


def test_nobody_leaves_who_has_not_come(inside: Center):
    row, account = made(inside, span(3, 9, 12))
    with clock.frozen(at(3, 9)), pytest.raises(Conflict):
        arriving.leave(row, version=row.version, by=account)


def test_a_code_is_six_digits_of_this_installation(inside: Center):
    row, _account = made(inside, span(3, 9, 12))
    assert re.fullmatch(r"\d{6}", presence.code(row.uid))
    assert presence.code(row.uid) == presence.code(row.uid) != presence.code(row.uid[::-1])


def race(argument: dict[str, int]) -> str:
    """Check in, or let the job look, in a process of its own (for ``crowd``)."""
    from flask import current_app

    from plugins.bookings.models import BookingsOccurrence
    from plugins.bookings.tests.test_jobs import within
    from portal.testing import World

    with within(World(current_app), argument["district"]), clock.frozen(at(3, 9, 15) - timedelta(seconds=1)):
        if argument["job"]:
            with clock.frozen(at(3, 9, 15)):
                jobs.tick({})
            return "looked"
        row = session.get_one(BookingsOccurrence, argument["row"])
        try:
            arriving.check_in(row, version=argument["version"], by=argument["account"])
        except (Refused, Conflict) as late:
            return type(late).__name__
        return "in"


def test_a_last_minute_check_in_and_the_job_never_both_win(inside: Center, data_dir: Path):
    from portal.testing.crowd import crowd

    inside.setting("release", True)
    row, account = made(inside, span(3, 9, 12))
    session.commit()
    given = {"district": inside.district.id, "row": row.id, "version": row.version, "account": account}
    results = crowd(
        data_dir,
        "plugins.bookings.tests.test_arriving:race",
        [{**given, "job": number % 2} for number in range(8)],
    )
    session.expire_all()
    (found,) = inside.times()
    assert results.count("in") == (found.state == "checked_in")
    assert found.state in ("checked_in", "no_show")
    assert set(results) <= {"in", "looked", "Refused", "Conflict"}
    inside.owns_its_slots()
