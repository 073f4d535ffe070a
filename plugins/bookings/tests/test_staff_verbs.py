"""Every verb of the staff asks again who does it: a view that forgot to would let nobody through (8.3.1)."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from plugins.bookings import service
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsEquipmentUnit, BookingsPoint, BookingsVisit
from plugins.bookings.policy import policy_of
from plugins.bookings.service import (
    agreed_ends,
    agreeing,
    appealing,
    closing,
    desk,
    feeds,
    guides,
    handing,
    keeping,
    opening,
    places,
    ruling,
    visiting,
)
from plugins.bookings.service.altering import Said
from plugins.bookings.service.asking import Contact
from plugins.bookings.service.visiting import Group
from plugins.bookings.tests.conftest import Center, span
from plugins.bookings.tests.sharing import OPEN_TERMS, Shared
from plugins.bookings.tests.test_points import miss
from portal.api import Actor, session
from portal.testing import World

#: They take an actor to answer a question, or are called by a verb that has asked.
QUESTIONS = {"agreed_ends.settle", "desk.answerable", "desk.may"}


def takers() -> set[str]:
    """Return the names of all functions of the service that are told who acts."""
    found = set()
    for module in pkgutil.iter_modules(service.__path__):
        if module.name == "parties":  # who stands for whom: nothing but questions
            continue
        code = importlib.import_module(f"{service.__name__}.{module.name}")
        for name, function in inspect.getmembers(code, inspect.isfunction):
            if function.__module__ == code.__name__ and not name.startswith("_"):
                notes = [str(one.annotation) for one in inspect.signature(function).parameters.values()]
                if "Actor" in notes:
                    found.add(f"{module.name}.{name}")
    return found


def acts(inside: Center, by: Actor) -> dict[str, Callable[[], Any]]:
    """Return each verb of the staff as somebody would call it on something that is there and fits."""
    staff, owner = inside.staff(), inside.world.account().id
    assert staff.account_id is not None
    inside.setting("points", True)
    inside.setting("release", True)
    venue, room, when = inside.venue, inside.room(), span(4, 9, 10)
    row = session.get_one(places.BookingsRoom, room.id)
    (point,) = miss(inside, owner, 3)
    inside.setting("approval", "ask")
    booking = inside.book(when, asker=Asker(account_id=owner), by=owner)
    (time,) = inside.times(booking)
    kind = places.make_equipment(venue, name="投影仪", pieces=1, by=None)
    piece = session.scalars(select(BookingsEquipmentUnit)).one()
    taken = inside.book(span(4, 14, 15), room="东厅", by=staff.account_id)
    out = handing.hand_out(inside.times(taken)[0], what="钥匙", piece=None, taken_by="王测", by=staff)
    group = Group(name="莲湖小学")
    contact, asker = Contact(name="王老师"), Asker(account_id=owner)
    asked = visiting.ask(group, span=span(6, 9, 10), headcount=5, contact=contact, asker=asker, by=owner)
    visit = session.scalars(select(BookingsVisit).where(BookingsVisit.booking_id == asked.id)).one()
    guide, feed = guides.add_guide("岑小岚", by=staff), feeds.make_for_room(room, by=staff)
    of_staff = staff.account_id
    closure = closing.close(venue, room, span=span(9, 8, 12), reason="检修", choices={}, by=of_staff)
    shared = Shared(inside)
    draft, signed = shared.draft(), shared.agree()
    terms = agreeing.Terms(**OPEN_TERMS)
    said = Said(title="别的", headcount=3, note="", contact_name="王测")
    one, two = {"version": time.version}, {"version": booking.version}
    rules = asdict(policy_of(inside.ref, room))
    whole = {"kind": "party", "capacity": 5, "fire_limit": 5}
    return {
        "agreed_ends.end": lambda: agreed_ends.end(
            signed, version=signed.version, on=date(2026, 3, 9), reason="搬家", choices={}, by=by
        ),
        "agreed_ends.resume": lambda: agreed_ends.resume(signed, version=signed.version, by=by),
        "agreed_ends.suspend": lambda: agreed_ends.suspend(
            signed, version=signed.version, reason="修", choices={}, by=by
        ),
        "agreeing.change": lambda: agreeing.change(draft, terms, version=draft.version, by=by),
        "agreeing.draft": lambda: agreeing.draft(shared.venue, terms, by=by),
        "agreeing.give_back": lambda: agreeing.give_back(draft, version=draft.version, reason="改", by=by),
        "agreeing.sign": lambda: agreeing.sign(draft, version=draft.version, by=by),
        "appealing.answer": lambda: appealing.answer(
            point, version=point.version, lifted=True, text="来了", by=by
        ),
        "desk.alter": lambda: desk.alter(by, booking, said, **two),
        "desk.approve": lambda: desk.approve(by, booking, **two),
        "desk.assign_guide": lambda: desk.assign_guide(by, visit, guide, version=asked.version),
        "desk.cancel": lambda: desk.cancel(by, [time], versions={time.id: time.version}, reason="不用"),
        "desk.check_in": lambda: desk.check_in(by, time, **one),
        "desk.close": lambda: desk.close(by, venue, room, span=span(10, 8, 9), reason="检修", choices={}),
        "desk.confirm_visit": lambda: desk.confirm_visit(by, visit, guide, version=asked.version),
        "desk.displace": lambda: desk.displace(by, time, reason="开会", **one),
        "desk.give_back": lambda: desk.give_back(by, time, **one),
        "desk.leave": lambda: desk.leave(by, time, **one),
        "desk.lift": lambda: desk.lift(by, closure, version=closure.version),
        "desk.move": lambda: desk.move(by, time, span=span(4, 11, 12), room=room, **one),
        "desk.move_all": lambda: desk.move_all(
            by, [time], versions={time.id: time.version}, spans=[span(4, 11, 12)], room=room
        ),
        "desk.refuse": lambda: desk.refuse(by, booking, reason="要修", **two),
        "desk.undo": lambda: desk.undo(by, time, **one),
        "feeds.make_for_room": lambda: feeds.make_for_room(room, by=by),
        "feeds.revoke_of_room": lambda: feeds.revoke_of_room(feed, room, by=by),
        "guides.add_guide": lambda: guides.add_guide("岑小山", by=by),
        "guides.set_active": lambda: guides.set_active(guide, version=guide.version, active=False, by=by),
        "handing.hand_out": lambda: handing.hand_out(
            inside.times(taken)[0], what="", piece=piece, taken_by="李测", by=by
        ),
        "handing.set_fault": lambda: handing.set_fault(piece, version=piece.version, fault="坏", by=by),
        "handing.take_back": lambda: handing.take_back(
            out, version=out.version, damage="", faulty=False, by=by
        ),
        "keeping.change_equipment": lambda: keeping.change_equipment(
            kind, version=kind.version, name="幕布", active=True, more=0, by=by
        ),
        "keeping.change_room": lambda: keeping.change_room(row, version=row.version, by=by, name="新名"),
        "keeping.change_venue": lambda: keeping.change_venue(
            venue, version=venue.version, by=by, name="新名"
        ),
        "keeping.make_equipment": lambda: keeping.make_equipment(venue, name="音响", pieces=1, by=by),
        "keeping.make_room": lambda: keeping.make_room(venue, by=by, name="小间", **whole),
        "keeping.make_venue": lambda: keeping.make_venue(by=by, kind="center", name="另一个中心"),
        "opening.set_date": lambda: opening.set_date(
            venue, None, version=venue.version, day=date(2026, 3, 9), windows=(), by=by
        ),
        "opening.set_week": lambda: opening.set_week(
            venue, None, version=venue.version, week={"work": [(540, 600)]}, since=date(2026, 3, 9), by=by
        ),
        "ruling.decide": lambda: ruling.decide(
            venue, None, version=0, values={"approval": "ask"}, effective=rules, by=by
        ),
    }


def who(inside: Center, kind: str) -> Actor:
    """Return a plain member, staff of the district beside, or a secretary whose organization has no room."""
    world: World = inside.world
    branch = world.organization(inside.district)
    if kind == "member":
        account = world.account(world.member(branch))
    elif kind == "neighbour":
        account = world.account(role="district_admin", district=world.district())
    else:
        account = world.account(role="secretary", organization=branch)
    return world.actor(account, inside.district)


@pytest.mark.parametrize("kind", ["member", "neighbour", "secretary"])
def test_a_verb_of_the_staff_is_refused_to_others(inside: Center, kind: str):
    every = acts(inside, who(inside, kind))
    assert set(every) == takers() - QUESTIONS
    session.commit()
    before = _steps(inside)
    found = {}
    for name, act in every.items():
        try:
            act()
        except PermissionError:
            continue
        except Exception as other:
            found[name] = repr(other)
        else:
            found[name] = "done"
    assert found == {}
    session.commit()
    assert _steps(inside) == before


def _steps(inside: Center) -> list[Any]:
    """Return what would differ if any of them had gone through: states, versions, and how many points."""
    times = [(row.state, row.version) for row in inside.times()]
    return [times, session.scalar(select(func.count()).select_from(BookingsPoint))]


def test_the_same_verbs_are_open_to_who_keeps_the_place(inside: Center):
    """None of them is refused to everybody: most go through one after the other."""
    every, refused = acts(inside, inside.staff("district_admin")), []
    session.commit()
    for name, act in every.items():
        if not name.startswith(("agreed_ends", "agreeing")):
            try:
                act()
            except PermissionError:
                refused.append(name)
            except Exception:
                session.rollback()
    assert refused == []
