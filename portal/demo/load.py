"""Load the demo into an empty database, and count what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from portal import clock
from portal.current import registry
from portal.database import everything, in_scope, session, transaction
from portal.demo import merchants, pingfang, zongyang
from portal.demo.accounts import create_accounts
from portal.demo.invented import SEED
from portal.demo.place import Place as DemoPlace
from portal.demo.write import write
from portal.districts import context
from portal.districts.models import District
from portal.jobs.models import JobRow
from portal.members.models import MEMBER_STAGES, Member
from portal.notices.models import Delivery, Notice
from portal.organizations import search
from portal.organizations.models import (
    BRANCH_KINDS,
    CenterRoom,
    Organization,
    Place,
    Unit,
    UnitCoverage,
)

CODES = (zongyang.CODE, pingfang.CODE)


@dataclass(frozen=True, slots=True)
class Figure:
    """A count, and the published figure it must equal."""

    district: str
    label: str
    count: int
    published: int


def is_empty() -> bool:
    """Tell whether no district is there yet."""
    with everything():
        found = session.scalar(select(District.id).limit(1)) is None
    session.rollback()
    return found


def load(here: DemoPlace) -> None:
    """Write both districts, their accounts and what the plugins add; all of it or nothing."""
    with everything(), transaction():
        placed = [write(plan) for plan in (zongyang.plan(), pingfang.plan())]
        create_accounts(here)
        merchants.announce()
        search.rebuild()
    for district in placed:
        with in_scope({district.id}, write=district.id), transaction():
            reference = context.ref(district.id)
            for _slug, register in registry().implementers("register_demo"):
                register(district=reference, seed=SEED)
    with everything(), transaction():
        merchants.rest()
        _leave_the_past_alone()


def _leave_the_past_alone() -> None:
    """Nothing of the year that has just been written is sent, asked or waited for today."""
    past = clock.now()
    session.execute(delete(JobRow).where(JobRow.name.in_(("notices.deliver", "payments.expire"))))
    session.execute(
        update(Delivery)
        .where(Delivery.state == "waiting")
        .values(state="sent", ended_at=past, params_sealed=None)
    )
    session.execute(update(Notice).where(Notice.read_at.is_(None)).values(read_at=past))


def counted() -> list[Figure]:
    """Count what the database holds, beside the published figures."""
    with everything():
        return [*_zongyang(), *_pingfang()]


def _count(model: type, code: str, *where: object) -> int:
    found = select(func.count()).select_from(model).join(District, District.id == model.district_id)  # type: ignore[attr-defined]
    return int(session.scalar(found.where(District.code == code, *where)) or 0)  # type: ignore[arg-type]


def _covered(code: str, kinds: Iterable[str] | None = None) -> int:
    found = (
        select(func.count(UnitCoverage.unit_id.distinct()))
        .join(District, District.id == UnitCoverage.district_id)
        .join(Organization, Organization.id == UnitCoverage.organization_id)
        .where(District.code == code, UnitCoverage.valid_to.is_(None))
    )
    if kinds is not None:
        found = found.where(Organization.kind.in_(list(kinds)))
    return int(session.scalar(found) or 0)


def _zongyang() -> list[Figure]:
    code = zongyang.CODE
    units = _count(Unit, code)
    counts = (
        ("企业", units, 51),
        ("园区", _count(Place, code, Place.kind == "park"), 3),
        ("片区", _count(Place, code, Place.kind == "area"), 4),
        ("党支部", _count(Organization, code, Organization.kind.in_(BRANCH_KINDS)), 34),
        ("单独组建", _count(Organization, code, Organization.kind == "branch"), 31),
        ("联合组建", _count(Organization, code, Organization.kind == "joint_branch"), 3),
        ("联合党支部覆盖企业", _covered(code, ["joint_branch"]), 20),
        ("已覆盖企业", _covered(code), 51),
        ("党员", _count(Member, code, Member.stage.in_(MEMBER_STAGES)), 203),
        ("中心功能室", _count(CenterRoom, code), 5),
    )
    return [Figure("枞阳经济开发区", *row) for row in counts]


def _pingfang() -> list[Figure]:
    code = pingfang.CODE
    here = Organization.name == pingfang.COMMUNITY
    in_community = Member.organization_id.in_(select(Organization.id).where(here))
    counts = (
        ("非公企业", _count(Unit, code, Unit.kind == "nonpublic_enterprise"), 2794),
        ("个体工商户", _count(Unit, code, Unit.kind == "self_employed"), 7403),
        ("社会组织", _count(Unit, code, Unit.kind == "social_org"), 82),
        ("党组织", _count(Organization, code), 72),
        ("党委", _count(Organization, code, Organization.kind == "committee"), 4),
        ("党总支", _count(Organization, code, Organization.kind == "general_branch"), 5),
        ("党支部", _count(Organization, code, Organization.kind.in_(BRANCH_KINDS)), 63),
        ("已覆盖企业", _covered(code), 124),
        ("党员", _count(Member, code, Member.stage.in_(MEMBER_STAGES)), 1384),
        ("入党积极分子", _count(Member, code, Member.stage == "activist"), 153),
        ("和平社区党支部党员", _count(Member, code, Member.stage.in_(MEMBER_STAGES), in_community), 13),
    )
    return [Figure("平房区", *row) for row in counts]
