"""A series of working days is booked before the calendar of its year is published; then it is."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from plugins.bookings import jobs_days_off
from plugins.bookings.judging import Asker
from plugins.bookings.queries import days_off
from plugins.bookings.tests.conftest import Center
from plugins.bookings.verdicts import Span
from portal.api import Model, clock, session, workdays

RULE = "FREQ=DAILY;COUNT=3;X-WORKDAYS=1"


def day(year: int, month: int, number: int) -> Span:
    start = datetime(year, month, number, 9, tzinfo=clock.SHANGHAI)
    return Span(start=start, end=start.replace(hour=10))


def told() -> list[tuple[int, str, str]]:
    table = Model.metadata.tables["notice"]
    found = select(table.c.account_id, table.c.params, table.c.url)
    found = found.where(table.c.template == "bookings.day_off").order_by(table.c.id)
    return [(row.account_id, row.params["when"], row.url) for row in session.execute(found)]


def published(year: int, *off: date) -> None:
    source = workdays.Source(title="测试通知", number="测〔1〕1号", issued_on=date(year - 1, 11, 1))
    days = {one: workdays.Entry(kind="off", name="国庆节") for one in off}
    workdays.publish(workdays.Calendar(year=year, source=source, days=days), by=None)


def test_whoever_booked_hears_which_days_are_off_now(center: Center):
    owner = center.world.account()
    desk = center.world.account(role="desk", district=center.district)
    with clock.frozen(date(2030, 9, 1)), center.inside():
        spans = [day(2030, 9, 30), day(2030, 10, 1), day(2030, 10, 2)]
        own = Asker(account_id=owner.id, staff=True)
        mine = center.book(*spans, rule=RULE, asker=own)
        weekly = center.book(*spans, rule="FREQ=DAILY;COUNT=3", room="东厅", asker=own)
        desks = center.book(*spans, rule=RULE, room="西厅")
        assert days_off.of_booking(mine, center.times(mine)) == (set(), [2030])
        assert days_off.of_booking(weekly, center.times(weekly)) == (set(), [])
        assert days_off.to_tell() == []
        published(2030, date(2030, 10, 1), date(2030, 10, 2))
        for _again in range(2):
            jobs_days_off.tell({})
        off = [row.id for row in center.times(mine)][1:]
        assert days_off.of_booking(mine, center.times(mine)) == (set(off), [])
        when = "2030-10-01 09:00—10:00起，一共2次"
        base = f"/d/{center.district.code}/bookings"
        assert told() == [
            (owner.id, when, f"{base}/{mine.uid}"),
            (desk.id, when, f"{base}/desk/{desks.uid}"),
        ]
        # Who means to come says nothing; a corrected calendar is said once more.
        published(2030, date(2030, 10, 1))
        jobs_days_off.tell({})
        assert [one[1] for one in told()[2:]] == ["2030-10-01 09:00—10:00"] * 2
