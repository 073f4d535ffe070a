"""Roles given and ended by the verbs themselves: to whom, for which days, and who can give the next one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.audit.models import AuditRow
from portal.database import everything, session, transaction
from portal.districts import service
from portal.identity import grants
from portal.identity.grants import RoleRefused
from portal.identity.models import Account, Grant, LoginSession
from portal.notices.models import Notice
from portal.testing import World

DAY = date(2026, 11, 21)
NEXT = DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def today():
    with clock.frozen(DAY), everything():
        yield


class Place:
    """A district below another one, a branch, a full member with an account, and an administrator."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.above = service.create(code="999100", name="试验市", kind="city")
        self.here = service.create(code="999101", name="试验县", kind="county", parent=self.above)
        self.branch = world.organization(self.here)
        self.other_branch = world.organization(self.here)
        self.account = world.account(world.member(self.branch))
        self.boss = world.account(role="district_admin", district=self.here)

    def give(self, role: str = "secretary", **named: Any) -> bool:
        values: dict[str, Any] = {
            "district": self.here,
            "organization_id": self.branch.id,
            "valid_from": DAY,
            "valid_to": None,
            "by": self.boss.id,
            "reason": "换届",
            **named,
        }
        return grants.give(values.pop("account", self.account), role, **values)

    def end(self, role: str = "secretary", **named: Any) -> int:
        values: dict[str, Any] = {
            "district": self.here,
            "organization_id": self.branch.id,
            "on": DAY,
            "by": self.boss.id,
            "reason": "调走",
            **named,
        }
        return grants.end(values.pop("account", self.account), role, **values)

    def refused(self, verb: Any, *args: Any, **named: Any) -> str:
        with pytest.raises(RoleRefused) as refused:
            verb(*args, **named)
        session.rollback()
        return refused.value.reason


@pytest.fixture
def place(world: World) -> Place:
    return Place(world)


def held(role: str = "secretary") -> list[tuple[Any, ...]]:
    session.expire_all()
    found = session.scalars(select(Grant).where(Grant.role == role).order_by(Grant.id))
    return [(one.account_id, one.organization_id, one.valid_from, one.valid_to) for one in found]


def test_what_is_given_is_written_down_whole(place: Place):
    assert place.give(valid_to=date(2027, 1, 1), confirmed_by=place.account.id) is True
    row = session.scalars(select(Grant).where(Grant.role == "secretary")).one()
    assert (row.account_id, row.district_id, row.organization_id) == (
        place.account.id,
        place.here.id,
        place.branch.id,
    )
    assert (row.valid_from, row.valid_to, row.granted_at) == (DAY, date(2027, 1, 1), clock.now())
    assert (row.granted_by, row.confirmed_by, row.reason) == (place.boss.id, place.account.id, "换届")
    trail = session.scalars(select(AuditRow).where(AuditRow.action == "role.give")).one()
    assert (trail.actor_id, trail.district_id) == (place.boss.id, place.here.id)
    assert (trail.subject_type, trail.subject_id) == ("account", str(place.account.id))
    assert trail.detail == {
        "role": "secretary",
        "organization": place.branch.id,
        "from": "2026-11-21",
        "to": "2027-01-01",
        "confirmed_by": place.account.id,
    }
    notice = session.scalars(select(Notice).where(Notice.account_id == place.account.id)).one()
    assert notice.template == "identity.role_give" and notice.district_id == place.here.id
    # People are told the last day with the role, not the first one without.
    assert notice.params == {"role": "secretary", "first": "2026-11-21", "last": "2026-12-31"}


def test_a_role_without_an_end_is_told_without_a_last_day(place: Place):
    place.give()
    trail = session.scalars(select(AuditRow).where(AuditRow.action == "role.give")).one()
    assert trail.detail["to"] is None and "confirmed_by" not in trail.detail
    assert session.scalars(select(Notice)).one().params["last"] == ""


def test_a_role_ends_the_sessions_of_its_holder_and_of_nobody_else(place: Place):
    place.world.browser(place.account)
    place.world.browser(place.boss)
    place.give()
    found = {one.account_id: one for one in session.scalars(select(LoginSession))}
    assert found[place.account.id].ended_at == clock.now()
    assert found[place.account.id].ended_why == "role"
    assert found[place.boss.id].ended_at is None


