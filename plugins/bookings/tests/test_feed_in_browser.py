"""The calendar feed is read by a second implementation: ical.js, in a browser, as Thunderbird does."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from plugins.bookings.judging import Asker
from plugins.bookings.service import changing, feeds
from plugins.bookings.tests.conftest import Center, span

SCRIPT = Path(__file__).parents[3] / "tests" / "assets" / "ical.es5.min.js"
READ = """text => {
  const root = new ICAL.Component(ICAL.parse(text));
  for (const zone of root.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  return root.getAllSubcomponents("vevent").map(one => {
    const event = new ICAL.Event(one);
    return {
      uid: event.uid, sequence: event.sequence, summary: event.summary, location: event.location,
      status: one.getFirstPropertyValue("status"), zone: event.startDate.zone.tzid,
      start: event.startDate.toJSDate().toISOString(), end: event.endDate.toJSDate().toISOString()
    };
  });
}"""


@pytest.mark.browser
def test_ical_js_reads_the_feed(center: Center, client: Any, browser: Any) -> None:
    """A time as it was booked, a series with a day left out, one moved and one called off."""
    account, title = center.world.account(), "学习, 讨论；" * 6
    asker = Asker(account_id=account.id)
    with center.inside():
        center.book(span(10, 9, 10), by=None)  # somebody else has the second day of the series
        made = [
            center.book(span(3, 9, 10), title=title, asker=asker, by=account.id),
            center.book(
                *(span(day, 9, 10) for day in (4, 10, 18)),
                title="书法班",
                rule="FREQ=WEEKLY;COUNT=3",
                skip=True,
                asker=asker,
                by=account.id,
            ),
            center.book(span(5, 9, 10), title="搬了", asker=asker, by=account.id),
            center.book(span(6, 9, 10), title="不去了", asker=asker, by=account.id),
        ]
        (moved,), (off,) = center.times(made[2]), center.times(made[3])
        room = center.room("东厅")
        changing.move(moved, version=1, span=span(7, 14, 16), room=room, asker=asker, by=account.id)
        changing.cancel([off], versions={off.id: 1}, reason="来不了", by=account.id, staff=False)
        rows = [row for one in made for row in center.times(one) if row.state != "skipped"]
        expected = [
            (rows[0].uid, 0, title[:80], "培训室", "CONFIRMED", span(3, 9, 10)),
            (rows[1].uid, 0, "书法班", "培训室", "CONFIRMED", span(4, 9, 10)),
            (rows[2].uid, 0, "书法班", "培训室", "CONFIRMED", span(18, 9, 10)),
            (rows[3].uid, 1, "搬了", "东厅", "CONFIRMED", span(7, 14, 16)),
            (rows[4].uid, 1, "不去了", "培训室", "CANCELLED", span(6, 9, 10)),
        ]
        feed = feeds.make_own(account_id=account.id)
    text = client.get(f"/c/{feeds.token(feed.uid)}.ics").get_data(as_text=True)
    page = browser.new_page()
    page.add_script_tag(path=SCRIPT)
    found = page.evaluate(READ, text)
    page.close()
    assert sorted(found, key=lambda one: one["uid"]) == sorted(
        (
            {
                "uid": uid,
                "sequence": sequence,
                "summary": summary,
                "location": f"测试党群服务中心 {name} 测试路1号",
                "status": status,
                "zone": "Asia/Shanghai",
                "start": f"{when.start.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
                "end": f"{when.end.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z",
            }
            for uid, sequence, summary, name, status, when in expected
        ),
        key=lambda one: str(one["uid"]),
    )
