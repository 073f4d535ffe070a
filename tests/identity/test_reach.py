"""What a role may do where: the permissions as a table, overrides, switches, and how far a role reaches."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.identity.actor import ANONYMOUS, Actor, Held, Reach
from portal.identity.models import BRANCH_ROLES, DISTRICT_ROLES, ROLES, STAFF_ROLES
from portal.identity.permissions import declare, declared, roles_allowed
from portal.plugin import Permission

STAFF = {"desk", "registrar", "district_admin"}
#: Who may do what of the core's own doings, unless a district decides otherwise.
WHO_MAY = {
    "core.me": {"resident"},
    "core.members.read": STAFF | {"secretary", "dues_collector", "treasurer"},
    "core.members.read_private": STAFF | {"secretary"},
    "core.members.edit": STAFF,
    "core.organizations.edit": STAFF,
    "core.import": STAFF,
    "core.export": STAFF | {"secretary", "treasurer"},
    "core.requests.answer": STAFF | {"secretary"},
    "core.delegations": {"secretary", "registrar", "district_admin"},
    "core.login_codes": STAFF | {"secretary"},
    "core.switchboard": {"district_admin", "deployer"},
    "core.settings": {"district_admin", "deployer"},
    "core.payments": {"treasurer", "district_admin"},
    "core.roles": {"district_admin"},
    "core.queue": {"district_admin", "deployer"},
    "core.audit": {"district_admin", "auditor"},
}


def somebody(*held: Held, **more: object) -> Actor:
    return Actor(account_id=1, uid="u", held=held, **more)  # type: ignore[arg-type]


def test_the_core_s_permissions_are_given_to_these_roles_and_no_other(app: Flask):
    core = {name: set(one.roles) for name, one in declared().items() if name.startswith("core.")}
    assert core == WHO_MAY
    assert {role for roles in core.values() for role in roles} <= set(ROLES)


def test_roles_fall_into_branch_and_district():
    assert {"dues_collector", "secretary"} == BRANCH_ROLES
    assert set(ROLES) - STAFF_ROLES == {"resident", "member"}
    assert STAFF_ROLES - DISTRICT_ROLES == BRANCH_ROLES and not BRANCH_ROLES & DISTRICT_ROLES


def test_a_permission_belongs_to_its_owner_and_is_declared_once(app: Flask):
    for wrong in ("core.x", "duesx.y", "dues"):
        with pytest.raises(ValueError, match="must begin"):
            declare([Permission(name=wrong, label="")], owner="dues")
        assert wrong not in declared()
    declare([Permission(name="dues.dance", label="", roles=frozenset({"desk"}))], owner="dues")
    with pytest.raises(ValueError, match="twice"):
        declare([Permission(name="dues.dance", label="")], owner="dues")
    assert declared()["dues.dance"].roles == {"desk"}


def test_a_plugin_that_is_off_gives_nobody_anything(app: Flask):
    declare([Permission(name="dues.dance", label="", roles=frozenset({"desk"}))], owner="dues")
    given = {("desk", "dues.dance"): True, ("auditor", "dues.dance"): True}
    assert roles_allowed("dues.dance", plugins_on=frozenset(), overrides=given) == set()
    assert roles_allowed("dues.dance", plugins_on=frozenset({"other"}), overrides={}) == set()
    assert roles_allowed("dues.dance", plugins_on=frozenset({"dues"}), overrides={}) == {"desk"}
    assert roles_allowed("core.roles", plugins_on=frozenset(), overrides={}) == {"district_admin"}
    with pytest.raises(KeyError):
        roles_allowed("core.unheard_of", plugins_on=frozenset(), overrides={})


def test_a_district_adds_and_takes_roles_of_one_permission_only(app: Flask):
    overrides = {
        ("auditor", "core.export"): True,
        ("desk", "core.export"): False,
        ("auditor", "core.import"): False,
        ("treasurer", "core.import"): True,
    }
    may = {name: roles_allowed(name, plugins_on=frozenset(), overrides=overrides) for name in WHO_MAY}
    assert may["core.export"] == (WHO_MAY["core.export"] | {"auditor"}) - {"desk"}
    assert may["core.import"] == WHO_MAY["core.import"] | {"treasurer"}
    others = WHO_MAY.keys() - {"core.export", "core.import"}
    assert {name: may[name] for name in others} == {name: WHO_MAY[name] for name in others}


def test_a_reach_covers_its_own_paths_and_what_is_below():
    nowhere, branches, everywhere = Reach(), Reach(paths=("/1/5/", "/9/")), Reach(everywhere=True)
    assert (bool(nowhere), bool(branches), bool(everywhere)) == (False, True, True)
    assert [branches.covers(path) for path in ("/1/5/", "/1/5/7/", "/9/2/")] == [True, True, True]
    assert [branches.covers(path) for path in ("/1/", "/1/55/", "/2/1/5/", "", None)] == [False] * 5
    assert everywhere.covers(None) and everywhere.covers("/3/") and not nowhere.covers("/3/")


def test_a_branch_s_role_reaches_its_branches_and_a_district_s_role_everything(app: Flask):
    first, second = Held("secretary", "/1/5/", 5), Held("secretary", "/1/6/", 6)
    collector = Held("dues_collector", "/1/7/", 7)
    actor = somebody(first, collector, second)
    assert actor.reach("core.export") == Reach(paths=("/1/5/", "/1/6/"))
    assert actor.reach("core.members.read") == Reach(paths=("/1/5/", "/1/7/", "/1/6/"))
    assert actor.reach("core.import") == Reach() and not actor.can("core.import")
    assert actor.can("core.export") and actor.can("core.export", "/1/6/2/")
    assert not actor.can("core.export", "/1/7/")
    assert somebody(first, Held("desk")).reach("core.export") == Reach(everywhere=True)
    assert somebody(Held("auditor"), first).reach("core.export") == Reach(paths=("/1/5/",))


def test_everybody_with_an_account_is_a_resident_and_with_a_record_a_member(app: Flask):
    assert ANONYMOUS.roles == frozenset() and ANONYMOUS.is_anonymous and not ANONYMOUS.is_authenticated
    assert ANONYMOUS.reach("core.me") == Reach() and not ANONYMOUS.is_staff
    plain = somebody()
    assert (plain.roles, plain.is_anonymous, plain.is_authenticated) == ({"resident"}, False, True)
    assert somebody(member_id=3).roles == {"resident", "member"}
    assert somebody(Held("desk"), member_id=3).roles == {"resident", "member", "desk"}
    assert plain.reach("core.me") == Reach(everywhere=True)
    # Also for somebody whose other role has it not.
    assert somebody(Held("secretary", "/1/", 1)).reach("core.me") == Reach(everywhere=True)
    assert (plain.is_staff, somebody(member_id=3).is_staff) == (False, False)
    assert somebody(Held("auditor")).is_staff and somebody(Held("secretary", "/1/", 1)).is_staff
    assert plain.get_id() == "u"


def test_a_role_without_anybody_behind_it_may_nothing(app: Flask):
    assert Actor(held=(Held("district_admin"),)).reach("core.roles") == Reach()


def test_what_a_district_takes_from_residents_they_cannot_do(app: Flask):
    taken = {("resident", "core.me"): False}
    assert not somebody(overrides=taken).can("core.me")
    given = {("member", "core.export"): True}
    assert somebody(member_id=3, overrides=given).can("core.export", "/1/")
    assert not somebody(overrides=given).can("core.export")
