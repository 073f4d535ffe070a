"""How a quota counts, held against a table written by hand (tests/data/quota.txt, criterion 9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from plugins.bookings import quota
from plugins.bookings.judging import Asker
from plugins.bookings.service import changing, deciding, waiting
from plugins.bookings.tests.conftest import Center, span
from plugins.bookings.verdicts import Refused, Span
from portal.api import clock, session, swap

TABLE = Path(__file__).parent / "data" / "quota.txt"


def cases() -> list[list[str]]:
    lines = [line for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return [[part.strip() for part in line.split("|")] for line in lines]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case[0])
def test_a_time_counts_in_each_week_its_part(case: list[str]):
    _name, start, end, expected = case
    wanted = Span(
        start=datetime.fromisoformat(start).replace(tzinfo=clock.SHANGHAI),
        end=datetime.fromisoformat(end).replace(tzinfo=clock.SHANGHAI),
    )
    found = " ".join(f"{monday.isoformat()}:{minutes}" for monday, minutes in quota.by_week(wanted))
    assert found == expected


def test_exactly_the_quota_is_allowed_and_a_slot_more_is_not(inside: Center):
    inside.setting("quota_minutes", 120)
    asker = Asker(account_id=inside.world.account().id)
    inside.book(span(3, 9, 11), asker=asker, by=asker.account_id)
    with pytest.raises(Refused) as refused:
        inside.book(span(4, 9, 10), asker=asker, by=asker.account_id)
    assert [one.code for one in refused.value.refusals] == ["quota"]
    # The week after is another week, and another person another quota.
    inside.book(span(9, 9, 11), asker=asker, by=asker.account_id)
    inside.book(span(4, 9, 11), asker=Asker(account_id=inside.world.account().id), by=None)


@pytest.mark.parametrize("end", ["cancelled", "refused", "lapsed"])
def test_what_came_to_nothing_does_not_count(inside: Center, end: str):
    inside.setting("quota_minutes", 120)
    inside.setting("approval", "ask")
    staff = inside.world.account(role="desk", district=inside.district).id
    asker = Asker(account_id=inside.world.account().id)
    made = inside.book(span(3, 9, 11), asker=asker, by=asker.account_id)
    (row,) = inside.times(made)
    if end == "cancelled":
        changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=staff, staff=True)
    elif end == "refused":
        deciding.refuse(made, version=made.version, reason="要检修", by=staff)
    else:
        with clock.frozen(row.answer_by):
            deciding.lapse(made, only=[row.id])
    assert inside.times(made)[0].state == end
    inside.book(span(4, 9, 11), asker=asker, by=asker.account_id)


def test_what_was_held_and_not_used_counts(inside: Center):
    inside.setting("quota_minutes", 120)
    asker = Asker(account_id=inside.world.account().id)
    (row,) = inside.times(inside.book(span(3, 9, 11), asker=asker, by=asker.account_id))
    swap(row, version=row.version, states=("approved",), state="no_show")
    with pytest.raises(Refused):
        inside.book(span(4, 9, 10), asker=asker, by=asker.account_id)


def test_a_booking_that_moves_does_not_count_against_itself(inside: Center):
    inside.setting("quota_minutes", 120)
    asker = Asker(account_id=inside.world.account().id)
    (row,) = inside.times(inside.book(span(3, 9, 11), asker=asker, by=asker.account_id))
    changing.move(
        row, version=row.version, span=span(5, 9, 11), room=inside.room(), asker=asker, by=asker.account_id
    )
    assert inside.times()[0].starts_at == span(5, 9, 11).start


def test_an_offer_is_taken_within_the_quota_only_and_waits_meanwhile(inside: Center):
    inside.setting("quota_minutes", 120)
    inside.setting("waiting_list", True)
    asker = Asker(account_id=inside.world.account().id)
    (there,) = inside.times(inside.book(span(5, 9, 10)))
    wish = waiting.join(inside.wanted(span(5, 9, 10), asker=asker), by=asker.account_id)
    (own,) = inside.times(inside.book(span(3, 9, 11), asker=asker, by=asker.account_id))
    changing.cancel([there], versions={there.id: there.version}, reason="不用了", by=None, staff=True)
    session.refresh(wish)
    with pytest.raises(Refused) as refused:
        waiting.take(wish, version=wish.version, by=asker.account_id)
    assert [one.code for one in refused.value.refusals] == ["quota"]
    session.rollback()
    session.refresh(wish)
    assert wish.state == "offered"
    changing.cancel([own], versions={own.id: own.version}, reason="不用了", by=asker.account_id, staff=False)
    waiting.take(wish, version=wish.version, by=asker.account_id)
    assert [row.state for row in inside.times()] == ["cancelled", "cancelled", "approved"]
    inside.owns_its_slots()


def test_nobody_holds_all_rooms_without_a_quota_either(inside: Center, monkeypatch: pytest.MonkeyPatch):
    asker = Asker(account_id=inside.world.account().id)

    def refused(room: str, when: Span, **values: int) -> list[str]:
        try:
            inside.book(when, room=room, asker=replace(asker, **values), by=asker.account_id)
        except Refused as error:
            return [one.code for one in error.refusals]
        return []

    assert [refused(room, span(3, 9, 10)) for room in ("培训室", "东厅", "西厅")] == [[], [], ["at_once"]]
    # One after the other they may be had, and then no time moves beside the others.
    assert refused("西厅", span(3, 10, 11)) == []
    (row,) = (one for one in inside.times() if one.starts_at.hour != inside.times()[0].starts_at.hour)
    with pytest.raises(Refused):
        changing.move(
            row, version=1, span=span(3, 9, 10), room=inside.room("西厅"), asker=asker, by=asker.account_id
        )
    session.rollback()
    organization = inside.world.organization(inside.district).id
    assert refused("西厅", span(3, 9, 10), organization_id=organization) == []
    monkeypatch.setattr(quota, "AHEAD", 5)
    assert [refused("西厅", span(day, 9, 10)) for day in (4, 5)] == [[], ["ahead_of_all"]]
    inside.owns_its_slots()


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("number", "number", True),
        ("record and number", "number", True),
        ("number", "record that has the number", True),
        ("record that has the number", "number", True),
        ("record and number", "other record and number", False),
        ("record", "number", False),
    ],
)
def test_a_quota_counts_the_person_by_all_logins(inside: Center, first: str, second: str, together: bool):
    """One number's logins are one person's, unless two records say that two people share it."""
    inside.setting("quota_minutes", 120)
    branch, number = inside.world.organization(inside.district), "10012345678"

    def login(kind: str) -> Asker:
        own = {"phone": number} if "number" in kind else {}
        if "has the number" in kind:
            return Asker(account_id=inside.world.account(inside.world.member(branch, **own)).id)
        member = inside.world.member(branch) if "record" in kind else None
        return Asker(account_id=inside.world.account(member, **own).id)

    one, other = login(first), login(second)
    inside.book(span(3, 9, 11), asker=one, by=one.account_id)
    if not together:
        inside.book(span(4, 9, 11), asker=other, by=other.account_id)
        return
    with pytest.raises(Refused) as refused:
        inside.book(span(4, 9, 10), asker=other, by=other.account_id)
    assert [found.code for found in refused.value.refusals] == ["quota"]
