"""A person's rights, a merge, an organization's end, the switch: what the plugin answers the core."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from plugins.bookings import house, models, wants
from plugins.bookings.judging import Asker
from plugins.bookings.models import (
    BookingsBooking,
    BookingsEquipmentUnit,
    BookingsFeed,
    BookingsOccurrence,
    BookingsPoint,
    BookingsWish,
)
from plugins.bookings.service import changing, feeds, guides, handing, places, steps
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from portal.api import Account, AccountRef, claims, clock, crypto, registry, session

PHONE = "10077776666"


def ref(account: Account) -> AccountRef:
    return AccountRef(id=account.id, uid=account.uid, name=account.display_name)


def ask(center: Center, hook: str, **more: Any) -> Any:
    return registry().ask(hook, district=center.ref, **more)["bookings"]


def own(center: Center, account: Account, *spans: Any, **values: Any) -> Any:
    return center.book(*spans, asker=Asker(account_id=account.id), by=account.id, **values)


def noted(center: Center, *spans: Any, name: str = "李四测", phone: str = PHONE) -> Any:
    """Write somebody down at the desk, without an account."""
    return center.book(*spans, contact=Contact(name=name, phone=phone), title="外人的活动")


def test_the_copy_holds_all_of_this_account_and_nothing_of_others(inside: Center) -> None:
    account, other = inside.world.account(phone=PHONE), inside.world.account()
    own(inside, account, span(3, 9, 10), title="我的活动", contact=Contact(name="张三测", phone=PHONE))
    own(inside, other, span(4, 9, 10), title="别人的活动")
    noted(inside, span(5, 9, 10))
    feeds.make_own(account_id=account.id)
    found = ask(inside, "account_export", account=ref(account))
    assert [one["title"] for one in found["bookings"]] == ["我的活动", "外人的活动"]
    assert found["bookings"][0]["phone"] == PHONE
    assert found["bookings"][0]["times"][0]["state"] == "approved"
    assert [one["action"] for one in found["bookings"][0]["steps"]] == ["booked"]
    assert len(found["calendar_links"]) == 1
    assert "别人的活动" not in json.dumps(found, ensure_ascii=False)


def test_what_is_to_come_must_be_cancelled_first(inside: Center) -> None:
    account = inside.world.account()
    made = own(inside, account, span(3, 9, 10))

    def codes() -> list[tuple[str, bool]]:
        said = ask(inside, "account_objections", account=ref(account), act="erase")
        return [(one.code, one.blocks) for one in said]

    assert codes() == [("bookings.upcoming", True)]
    [row] = inside.times(made)
    changing.cancel([row], versions={row.id: row.version}, reason="不去了", by=account.id, staff=False)
    assert codes() == []


def test_erasing_empties_the_names_and_keeps_the_room_s_figures(inside: Center) -> None:
    account, other = inside.world.account(phone=PHONE), inside.world.account()
    mine = own(inside, account, span(3, 9, 10), title="我的活动", contact=Contact(name="张三测", phone=PHONE))
    theirs = own(inside, other, span(4, 9, 10), title="别人的活动")
    feed = feeds.make_own(account_id=account.id)
    session.execute(update(BookingsBooking).where(BookingsBooking.id == mine.id).values(note="带着孩子"))
    session.add(
        BookingsPoint(
            uid=crypto.new_uid(),
            district_id=inside.district.id,
            occurrence_id=inside.times(mine)[0].id,
            account_id=account.id,
            why="no_show",
            halves=2,
            given_at=clock.now(),
            expires_at=clock.now() + timedelta(days=60),
            state="upheld",
            appeal="我病了",
            answer="核实过了",
        )
    )
    session.commit()
    with clock.frozen(at(9, 10)):
        found = ask(inside, "account_erase", account=ref(account))
    assert found.kept == 1 and "抹去" in str(found.reason)
    session.expire_all()
    kept = session.get_one(BookingsBooking, mine.id)
    assert (kept.account_id, kept.title, kept.contact_name, kept.note) == (None, "—", "—", "")
    assert (kept.phone_sealed, kept.phone_index, kept.phone_tail) == (None, None, "")
    assert (kept.headcount, inside.times(mine)[0].state) == (10, "approved")
    point = session.scalars(select(BookingsPoint)).one()
    assert (point.account_id, point.appeal, point.answer) == (None, "", "—")
    assert session.get_one(BookingsFeed, feed.id).revoked_at is not None
    assert session.get_one(BookingsBooking, theirs.id).title == "别人的活动"
    found = ask(inside, "account_export", account=ref(account))
    assert found["bookings"] == found["points"] == []
    inside.owns_its_slots()


def test_a_number_at_the_desk_counts_for_the_record_or_the_account_never_both(inside: Center) -> None:
    branch = inside.world.organization(inside.district)
    member = inside.world.member(branch, name="李四测", phone=PHONE)
    account = inside.world.account(member, phone=PHONE)
    made = noted(inside, span(3, 9, 10))
    session.commit()
    record = ask(inside, "member_export", member=inside.world.member_ref(member))
    login = ask(inside, "account_export", account=ref(account))
    assert [one["uid"] for one in record["bookings"]] == [made.uid] and login["bookings"] == []
    said = ask(inside, "member_objections", member=inside.world.member_ref(member), act="erase")
    assert [one.code for one in said] == ["bookings.upcoming"]
    with clock.frozen(at(9, 10)):
        assert ask(inside, "member_erase", member=inside.world.member_ref(member)).kept == 1
    session.expire_all()
    assert session.get_one(BookingsBooking, made.id).phone_sealed is None


def test_who_shares_a_number_is_told_apart_by_name(inside: Center) -> None:
    wife, husband = inside.world.account(phone=PHONE), inside.world.account(phone=PHONE)
    noted(inside, span(3, 9, 10), name=husband.display_name)
    own_one = noted(inside, span(4, 9, 10), name=wife.display_name)
    found = ask(inside, "account_export", account=ref(wife))
    assert [one["uid"] for one in found["bookings"]] == [own_one.uid]


def test_words_that_hang_on_nothing_are_searched_by_name_and_number(inside: Center) -> None:
    """A keyholder, a guide, who took the key, how a thing came back: nobody asks whose account that is."""
    world, now = inside.world, at(9, 10)
    gone = world.account(phone=PHONE)
    other = world.account()
    name = gone.display_name = "檀独有"
    theirs = own(inside, other, span(4, 9, 10), title="别人的活动", contact=Contact(name=name, phone=PHONE))
    mine = own(inside, gone, span(3, 9, 10))
    desk = inside.staff()
    center = inside.venue
    center.key_how, center.contact_phone = f"找{name}拿，100-7777-6666；或者打10012345678", PHONE
    guide, numbered = guides.add_guide(name, by=desk), guides.add_guide("小檀", phone=PHONE, by=desk)
    stays = guides.add_guide("岑小岚", phone="10012345678", by=desk)
    steps.note(session.get_one(BookingsBooking, theirs.id), "guide", by=desk.account_id, words=name)
    piece = session.scalars(
        select(BookingsEquipmentUnit).where(
            BookingsEquipmentUnit.equipment_id
            == places.make_equipment(center, name="音箱", pieces=1, by=None).id
        )
    ).one()
    with clock.frozen(at(3, 9)):
        for booking, what, damage in ((mine, piece, f"{name}摔的，外壳裂了"), (theirs, None, "")):
            out = handing.hand_out(
                inside.times(booking)[0], what="钥匙", piece=what, taken_by=f"{name}（代）", by=desk
            )
            handing.take_back(out, version=out.version, damage=damage, faulty=bool(damage), by=desk)
    session.flush()
    copy = ask(inside, "account_export", account=ref(gone))
    assert [one["name"] for one in copy["guide"]] == [name, "小檀"]
    assert [one["phone"] for one in copy["contact_of"]] == [PHONE]
    with clock.frozen(now):
        ask(inside, "account_erase", account=ref(gone))
    session.commit()
    said = "".join(
        str(dict(row))
        for model in (*(getattr(models, one) for one in models.__all__), claims.ClaimUnit)
        for row in session.execute(select(model.__table__)).mappings()
    )
    words = (name, PHONE, "外壳裂了", crypto.blind_index("phone", PHONE))
    assert [word for word in words if word in said] == []
    session.expire_all()
    assert center.key_how == "找—拿，—；或者打10012345678" and center.contact_phone == ""
    assert (piece.fault, stays.name, stays.phone_tail) == ("—", "岑小岚", "5678")
    assert [(one.name, one.active) for one in (guide, numbered)] == [
        (f"—{guide.id}", False), (f"—{numbered.id}", False),
    ]  # fmt: skip
    kept = session.get_one(BookingsBooking, theirs.id)
    assert (kept.title, kept.account_id, kept.contact_name) == ("别人的活动", other.id, "—")


def test_words_about_somebody_else_of_that_name_stay(inside: Center) -> None:
    gone, other = inside.world.account(phone=PHONE), inside.world.account()
    gone.display_name = other.display_name = "檀同名"
    guide = guides.add_guide("檀同名", by=inside.staff())
    inside.venue.key_how = f"找檀同名拿，{PHONE}"
    session.flush()
    ask(inside, "account_erase", account=ref(gone))
    session.expire_all()
    assert (guide.name, inside.venue.key_how) == ("檀同名", "找檀同名拿，—")


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


@pytest.mark.parametrize("hook", ["account_export", "account_erase", "account_objections"])
def test_an_account_that_never_booked_is_answered(inside: Center, hook: str) -> None:
    more = {"act": "erase"} if hook == "account_objections" else {}
    found = ask(inside, hook, account=ref(inside.world.account()), **more)
    if hook == "account_export":
        assert not any(found.values())
    elif hook == "account_erase":
        assert (found.erased, found.kept) == (0, 0)
    else:
        assert found == []
    assert session.scalars(select(BookingsOccurrence)).all() == []
