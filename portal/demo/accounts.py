"""The accounts to try the demo with; their passwords exist only in the demo's own folder."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pyotp
from argon2 import PasswordHasher
from sqlalchemy import select

from portal import clock, crypto
from portal.database import session
from portal.demo import codes, pingfang, zongyang
from portal.demo.place import Place
from portal.districts.queries import by_code
from portal.identity import notice, totp
from portal.identity.models import Account, Grant
from portal.members.models import Member
from portal.members.sealed import phone_index, seal, unseal
from portal.organizations.models import Organization

#: 19 MiB, two passes: about 40 ms a login; the library's defaults cost five times that.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_SINCE = date(2016, 5, 1)
JOINT = f"{zongyang.PARKS[0]}联合党支部"


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoAccount:
    """One line of ``portal demo accounts``; ``role`` is empty for a plain member."""

    key: str
    title: str
    role: str
    name: str
    phone: str
    username: str
    password: str
    district: str
    place: str
    elder: bool = False
    #: The secret of the code program; only roles of a district have one. /demo/outbox shows the present code.
    totp: str = ""


def read(here: Place) -> list[dict[str, Any]]:
    """Return the accounts of this demo; empty before it is loaded."""
    if not here.accounts.exists():
        return []
    found: list[dict[str, Any]] = json.loads(here.accounts.read_text(encoding="utf-8"))
    return found


def create_accounts(here: Place) -> None:
    """Create everybody in the loaded districts and keep the passwords in the demo's folder."""
    _keep(here, [*_zongyang(), *_pingfang(), _deployer(zongyang.TREE[0][0], pingfang.TREE[0][0])])


def create_accounts_of(here: Place, *, root: str, district: str, people: Sequence[Member]) -> None:
    """Create the accounts of a large demo: some people of one branch, and its district's staff."""
    leader, collector, *rest = people
    branch = session.get_one(Organization, leader.organization_id)
    plain = [_person("member", "党员", rest[0], district)] if rest else []
    _keep(
        here,
        [
            *plain,
            _person("secretary", "党支部书记", leader, district, role="secretary", branch=branch),
            _person("collector", "党费收缴员", collector, district, role="dues_collector", branch=branch),
            _staff("desk", "党群服务中心窗口", "沐晓禾", 90000001, district, "desk"),
            _staff("treasurer", "党费管理员", "岑月彧", 90000002, district, "treasurer"),
            _staff("admin", "区级管理员", "骆峤安", 90000003, district, "district_admin"),
            _deployer(root),
        ],
    )


def _keep(here: Place, made: Sequence[DemoAccount]) -> None:
    text = json.dumps([asdict(one) for one in made], ensure_ascii=False, indent=1)
    draft = here.accounts.with_suffix(".part")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    draft.replace(here.accounts)


def _zongyang() -> list[DemoAccount]:
    code = zongyang.CODE
    branch, people = _branch(code, JOINT)
    secretary, _deputy, collector, second, member, *rest = people
    husband = next(one for one in rest if one.sex == "1")
    wife = next(one for one in rest if one.sex == "2")
    retired = _retired(code)
    wife.phone_sealed = seal(wife.uid, "phone", unseal(husband, "phone"))
    wife.phone_index, wife.phone_tail = husband.phone_index, husband.phone_tail
    return [
        _person("retired", "退休党员（长辈版）", retired, code, elder=True),
        _person("member", "联合党支部党员", member, code),
        _person("husband", "夫妻共用一个手机：丈夫", husband, code),
        _person("wife", "夫妻共用一个手机：妻子", wife, code),
        _person("secretary", "党支部书记", secretary, code, role="secretary", branch=branch),
        _person("collector", "党费收缴员", collector, code, role="dues_collector", branch=branch),
        _person("collector2", "党费收缴员（第二人）", second, code, role="dues_collector", branch=branch),
        _resident("resident", "附近居民", "温沐晴", 90000031, code),
        _staff("desk", "党群服务中心窗口", "沐晓禾", 90000001, code, "desk"),
        _staff("treasurer", "党费管理员", "岑月彧", 90000002, code, "treasurer"),
        _staff("admin", "区级管理员", "骆峤安", 90000003, code, "district_admin"),
    ]


