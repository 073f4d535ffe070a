"""The waiting list: one offer at a time, held for one person (criterion 13)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from plugins.bookings import shown, wants
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsRoom, BookingsVisit, BookingsWish
from plugins.bookings.queries import mine
from plugins.bookings.queries.holders import Hands
from plugins.bookings.service import changing, deciding, displacing, visiting, waiting
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import NotFree, Refused
from portal.api import Conflict, clock, notices, session, swap


def join(center: Center, *, account: Any = None, when: Any = None) -> BookingsWish:
    account = account or center.world.account()
    wanted = center.wanted(when or span(5, 9, 10), asker=Asker(account_id=account.id))
    return waiting.join(wanted, by=account.id)


def states() -> list[str]:
    found = select(BookingsWish).order_by(BookingsWish.id).execution_options(populate_existing=True)
    return [wish.state for wish in session.scalars(found)]


def free(center: Center, booking: Any) -> None:
    (row,) = center.times(booking)
    changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=None, staff=True)


@pytest.fixture
def line(inside: Center) -> tuple[Center, list[BookingsWish]]:
    """Three people wait for one time, which has just become free."""
    inside.setting("waiting_list", True)
    made = inside.book(span(5, 9, 10))
    wishes = [join(inside) for _ in range(3)]
    free(inside, made)
    return inside, wishes


def test_one_offer_at_a_time_is_held_for_the_first(line):
    center, wishes = line
    assert states() == ["offered", "waiting", "waiting"]
    assert wishes[0].hold_until == clock.now() + timedelta(minutes=120)
    with pytest.raises(NotFree):
        center.book(span(5, 9, 10))
    assert [waiting.places_before(wish) for wish in wishes] == [0, 1, 2]
    center.owns_its_slots()


def test_what_was_lost_with_the_room_comes_back_with_it(inside: Center):
    inside.setting("waiting_list", True)
    projector, microphone = inside.equipment("投影仪", 1), inside.equipment("话筒", 2)
    account, by = inside.world.account(), inside.world.account().id
    needs = {projector: 1, microphone: 2}
    made = inside.book(span(5, 9, 10), asker=Asker(account_id=account.id), by=account.id, needs=needs)
    (row,) = inside.times(made)
    displacing.displace(row, version=row.version, reason="要用", by=by)
    # While they wait somebody else has the only projector.
    inside.book(span(5, 9, 10), room="东厅", needs={projector: 1})
    other = inside.book(span(5, 9, 10))
    free(inside, other)
    (wish,) = session.scalars(select(BookingsWish))
    taken = waiting.take(wish, version=wish.version, by=account.id)
    assert taken.needs == {str(microphone): 2}
    assert "投影仪现在不够了" in mine.steps(taken.id)[-1].note
    inside.owns_its_slots()
    inside.pieces_are_had_once()


def test_a_piece_that_is_repaired_while_one_waits_for_the_lock_is_left_alone(inside: Center):
    kind, when = inside.equipment("话筒", 2), span(5, 9, 10)
    there = wants.pieces_of({kind: 2}, venue_id=inside.venue.id)
    locked = wants.grids_of(there[kind][:1])
    chosen, lacking = wants.choose(there, {kind: 2}, locked, when)
    assert ([one.unit_id for one in chosen], lacking) == (there[kind][:1], [kind])


def test_a_visit_that_was_displaced_is_one_again_when_its_time_is_taken(inside: Center):
    inside.setting("waiting_list", True)
    account, by = inside.world.account().id, inside.world.account().id
    made = visiting.ask(
        visiting.Group(name="莲湖小学"),
        span=span(10, 9, 11),
        headcount=20,
        contact=Contact(name="王老师", phone="10012345678"),
        asker=Asker(account_id=account),
        by=account,
    )
    (row,) = inside.times(made)
    displacing.displace(row, version=row.version, reason="要用", by=by)
    other = inside.book(span(10, 9, 11), room=inside.room_name(row.room_id))
    free(inside, other)
    (wish,) = session.scalars(select(BookingsWish))
    taken = waiting.take(wish, version=wish.version, by=account)
    visit = session.scalars(select(BookingsVisit)).one()
    assert (visit.booking_id, visit.guide_id, taken.way) == (taken.id, None, "visit")
    inside.owns_its_slots()


def test_who_joined_first_comes_first_and_of_two_at_one_instant_the_earlier_row(inside: Center):
    inside.setting("waiting_list", True)
    made = inside.book(span(5, 9, 10))
    wishes = [join(inside) for _ in range(4)]
    # The third wrote down an earlier instant than the others, who share one.
    wishes[2].joined_at -= timedelta(seconds=1)
    session.commit()
    free(inside, made)
    order = []
    for _turn in range(4):
        (offered,) = (wish for wish, state in zip(wishes, states(), strict=True) if state == "offered")
        order.append(wishes.index(offered))
        assert states().count("offered") == 1
        session.refresh(offered)
        waiting.leave(offered, version=offered.version, by=None)
    assert order == [2, 0, 1, 3]
    inside.book(span(5, 9, 10))
    inside.owns_its_slots()


def test_declined_goes_to_the_next(line):
    center, wishes = line
    assert waiting.leave(wishes[0], version=wishes[0].version, by=None) == "declined"
    assert states() == ["declined", "offered", "waiting"]
    center.owns_its_slots()


def test_taken_is_a_booking_with_the_same_slots(line):
    center, wishes = line
    made = waiting.take(wishes[0], version=wishes[0].version, by=wishes[0].account_id)
    assert states() == ["taken", "waiting", "waiting"]
    (row,) = center.times(made)
    assert (row.state, row.starts_at) == ("approved", at(5, 9))
    center.owns_its_slots()


@pytest.mark.parametrize("displaced", [False, True])
def test_what_takes_an_approval_takes_it_from_the_list_too(line, displaced: bool):
    """Else a place in line would be a way round it (rule K12); who had it approved is not asked again."""
    center, (wish, *_rest) = line
    center.setting("approval", "ask")
    if displaced:
        (row,) = center.times()
        swap(row, version=row.version, state="displaced", reason="检修", decided_at=clock.now())
        swap(wish, version=wish.version, occurrence_id=row.id)
    made = waiting.take(wish, version=wish.version, by=wish.account_id)
    assert [row.state for row in center.times(made)] == ["approved" if displaced else "requested"]
    center.owns_its_slots()
    if not displaced:
        staff = center.world.account(role="desk", district=center.district).id
        assert deciding.approve(made, version=made.version, by=staff) == 1
        center.owns_its_slots()


def test_what_cannot_be_had_any_more_is_not_taken(line):
    center, (wish, *_rest) = line
    session.execute(update(BookingsRoom).where(BookingsRoom.id == wish.room_id).values(active=False))
    session.commit()
    with pytest.raises(NotFree) as gone:
        waiting.take(wish, version=wish.version, by=wish.account_id)
    assert [one.code for one in gone.value.verdicts[0].refusals] == ["unused"]
    session.rollback()
    assert states() == ["offered", "waiting", "waiting"]


def test_taken_with_buffers_has_buffers(inside: Center):
    inside.setting("waiting_list", True)
    inside.setting("buffer_after", 30)
    made = inside.book(span(5, 9, 10))
    wish = join(inside)
    free(inside, made)
    session.refresh(wish)
    waiting.take(wish, version=wish.version, by=wish.account_id)
    inside.owns_its_slots()


def test_an_offer_nobody_answers_goes_on_and_cannot_be_taken_any_more(line):
    center, wishes = line
    with clock.frozen(wishes[0].hold_until):
        with pytest.raises(Conflict):
            waiting.take(wishes[0], version=wishes[0].version, by=None)
        session.rollback()
        assert waiting.time_out(wishes[0])
        assert states() == ["timed_out", "offered", "waiting"]
        assert not waiting.time_out(wishes[1])
    center.owns_its_slots()


def test_an_offer_made_at_night_is_held_until_eight(inside: Center):
    inside.setting("waiting_list", True)
    made = inside.book(span(5, 9, 10))
    wish = join(inside)
    with clock.frozen(at(3, 21)):
        free(inside, made)
    session.refresh(wish)
    assert wish.hold_until == at(4, 8)


def test_what_has_begun_is_not_offered(inside: Center):
    inside.setting("waiting_list", True)
    made = inside.book(span(5, 9, 11))
    wish = join(inside)
    row = inside.times(made)[0]
    with clock.frozen(at(5, 8, 59)):
        changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=None, staff=True)
    session.refresh(wish)
    assert (wish.state, wish.hold_until) == ("offered", at(5, 9))
    with clock.frozen(at(5, 9)):
        assert waiting.time_out(wish)
    assert states() == ["past"]
    inside.owns_its_slots()


def test_a_hall_is_offered_only_when_all_of_it_is_free(inside: Center):
    inside.setting("waiting_list", True)
    a, b = (inside.book(span(5, 9, 10), room=name) for name in ("东厅", "西厅"))
    account = inside.world.account()
    wanted = inside.wanted(span(5, 9, 10), room="大厅", asker=Asker(account_id=account.id))
    wish = waiting.join(wanted, by=account.id)
    free(inside, a)
    assert states() == ["waiting"]
    free(inside, b)
    session.refresh(wish)
    assert wish.state == "offered"
    inside.owns_its_slots()


def test_nobody_stands_in_one_line_twice(inside: Center):
    inside.setting("waiting_list", True)
    inside.book(span(5, 9, 10))
    account = inside.world.account()
    join(inside, account=account)
    with pytest.raises(Refused) as refused:
        join(inside, account=account)
    assert [one.code for one in refused.value.refusals] == ["waits"]
    assert states() == ["waiting"]


def test_nobody_stands_in_every_line(inside: Center, monkeypatch: pytest.MonkeyPatch):
    inside.setting("waiting_list", True)
    inside.book(span(5, 9, 12))
    account = inside.world.account()
    monkeypatch.setattr(waiting, "MOST", 2)

    def refused(start: int, end: int) -> list[str]:
        try:
            join(inside, account=account, when=span(5, start, end))
        except Refused as error:
            return [one.code for one in error.refusals]
        return []

    # Another hour of the same line is the same place, before and behind it are others.
    asked = [(9, 10), (9, 11), (10, 11), (11, 12)]
    assert [refused(*one) for one in asked] == [[], ["waits"], [], ["many_wishes"]]
    assert states() == ["waiting", "waiting"]


@pytest.mark.parametrize(
    ("on", "when", "code"),
    [(False, (5, 9, 10), "no_list"), (True, (6, 9, 10), "free"), (True, (5, 6, 7), "hours")],
)
def test_waiting_for_what_cannot_be_had_or_is_free_is_refused(inside: Center, on, when, code):
    inside.setting("waiting_list", on)
    inside.book(span(5, 9, 10))
    with pytest.raises(Refused) as refused:
        join(inside, when=span(*when))
    assert [one.code for one in refused.value.refusals] == [code]
    assert states() == []


def test_nobody_competes_with_themselves_or_stands_in_line_twice(inside: Center):
    inside.setting("approval", "ask")
    inside.setting("pending", "compete")
    inside.setting("waiting_list", True)
    staff = inside.world.account().id
    loser, winner = (Asker(account_id=inside.world.account().id) for _ in range(2))
    made = inside.book(span(5, 9, 10), asker=winner, by=winner.account_id)
    lost = inside.book(span(5, 9, 10), asker=loser, by=loser.account_id)
    with pytest.raises(Refused) as refused:
        inside.book(span(5, 9, 11), asker=loser, by=loser.account_id)
    assert [one.code for one in refused.value.refusals] == ["asked"]
    # Their place in line for the very time they ask for, as one who is moved there has it.
    (row,) = inside.times(lost)
    before = deciding.put_in_line(lost, row, ahead=False)
    deciding.approve(made, version=made.version, by=staff)
    assert [one.state for one in inside.times()] == ["approved", "lapsed"]
    assert states() == ["waiting"]
    assert mine.in_line(lost.id, Hands(account_id=lost.account_id)) == [before.uid]
    assert shown.headline(inside.times(lost)) == ("批给了别人", "bad")
    answered, received = (one for one in notices.inbox(loser.account_id or 0, limit=9))
    assert "几家可以同时申请" in received.text and "留着" not in received.text
    assert "排上候补" in answered.text and answered.url.endswith(f"/bookings/wishes/{before.uid}")
    inside.owns_its_slots()
