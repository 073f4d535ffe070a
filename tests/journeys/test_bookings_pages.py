"""Pages of the bookings look as they should, on a phone and a desk, large and with something on them.

Those of the desk and the two ways of a member are measured where they are walked.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsVenue
from plugins.bookings.service import feeds, handing, places, waiting
from plugins.bookings.tests import conftest
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.sharing import Shared
from plugins.bookings.tests.test_points import miss
from plugins.bookings.tests.test_visits import ask, booking, guide
from portal.api import Account, clock, session, transaction
from portal.database import everything
from tests import looks
from tests.browser import Live

#: The plugin's own fixtures, which are known in its folder only.
center, march = conftest.center, conftest.march
pytestmark = [pytest.mark.browser, pytest.mark.once]
SHOTS = os.environ.get("BOOKINGS_SHOTS", "")
#: By name; elder mode asks more of pages that everybody opens.
EVERYBODY = {
    "find": "",
    "found": "?day=2026-03-10&from=11:00&to=12:00&people=35&item=移动音响&lat=31.2&lng=121.5",
    "venues": "venues/?lat=31.2&lng=121.5",
    "venue": "venues/{shared}",
    "room": "rooms/{room}",
    "visits": "visits/",
    "visit-form": "visits/new",
    "wishes": "wishes",
    "wish": "wishes/{wish}",
    "my-points": "keep/mine/points",
    "calendar": "calendar",
}
STAFF = {
    "calendars": "calendar/rooms",
    "take-in": "take-in",
    "take-in-sheet": "take-in/sheet",
    "report": "report?period=2026-03",
    "agreements": "agreements/",
    "agreement": "agreements/{agreement}",
    "agreement-form": "agreements/new",
    "agreement-edit": "agreements/{draft}/edit",
    "agreement-end": "agreements/{agreement}/end",
    "visits-desk": "visits/desk",
    "visit": "visits/{visit}",
    "guides": "visits/guides",
    "keep-venues": "keep/venues",
    "keep-venue": "keep/venues/{venue}",
    "keep-venue-form": "keep/venues/{venue}/edit",
    "keep-room-form": "keep/rooms/{room}/edit",
    "keep-hours": "keep/venues/{venue}/hours",
    "keep-policy": "keep/rooms/{room}/policy",
    "keep-equipment": "keep/venues/{venue}/equipment",
    "poster": "keep/rooms/{room}/poster",
    "arrive": "keep/arrive/{room}",
    "now": "keep/now",
    "handovers": "keep/handover",
    "hand-out": "keep/handover/{time}",
    "points": "keep/points",
}


def kept(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def full(center: Center, account: Any) -> dict[str, str]:
    """Put something on every page; return the names in their addresses."""
    by = center.world.actor(account, center.district)
    for name in ("points", "release", "waiting_list"):
        center.setting(name, True)
    venue = session.get_one(BookingsVenue, center.venue.id)
    venue.lat, venue.lng = 31.201, 121.501
    shared = Shared(center)
    agreed, draft = shared.agree(), shared.draft()
    kind = places.make_equipment(center.venue, name="移动音响", pieces=2, by=None)
    session.commit()
    assert miss(center, account.id, 3)
    (row,) = center.times(center.book(span(3, 11, 13), needs={kind.id: 1}, title="书法课"))
    center.book(span(10, 9, 10), room="培训室", title="支部学习")
    handing.hand_out(row, what="西门钥匙", piece=None, taken_by="王测", by=by)
    wanted = center.wanted(span(10, 9, 10), asker=Asker(account_id=account.id))
    wish = waiting.join(wanted, by=account.id)
    guide(center)
    visit = ask(center, 11, 9, 11, with_guide=True)
    feeds.make_own(account_id=account.id)
    feeds.make_for_room(center.room(), by=by)
    session.commit()
    return {
        "venue": center.venue.uid,
        "shared": shared.venue.uid,
        "room": center.room().uid,
        "agreement": agreed.uid,
        "draft": draft.uid,
        "wish": wish.uid,
        "visit": booking(visit).uid,
        "time": row.uid,
    }


def test_every_page_can_be_read_and_pressed(center: Center, visit: Any, live: Live) -> None:
    account = center.world.account(role="district_admin", district=center.district)
    account_id = account.id
    with center.inside():
        named = full(center, account)
    session.remove()
    base = f"{live.url}/d/{center.district.code}/bookings/"
    found: dict[str, Any] = {}
    with clock.frozen(at(3, 12)):
        page = visit(f"/d/{center.district.code}/", account=account)

        def look(name: str, path: str, width: int, *, elder: bool = False, again: int = 0) -> None:
            answer = page.goto(base + path.format(**named))
            assert answer.status == 200, (name, answer.status)
            page.set_viewport_size({"width": width, "height": 780})
            kept(page, f"{name}-{width}")
            complaints = looks.held_against(page, elder=elder)
            if again:  # Turned: what is wider lies elsewhere, and is called and coloured as before.
                page.set_viewport_size({"width": again, "height": 780})
                kept(page, f"{name}-{again}")
                complaints += looks.small_text(page) + looks.small_targets(page) + looks.sideways(page)
            if complaints:
                found[f"{name} {width}"] = complaints

        for name, path in (EVERYBODY | STAFF).items():
            look(name, path, 320, again=1366)
        with everything(), transaction():
            session.get_one(Account, account_id).elder = True
        session.remove()
        for name, path in EVERYBODY.items():
            look(name, path, 375, elder=True)
    assert found == {}
