"""The calendar feed is read by a second implementation: ical.js, in a browser, as Thunderbird does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.bookings.judging import Asker
from plugins.bookings.service import feeds
from plugins.bookings.tests.conftest import Center, at, span

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
    account = center.world.account()
    with center.inside():
        made = center.book(
            span(3, 9, 10), title="学习, 讨论；" * 6, asker=Asker(account_id=account.id), by=account.id
        )
        [row] = center.times(made)
        feed = feeds.make_own(account_id=account.id)
    text = client.get(f"/c/{feeds.token(feed.uid)}.ics").get_data(as_text=True)
    page = browser.new_page()
    page.add_script_tag(path=SCRIPT)
    found = page.evaluate(READ, text)
    page.close()
    start = at(3, 9) - timedelta(hours=8)
    assert found == [
        {
            "uid": row.uid,
            "sequence": 0,
            "summary": ("学习, 讨论；" * 6)[:80],
            "location": "测试党群服务中心 培训室 测试路1号",
            "status": "CONFIRMED",
            "zone": "Asia/Shanghai",
            "start": f"{start:%Y-%m-%dT%H:%M:%S}.000Z",
            "end": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}.000Z",
        }
    ]
