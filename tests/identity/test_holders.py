"""Who may do something here, by which role held where: the answer that people are given on their own page."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from portal import clock
from portal.database import everything, session, transaction
from portal.districts import service
from portal.identity.holders import Holder, holders, in_force
from portal.identity.models import Account, Grant
from portal.testing import World

DAY = date(2026, 11, 21)
NEXT = DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def today(app: Any):
    with clock.frozen(DAY):
        yield


class Place:
    def __init__(self, world: World) -> None:
        self.world = world
        with everything():
            self.above = service.create(code="999100", name="试验市", kind="city")
            self.here = service.create(code="999101", name="试验县", kind="county", parent=self.above)
            self.beside = service.create(code="999102", name="邻县", kind="county", parent=self.above)
            self.branch = world.organization(self.here, name="甲党支部")
            self.other = world.organization(self.here, name="乙党支部")
        self.ref = world.ref(self.here)

    def holder(self, role: str, place: Any, *, branch: Any = None, first: date = DAY, **more: Any) -> Account:
        account = self.world.account(**more.pop("account", {}))
        with everything(), transaction():
            account.display_name = more.get("name", role)
            session.add(
                Grant(
                    district_id=place.id,
                    account_id=account.id,
                    role=role,
                    organization_id=branch.id if branch else None,
                    valid_from=first,
                    valid_to=more.get("last"),
                    granted_at=clock.now(),
                )
            )
        return account

    def may(self, permission: str, *, path: str | None = None, **overrides: bool) -> list[tuple[str, str]]:
        changed = {(role, permission): allowed for role, allowed in overrides.items()}
        return [(one.role, one.place) for one in holders(permission, self.ref, overrides=changed, path=path)]


@pytest.fixture
def place(world: World) -> Place:
    return Place(world)


def test_roles_of_here_of_its_branches_and_of_above_are_named_with_their_place(place: Place):
    boss = place.holder("district_admin", place.above, name="钱测")
    place.holder("desk", place.here)
    place.holder("secretary", place.here, branch=place.branch)
    place.holder("desk", place.beside)
    place.holder("auditor", place.here)
    assert place.may("core.export") == [
        ("district_admin", "试验市"),
        ("desk", "试验县"),
        ("secretary", "甲党支部"),
    ]
    assert holders("core.roles", place.ref, overrides={}) == [
        Holder(account_id=boss.id, name="钱测", role="district_admin", place="试验市")
    ]


def test_a_branch_s_role_opens_its_own_branch_only(place: Place):
    place.holder("secretary", place.here, branch=place.branch)
    place.holder("desk", place.here)
    assert place.may("core.export", path=place.branch.path) == [("desk", "试验县"), ("secretary", "甲党支部")]
    assert place.may("core.export", path=place.other.path) == [("desk", "试验县")]
    assert place.may("core.export", path="") == [("desk", "试验县")]


def test_a_branch_s_role_of_a_district_above_is_not_one_of_here(place: Place):
    with everything():
        far = place.world.organization(place.above, name="丙党支部")
    place.holder("secretary", place.above, branch=far)
    assert place.may("core.export") == []


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [(DAY, None, True), (DAY, NEXT, True), (NEXT, None, False), (DAY - timedelta(days=9), DAY, False)],
)
def test_only_who_holds_the_role_today(place: Place, first: date, last: date | None, holds: bool):
    place.holder("desk", place.here, first=first, last=last)
    assert bool(place.may("core.export")) is holds


def test_a_disabled_account_holds_nothing(place: Place):
    place.holder("desk", place.here, account={"disabled_at": clock.now()})
    assert place.may("core.export") == []


def test_what_a_district_decided_counts(place: Place):
    place.holder("desk", place.here)
    place.holder("auditor", place.here)
    assert place.may("core.export", desk=False, auditor=True) == [("auditor", "试验县")]


def test_what_anybody_may_is_no_role_s_doing(place: Place):
    place.holder("desk", place.here)
    assert place.may("core.me") == []
    assert place.may("core.me", desk=True, resident=False) == [("desk", "试验县")]


def test_a_switched_off_service_opens_nothing(place: Place):
    place.holder("dues_collector", place.here, branch=place.branch)
    place.holder("treasurer", place.here)
    name = "dues.collect"
    assert place.may(name)
    place.ref = place.world.ref(place.here).__class__(
        id=place.here.id, code="", name="", kind="", path=place.here.path, plugins_on=frozenset()
    )
    assert place.may(name) == []


def test_holders_come_in_the_order_of_place_role_and_name(place: Place):
    second = place.holder("desk", place.here, name="乙")
    first = place.holder("desk", place.here, name="丙")
    place.holder("auditor", place.here, name="丁")
    place.holder("treasurer", place.above, name="甲")
    names = [(row.district, row.role, row.display_name) for row in in_force(place.ref)]
    assert names == [
        ("试验市", "treasurer", "甲"),
        ("试验县", "auditor", "丁"),
        ("试验县", "desk", first.display_name),
        ("试验县", "desk", second.display_name),
    ]
