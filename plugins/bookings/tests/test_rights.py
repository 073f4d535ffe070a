"""A person's rights, a merge, an organization's end, the switch: what the plugin answers the core."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from plugins.bookings import models
from plugins.bookings.judging import Asker
from plugins.bookings.models import (
    BookingsBooking,
    BookingsEquipmentUnit,
    BookingsFeed,
    BookingsOccurrence,
    BookingsPoint,
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
