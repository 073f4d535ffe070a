"""Who a session's token belongs to, which roles count today, and how a district sees them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from portal import clock, crypto
from portal.database import everything, session, transaction
from portal.districts import service
from portal.identity import loading
from portal.identity.actor import ANONYMOUS, Actor, Held
from portal.identity.models import Account, Grant, LoginSession
from portal.members.models import Member
from portal.plugin import DistrictRef
from portal.testing import World

DAY = date(2026, 11, 21)
NEXT = DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def today(app: Any):
    with clock.frozen(DAY), everything():
        yield


def enter(account: Account, token: str = "t", **values: Any) -> LoginSession:
    """Begin a session of ``account`` that ``token`` opens."""
    with transaction():
        row = LoginSession(
            token_hash=crypto.token_hash(token),
            account_id=account.id,
            created_at=clock.now(),
            **{
                "last_seen_at": clock.now(),
                "factor": "totp",
                "second_factor_at": clock.now(),
                "data": {"a": 1},
                **values,
            },
        )
        session.add(row)
    return row


def grant(
    account: Account, role: str, place: Any, first: date, last: date | None = None, branch: Any = None
) -> None:
    with transaction():
        session.add(
            Grant(
                district_id=place.id,
                account_id=account.id,
                role=role,
                organization_id=branch.id if branch else None,
                valid_from=first,
                valid_to=last,
                granted_at=clock.now(),
            )
        )


def load(code: str | None = None, token: str = "t") -> loading.Loaded:
    found = loading.load(token, code)
    assert found is not None
    return found


def test_everything_a_request_needs_to_know_comes_from_the_token(world: World):
    here = world.district()
    branch = world.organization(here)
    member = world.member(branch, name="赵测")
    account = world.account(member, elder=True, language="en", agreed=["notice-1"])
    seen = clock.now() - timedelta(minutes=3)
    row = enter(account, last_seen_at=seen)
    enter(world.account(), token="other")
    found = load(here.code)
    assert found.actor == Actor(
        account_id=account.id,
        uid=account.uid,
        display_name="赵测",
        person_id=member.person_id,
        member_id=member.id,
        member_uid=member.uid,
        organization_id=branch.id,
        session_id=row.id,
        elder=True,
        language="en",
    )
    assert (found.data, found.last_seen, found.proven_at) == ({"a": 1}, seen, clock.now())
    assert (found.factor, found.weak, found.agreed) == ("totp", False, frozenset({"notice-1"}))
    assert found.grants == ()


def test_without_a_record_here_nobody_is_a_member(world: World):
    here, there = world.district(), world.district()
    member = world.member(world.organization(here))
    enter(world.account(member))
    for code in (there.code, None, "000000"):
        actor = load(code).actor
        assert (actor.member_id, actor.member_uid, actor.organization_id) == (None, "", None)
    with transaction():
        session.execute(update(Member).values(closed_on=DAY))
    assert load(here.code).actor.member_id is None


def test_an_unknown_ended_or_disabled_one_is_nobody(world: World):
    account = world.account()
    assert loading.load("t", None) is None
    row = enter(account)
    assert loading.load("t", None) is not None and loading.load("T", None) is None
    with transaction():
        account.disabled_at = clock.now()
    assert loading.load("t", None) is None
    with transaction():
        account.disabled_at, row.ended_at = None, clock.now()
    assert loading.load("t", None) is None


@pytest.mark.parametrize(("role", "minutes"), [("", 30), ("secretary", 15), ("desk", 15)])
def test_a_session_idle_for_longer_than_the_role_allows_is_over(world: World, role: str, minutes: int):
    here = world.district()
    branch = world.organization(here)
    account = world.account(world.member(branch))
    if role:
        grant(account, role, here, DAY, branch=branch if role == "secretary" else None)
    limit = timedelta(minutes=minutes)
    row = enter(account, last_seen_at=clock.now() - limit)
    assert loading.load("t", None) is not None
    with transaction():
        row.last_seen_at = clock.now() - limit - timedelta(seconds=1)
    assert loading.load("t", None) is None


@pytest.mark.parametrize(
    ("first", "last", "counts"),
    [
        (DAY, None, True),
        (DAY, NEXT, True),
        (DAY - timedelta(days=9), DAY, False),
        (NEXT, None, False),
    ],
)
def test_a_role_counts_from_its_first_day_to_the_day_before_its_end(
    world: World, first: date, last: date | None, counts: bool
):
    here = world.district()
    account = world.account()
    grant(account, "desk", here, first, last)
    grant(world.account(), "auditor", here, DAY)
    enter(account)
    found = [("desk", here.id, here.path, None, None)] if counts else []
    assert list(load().grants) == found


def test_a_branch_s_role_comes_with_its_path(world: World):
    here = world.district()
    branch = world.organization(here)
    account = world.account(world.member(branch))
    grant(account, "secretary", here, DAY, branch=branch)
    enter(account)
    assert load(here.code).grants == (("secretary", here.id, here.path, branch.id, branch.path),)


@pytest.mark.parametrize(
    ("role", "days", "factor", "weak"),
    [
        ("desk", 0, "", True),
        ("desk", 0, "phone", True),
        ("desk", 0, "totp", False),
        ("desk", 0, "passkey", False),
        ("desk", 0, "recovery", False),
        ("desk", 7, "", False),
        ("secretary", 0, "", False),
    ],
)
def test_a_district_s_role_needs_a_strong_proof_once_its_grace_is_over(
    world: World, app: Any, role: str, days: int, factor: str, weak: bool
):
    here = world.district()
    branch = world.organization(here)
    account = world.account(world.member(branch))
    grant(account, role, here, DAY, branch=branch if role == "secretary" else None)
    enter(account, factor=factor)
    app.config["SECOND_FACTOR_GRACE_DAYS"] = days
    assert load().weak is weak
    if days:
        with clock.frozen(DAY + timedelta(days=days)):
            with transaction():
                session.execute(update(LoginSession).values(last_seen_at=clock.now()))
            assert load().weak is True, "the days of grace are over"
        with clock.frozen(DAY + timedelta(days=days - 1)):
            with transaction():
                session.execute(update(LoginSession).values(last_seen_at=clock.now()))
            assert load().weak is False


def seen_from(district: Any, overrides: dict[tuple[str, str], bool] | None = None) -> Actor:
    ref = DistrictRef(
        id=district.id,
        code=district.code,
        name=district.name,
        kind=district.kind,
        path=district.path,
        plugins_on=frozenset({"dues"}),
    )
    return loading.at_district(load(district.code), ref, overrides or {})


def test_a_district_s_role_reaches_down_and_a_branch_s_role_stays(world: World):
    above = service.create(code="999100", name="试验市", kind="city")
    here = service.create(code="999101", name="甲县", kind="county", parent=above)
    below = service.create(code="999101-x", name="园区", kind="park", parent=here)
    beside = service.create(code="999102", name="乙县", kind="county", parent=above)
    branch = world.organization(here)
    account = world.account(world.member(branch))
    grant(account, "auditor", here, DAY)
    grant(account, "secretary", here, DAY, branch=branch)
    enter(account)
    office, auditor = Held("secretary", branch.path, branch.id), Held("auditor")
    assert set(seen_from(here).held) == {auditor, office}
    assert seen_from(below).held == (auditor,)
    assert seen_from(above).held == seen_from(beside).held == ()
    actor = seen_from(here, {("desk", "core.export"): False})
    assert (actor.plugins_on, actor.overrides) == ({"dues"}, {("desk", "core.export"): False})
    assert actor.account_id == account.id and actor.member_id is not None


def test_a_visitor_is_anonymous_everywhere(world: World):
    here = world.district()
    actor = loading.at_district(None, world.ref(here), {})
    assert actor.is_anonymous and actor.held == () and actor.plugins_on == world.ref(here).plugins_on
    assert ANONYMOUS.plugins_on == frozenset()
    assert session.scalars(select(LoginSession)).all() == []
