"""Calendar, files and report look as they should, on a phone and a desk, large and without script."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.bookings.service import feeds
from plugins.bookings.tests import conftest
from plugins.bookings.tests.conftest import Center, span
from portal.api import session
from tests import looks

#: The plugin's own fixtures, which are known in its folder only.
center, march = conftest.center, conftest.march
pytestmark = pytest.mark.browser
PAGES = ("calendar", "calendar/rooms", "take-in", "report?period=2026-03")


@pytest.mark.parametrize(("width", "elder"), [(320, False), (375, True), (1366, False)])
def test_the_pages_can_be_read_and_pressed(
    center: Center,
    visit: Any,
    width: int,
    elder: bool,
) -> None:
    account = center.world.account(role="desk", district=center.district)
    with center.inside():
        center.book(span(3, 9, 11))
        feeds.make_own(account_id=account.id)
        feeds.make_for_room(center.room(), by=center.world.actor(account, center.district))
        session.commit()
    session.remove()
    found = {}
    for path in PAGES:
        url = f"/d/{center.district.code}/bookings/{path}"
        page = visit(url, account=account, width=width, elder=elder)
        found[path] = looks.held_against(page)
        page.close()
    assert found == {path: [] for path in PAGES}