def test_the_same_again_changes_nothing_and_other_days_are_refused(place: Place):
    end = DAY + timedelta(days=10)
    assert place.give(valid_to=end) is True
    assert place.give(valid_to=end) is False
    assert place.give(valid_from=NEXT, valid_to=end) is False  # the days it has, or fewer at its beginning
    for days in ((DAY, None), (DAY, end + timedelta(days=1)), (DAY, end - timedelta(days=1))):
        assert place.refused(place.give, valid_from=days[0], valid_to=days[1]) == "held"
    assert place.refused(place.give, valid_from=DAY - timedelta(days=1), valid_to=end) == "held"
    assert held() == [(place.account.id, place.branch.id, DAY, end)]
    assert len(session.scalars(select(Notice)).all()) == 1


def test_refused_names_the_grant_that_is_in_the_way(place: Place):
    place.give(valid_from=NEXT + timedelta(days=5))
    place.give(valid_from=NEXT, valid_to=NEXT + timedelta(days=2))
    with pytest.raises(RoleRefused) as refused:
        place.give()
    assert refused.value.grant is not None and refused.value.grant.valid_from == NEXT, "the first of them"


def test_days_that_only_touch_do_not_overlap(place: Place):
    a, b, c = NEXT, NEXT + timedelta(days=2), NEXT + timedelta(days=4)
    assert place.give(valid_from=b, valid_to=c)
    assert place.give(valid_from=a, valid_to=b)
    assert place.give(valid_from=c, valid_to=None)
    assert sorted(one[2:] for one in held()) == [(a, b), (b, c), (c, None)]


def test_another_role_place_or_person_is_another_grant(place: Place):
    mate = place.world.account(place.world.member(place.branch))
    assert place.give()
    assert place.give("dues_collector")
    assert place.give(organization_id=place.other_branch.id)
    assert place.give(account=mate)
    desk = {"district": place.here, "organization_id": None}
    assert place.give("desk", **desk) and place.give("desk", district=place.above, organization_id=None)
    assert place.give("desk", **desk) is False
    assert len(held()) == 3 and len(held("desk")) == 2


def test_the_wrong_place_days_or_person_is_refused(place: Place):
    refused = place.refused
    assert refused(place.give, "member") == refused(place.give, "resident") == "unknown"
    assert refused(place.give, organization_id=None) == "place"
    assert refused(place.give, "desk") == "place"
    assert refused(place.give, valid_to=DAY) == "days", "no day at all"
    past = DAY - timedelta(days=9)
    assert refused(place.give, valid_from=past, valid_to=DAY) == "days", "over already"
    assert refused(place.give, valid_from=NEXT, valid_to=NEXT) == "days"
    assert refused(place.give, by=place.account.id) == "self"
    assert held() == []
    assert place.give(valid_from=past, valid_to=NEXT) is True


def test_a_disabled_account_gets_no_role(place: Place):
    with transaction():
        place.account.disabled_at = clock.now()
    assert place.refused(place.give) == "disabled"


@pytest.mark.parametrize(
    "change",
    [{"stage": "probationary"}, {"state": "suspended"}, {"closed_on": DAY}],
    ids=lambda one: next(iter(one)),
)
def test_a_branch_s_office_needs_a_full_member_in_good_standing(place: Place, change: dict[str, Any]):
    mate = place.world.account(place.world.member(place.branch, **change))
    assert place.refused(place.give, account=mate) == "member"
    assert place.give("desk", account=mate, organization_id=None), "a clerk need not be one"


def test_a_branch_s_office_needs_a_member_of_this_district(place: Place):
    stranger = place.world.account(place.world.member(place.world.organization(place.world.district())))
    assert place.refused(place.give, account=stranger) == "member"
    assert place.refused(place.give, account=place.world.account()) == "member"


def test_a_role_ends_on_its_first_day_without(place: Place):
    place.give(valid_from=DAY - timedelta(days=30), valid_to=None)
    assert place.end(on=NEXT) == 1
    row = session.scalars(select(Grant).where(Grant.role == "secretary")).one()
    session.refresh(row)
    assert (row.valid_to, row.ended_by, row.ended_reason) == (NEXT, place.boss.id, "调走")
    trail = session.scalars(select(AuditRow).where(AuditRow.action == "role.end")).one()
    assert (trail.actor_id, trail.detail["to"]) == (place.boss.id, NEXT.isoformat())
    told = session.scalars(select(Notice).where(Notice.template == "identity.role_end")).one()
    assert told.params["last"] == DAY.isoformat()
    assert place.end(on=NEXT) == 0, "ended already"
    assert place.end(on=DAY) == 1, "earlier still"
    assert held()[0][3] == DAY