def _pingfang() -> list[DemoAccount]:
    code = pingfang.CODE
    branch, people = _branch(code, pingfang.COMMUNITY)
    return [
        _person("pf_member", "社区党支部党员", people[4], code),
        _person("pf_secretary", "社区党支部书记", people[0], code, role="secretary", branch=branch),
        _staff("pf_desk", "党群服务中心窗口", "程芃知", 90000011, code, "desk"),
        _staff("pf_treasurer", "党费管理员", "苗蓁言", 90000012, code, "treasurer"),
        _staff("pf_admin", "区级管理员", "嵇屹然", 90000013, code, "district_admin"),
    ]


def _deployer(*roots: str) -> DemoAccount:
    tops = [by_code(root) for root in roots]
    made, account = _account("deployer", "部署管理员", "闻澜舟", codes.phone(90000021), None)
    made["totp"] = _totp(account)
    for top in tops:
        assert top is not None
        _grant(account, "deployer", top.id, None)
    return DemoAccount(**made, role="deployer", district="", place="全部地区")


def _branch(code: str, name: str) -> tuple[Organization, Sequence[Member]]:
    """Return a branch and its full members, the secretary first."""
    found = by_code(code)
    assert found is not None
    branch = session.scalars(
        select(Organization).where(Organization.district_id == found.id, Organization.name == name)
    ).one()
    people = session.scalars(
        select(Member)
        .where(Member.organization_id == branch.id, Member.stage == "full", Member.post != "退休")
        .order_by(Member.id)
    ).all()
    return branch, people


def _retired(code: str) -> Member:
    found = by_code(code)
    assert found is not None
    return session.scalars(
        select(Member)
        .where(Member.district_id == found.id, Member.post == "退休", Member.stage == "full")
        .order_by(Member.birth_date, Member.id)
        .limit(1)
    ).one()


def _person(
    key: str,
    title: str,
    member: Member,
    code: str,
    *,
    role: str = "",
    branch: Organization | None = None,
    elder: bool = False,
) -> DemoAccount:
    made, account = _account(key, title, member.name, unseal(member, "phone"), member.person_id, elder=elder)
    if branch is not None:
        _grant(account, role, branch.district_id, branch.id)
    home = session.get_one(Organization, member.organization_id)
    return DemoAccount(**made, role=role, district=code, place=home.name, elder=elder)


def _resident(key: str, title: str, name: str, number: int, code: str) -> DemoAccount:
    """Create an account that belongs to no record: it may do what everybody with an account may."""
    made, _account_made = _account(key, title, name, codes.phone(number), None)
    return DemoAccount(**made, role="", district=code, place="居民")


def _staff(key: str, title: str, name: str, number: int, code: str, role: str) -> DemoAccount:
    found = by_code(code)
    assert found is not None
    made, account = _account(key, title, name, codes.phone(number), None)
    made["totp"] = _totp(account)
    _grant(account, role, found.id, None)
    return DemoAccount(**made, role=role, district=code, place=found.name)


def _account(
    key: str, title: str, name: str, phone: str, person_id: int | None, *, elder: bool = False
) -> tuple[dict[str, Any], Account]:
    password = secrets.token_urlsafe(9)
    uid = crypto.new_uid()
    account = Account(
        uid=uid,
        person_id=person_id,
        display_name=name,
        phone_sealed=crypto.encrypt("account.phone_sealed", uid, phone),
        phone_index=phone_index(phone),
        username=key,
        password_hash=_HASHER.hash(password),
        elder=elder,
        agreed=notice.everything_agreed(),
        created_at=clock.now(),
    )
    session.add(account)
    session.flush()
    facts = {"key": key, "title": title, "name": name, "phone": phone, "username": key, "password": password}
    return facts, account


def _totp(account: Account) -> str:
    """Set up a code program for a role that needs one; nobody has that phone, the outbox shows its codes."""
    secret = pyotp.random_base32()
    totp.give(account.id, secret)
    return secret


def _grant(account: Account, role: str, district_id: int, organization_id: int | None) -> None:
    session.add(
        Grant(
            district_id=district_id,
            account_id=account.id,
            role=role,
            organization_id=organization_id,
            valid_from=_SINCE,
            granted_at=clock.now(),
        )
    )
