"""The loaded demo holds the published figures, and the accounts that people are told."""

from __future__ import annotations

import stat

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select

from portal.database import everything, session
from portal.demo import accounts, pingfang, zongyang
from portal.demo.load import counted, is_empty
from portal.demo.place import Place
from portal.demo.plan import NOTE
from portal.districts.models import District
from portal.districts.queries import by_code
from portal.identity.models import Account
from portal.jobs.models import JobRow
from portal.members.models import Member
from portal.notices.models import Delivery, Notice
from portal.organizations.models import CenterRoom, Organization
from portal.payments.models import MerchantAccount, PaymentAttempt

pytestmark = pytest.mark.xdist_group("demo")


def test_every_count_equals_the_published_figure(demo_app: Flask):
    figures = counted()
    assert [figure.count for figure in figures] == [figure.published for figure in figures]
    assert {figure.published for figure in figures} >= {
        51,
        34,
        31,
        203,
        2794,
        7403,
        82,
        72,
        63,
        124,
        1384,
        153,
    }
    assert not is_empty()


def test_districts_stand_in_their_tree_and_say_where_the_figures_come_from(demo_app: Flask):
    for code, chain in (
        (zongyang.CODE, ["34", "3407", "340722", "340722-kfq"]),
        (pingfang.CODE, ["23", "2301", "230108"]),
    ):
        found = by_code(code)
        assert found is not None and found.source_note == NOTE and found.is_demo
        codes = session.scalars(
            select(District.code).where(District.id.in_(found.ancestor_ids)).order_by(District.path)
        )
        assert list(codes) == chain


def test_every_branch_has_three_members_and_one_secretary_at_least(demo_app: Flask):
    with everything():
        sizes = session.execute(
            select(Organization.name, func.count(Member.id))
            .outerjoin(Member, (Member.organization_id == Organization.id) & (Member.stage != "activist"))
            .where(Organization.kind.in_(["branch", "joint_branch"]))
            .group_by(Organization.id)
        ).all()
    assert len(sizes) == 34 + 63
    assert min(size for _name, size in sizes) >= 3


def test_the_centre_has_its_five_rooms(demo_app: Flask):
    with everything():
        names = session.scalars(
            select(CenterRoom.name)
            .join(District, District.id == CenterRoom.district_id)
            .where(District.code == zongyang.CODE)
            .order_by(CenterRoom.id)
        )
        assert list(names) == ["咨询服务室", "教育培训室", "图书阅览室", "文体活动室", "党群活动室"]


def test_accounts_cover_every_role_and_their_passwords_work(demo_app: Flask, demo_place: Place):
    found = {one["key"]: one for one in accounts.read(demo_place)}
    roles = {one["role"] for one in found.values()}
    assert roles >= {"", "secretary", "dues_collector", "desk", "treasurer", "district_admin", "deployer"}
    assert found["collector"]["name"] != found["collector2"]["name"]
    assert found["collector"]["place"] == found["collector2"]["place"] == found["secretary"]["place"]
    assert found["retired"]["elder"] and found["husband"]["phone"] == found["wife"]["phone"]
    for one in found.values():
        account = session.execute(select(Account).where(Account.username == one["username"])).scalar_one()
        assert PasswordHasher().verify(account.password_hash, one["password"])


def test_only_the_owner_may_read_the_passwords(demo_place: Place):
    assert stat.S_IMODE(demo_place.accounts.stat().st_mode) == 0o600


def test_the_year_that_was_written_sends_and_asks_nothing_today(demo_app: Flask):
    with everything():
        assert not session.scalar(
            select(func.count()).select_from(Delivery).where(Delivery.state == "waiting")
        )
        assert not session.scalar(select(func.count()).select_from(Notice).where(Notice.read_at.is_(None)))
        names = set(
            session.scalars(select(JobRow.name).where(JobRow.state == "ready", JobRow.periodic.is_(False)))
        )
        assert not names & {"notices.deliver", "payments.expire"}
        assert set(session.scalars(select(PaymentAttempt.state))) == {"paid"}
        accounts_there = session.scalars(
            select(MerchantAccount).where(MerchantAccount.provider == "wechatpay")
        )
        # nobody may pay there before the simulator has given them keys
        assert {account.active for account in accounts_there} == {False}