def test_a_role_that_never_began_is_taken_away_whole(place: Place):
    place.give(valid_from=NEXT)
    assert place.end(on=NEXT) == 1 and held() == []
    place.give(valid_from=DAY)
    assert place.end(on=DAY) == 1 and held() == []
    assert place.end(on=DAY) == 0


def test_nothing_ends_in_the_past_by_oneself_or_somewhere_else(place: Place):
    place.give()
    place.give(organization_id=place.other_branch.id)
    assert place.refused(place.end, on=DAY - timedelta(days=1)) == "past"
    assert place.refused(place.end, by=place.account.id) == "self"
    assert place.end("dues_collector") == 0
    assert place.end(organization_id=place.other_branch.id) == 1
    assert [one[1] for one in held()] == [place.branch.id]


def admin(place: Place, **more: Any) -> dict[str, Any]:
    return {"account": place.boss, "organization_id": None, "by": place.account.id, **more}


def test_the_last_one_who_gives_roles_stays(place: Place):
    assert place.refused(place.end, "district_admin", **admin(place)) == "last"
    place.world.account(role="desk", district=place.here)
    place.world.account(role="district_admin", district=place.world.district())
    assert place.refused(place.end, "district_admin", **admin(place)) == "last", "elsewhere is no help"


@pytest.mark.parametrize("where", ["here", "above"])
def test_with_another_one_here_or_above_an_administrator_may_go(place: Place, where: str):
    place.world.account(role="district_admin", district=getattr(place, where))
    assert place.end("district_admin", **admin(place)) == 1


@pytest.mark.parametrize(
    ("days", "goes"),
    [((DAY, None), True), ((DAY, NEXT), True), ((NEXT, None), False), ((date(2026, 1, 1), DAY), False)],
)
def test_the_other_one_must_hold_the_role_on_that_day(place: Place, days: Any, goes: bool):
    mate = place.world.account()
    with transaction():
        session.add(
            Grant(
                district_id=place.here.id,
                account_id=mate.id,
                role="district_admin",
                valid_from=days[0],
                valid_to=days[1],
                granted_at=clock.now(),
            )
        )
    if goes:
        assert place.end("district_admin", **admin(place)) == 1
    else:
        assert place.refused(place.end, "district_admin", **admin(place)) == "last"


def test_a_disabled_administrator_is_no_other_one(place: Place):
    place.world.account(role="district_admin", district=place.here, disabled_at=clock.now())
    assert place.refused(place.end, "district_admin", **admin(place)) == "last"


def test_a_deployer_may_go_when_there_is_one_anywhere(place: Place):
    only = place.world.account(role="deployer", district=place.here)
    gone = admin(place, account=only)
    assert place.refused(place.end, "deployer", **gone) == "last"
    place.world.account(role="deployer", district=place.world.district())
    assert place.end("deployer", **gone) == 1


def test_a_list_shows_whose_roles_of_which_days(place: Place):
    past = DAY - timedelta(days=9)
    mate = place.world.account(place.world.member(place.branch))
    for account, role, first, last in (
        (mate, "secretary", past, DAY),
        (mate, "dues_collector", past, NEXT),
        (place.account, "secretary", NEXT, None),
    ):
        with transaction():
            session.add(
                Grant(
                    district_id=place.here.id,
                    account_id=account.id,
                    role=role,
                    organization_id=place.branch.id,
                    valid_from=first,
                    valid_to=last,
                    granted_at=clock.now(),
                )
            )
    elsewhere = place.world.account(role="desk", district=place.above)

    def shown(**named: Any) -> list[tuple[Account, str, date, date | None]]:
        return [(one.account, one.role, one.valid_from, one.valid_to) for one in grants.lines(**named)]

    boss = (place.boss, "district_admin", date(2020, 1, 1), None)
    collector, secretary = (mate, "dues_collector", past, NEXT), (place.account, "secretary", NEXT, None)
    here = {place.here.id}
    assert shown(districts=here) == [boss, collector, secretary]
    assert shown(districts=here, ended=True) == [boss, collector, (mate, "secretary", past, DAY), secretary]
    assert shown(account_id=mate.id) == [collector]
    assert shown() == [(elsewhere, "desk", date(2020, 1, 1), None), boss, collector, secretary]
    line = grants.lines(account_id=mate.id)[0]
    assert (line.district, line.organization_id) == (place.here, place.branch.id)
