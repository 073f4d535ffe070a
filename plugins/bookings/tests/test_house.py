"""Merged records, an organization that ends, the switch: what becomes of bookings then."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from plugins.bookings import house, wants
from plugins.bookings.judging import Asker
from plugins.bookings.models import (
    BookingsBooking,
    BookingsFeed,
    BookingsPoint,
    BookingsWish,
)
from plugins.bookings.service import feeds, places
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.test_rights import ask, own
from portal.api import Account, claims, clock, crypto, session


class Forgetful:
    """A journal that does what it is told and forgets it."""

    def change(self, model: Any, *where: Any, **values: Any) -> int:
        return len(session.execute(update(model).where(*where).values(values).returning(model.id)).all())

    def remove(self, model: Any, *where: Any) -> int:
        return len(session.execute(delete(model).where(*where).returning(model.id)).all())


def wish(center: Center, account: Account, *, hour: int = 9) -> BookingsWish:
    room = center.room()
    row = BookingsWish(
        uid=crypto.new_uid(),
        district_id=center.district.id,
        room_id=room.id,
        starts_at=at(9, hour),
        ends_at=at(9, hour + 1),
        account_id=account.id,
        title="等着",
        headcount=3,
        contact_name="王测",
        joined_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row


def point(center: Center, booking: BookingsBooking, account: Account) -> None:
    session.add(
        BookingsPoint(
            uid=crypto.new_uid(),
            district_id=center.district.id,
            occurrence_id=center.times(booking)[0].id,
            account_id=account.id,
            why="no_show",
            halves=2,
            given_at=clock.now(),
            expires_at=clock.now() + timedelta(days=60),
        )
    )


def standing(*accounts: Account) -> dict[str, list[Any]]:
    """Return whose everything is: accounts of bookings and points, (account, state) of wishes, open feeds."""
    session.expire_all()
    names: dict[int | None, str] = {
        one.id: name for one, name in zip(accounts, ("stays", "goes"), strict=True)
    }
    feeds = select(BookingsFeed).where(BookingsFeed.revoked_at.is_(None)).order_by(BookingsFeed.id)
    wishes = session.scalars(select(BookingsWish).order_by(BookingsWish.id))
    return {
        "bookings": [
            names[one]
            for one in session.scalars(select(BookingsBooking.account_id).order_by(BookingsBooking.id))
        ],
        "points": [names[one] for one in session.scalars(select(BookingsPoint.account_id))],
        "wishes": [(names[one.account_id], one.state) for one in wishes],
        "feeds": [names[one.account_id] for one in session.scalars(feeds)],
    }


def test_a_merge_at_the_desk_takes_all_along_and_doubles_nothing(center: Center) -> None:
    world = center.world
    with center.inside():
        branch = world.organization(center.district)
        kept, absorbed = world.member(branch, name="王小明"), world.member(branch, name="王晓明")
        stays, goes = world.account(kept), world.account(absorbed)
        made = [
            own(center, stays, span(3, 9, 10), title="我的活动"),
            own(center, goes, span(3, 14, 15), title="另一头的活动"),
        ]
        for booking, account in zip(made, (stays, goes), strict=True):
            point(center, booking, account)
            token = feeds.make_own(account_id=account.id)
        # One queue each for the same time: who came first keeps the place, an offer is kept before all.
        first, late = wish(center, goes), wish(center, stays)
        late.joined_at = first.joined_at + timedelta(hours=1)
        _waits, offered = wish(center, stays, hour=11), wish(center, goes, hour=11)
        offered.state, offered.hold_until = "offered", at(8, 12)
        held = wants.of_room(center.room(), span(9, 11, 12), before=0, after=0, kind="held")
        claims.reserve(claims.Holder(wants.WISH, offered.id), held, district_id=center.district.id)
        wish(center, goes, hour=16)
        session.flush()
        before = standing(stays, goes)
        ids, secret = (kept.id, absorbed.id, absorbed.uid), feeds.token(token.uid)
        assert before["feeds"] == ["stays", "goes"] and len(before["wishes"]) == 5
        session.commit()
    desk = world.browser(world.account(role="desk", district=center.district))
    url = f"/d/{center.district.code}/desk/members/{ids[0]}/merge"

    def press(address: str, reason: str, query: str = "") -> None:
        page = desk.get(address + query).get_data(as_text=True)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        assert "并进来的登记约过场地" in page or not query
        assert desk.post(address, data={**fields, "reason": reason}).status_code == 303

    press(url, "重复登记", f"?other={ids[2]}")
    with center.inside():
        assert standing(stays, goes) == {
            "bookings": ["stays"] * 2,
            "points": ["stays"] * 2,
            "wishes": [
                ("stays", "waiting"), ("stays", "withdrawn"), ("stays", "withdrawn"), ("stays", "offered"),
                ("stays", "waiting"),
            ],
            "feeds": ["stays"],
        }  # fmt: skip
        center.owns_its_slots()
    session.remove()
    own_page = world.browser(stays).get(f"/d/{center.district.code}/bookings/mine").get_data(as_text=True)
    assert "我的活动" in own_page and "另一头的活动" in own_page
    assert world.browser().get(f"/c/{secret}.ics").status_code == 404
    merged = re.findall(r"/desk/merges/\d+", desk.get(f"/d/{center.district.code}/desk/merges").text)[0]
    press(f"/d/{center.district.code}{merged}", "核对后是两个人")
    with center.inside():
        assert standing(stays, goes) == before


def test_bookings_stay_where_only_one_record_has_an_account(inside: Center) -> None:
    branch = inside.world.organization(inside.district)
    kept, absorbed = inside.world.member(branch), inside.world.member(branch)
    goes = inside.world.account(absorbed)
    made = own(inside, goes, span(3, 9, 10))
    house.merged(
        kept=inside.world.member_ref(kept), absorbed=inside.world.member_ref(absorbed), journal=Forgetful()
    )
    session.expire_all()
    assert session.get_one(BookingsBooking, made.id).account_id == goes.id


def test_an_organization_is_not_dissolved_with_venues_and_bookings(inside: Center) -> None:
    branch = inside.world.organization(inside.district)

    def codes() -> list[str]:
        said = ask(inside, "organization_objections", organization=branch.id, act="dissolve")
        return [one.code for one in said]

    assert codes() == []
    places.make_venue(kind="shared", name="支部活动室", owner_id=branch.id, by=None)
    account = inside.world.account()
    asker = Asker(account_id=account.id, organization_id=branch.id)
    inside.book(span(3, 9, 10), asker=asker, by=account.id)
    assert codes() == ["bookings.venues", "bookings.upcoming"]


def test_switching_off_says_how_many_are_hidden(inside: Center) -> None:
    assert house.hidden(inside.ref) == []
    for day in (3, 4):
        inside.book(span(day, 9, 10))
    [found] = house.hidden(inside.ref)
    assert (found.count, str(found.text)) == (2, "2个预约暂时看不到")
    with clock.frozen(at(3, 12)):
        assert house.hidden(inside.ref)[0].count == 1
