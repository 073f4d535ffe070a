"""平房区 of 哈尔滨市: the figures of field.md F01-F03, F05 and F08, everything else invented.

2794 enterprises, 7403 self-employed, 82 social organizations; 72 organizations (4 committees, 5 general
branches, 63 branches) covering 124 units; 1384 members, 153 activists (persons on the way, not members);
one community branch with 13 members and 7 activists.
"""

from __future__ import annotations

from datetime import date

from portal.demo.invented import SEED, Inventor
from portal.demo.plan import Plan, PlannedOrganization, PlannedPlace, PlannedUnit

CODE = "230108"
TREE = [("23", "province", "黑龙江省"), ("2301", "city", "哈尔滨市"), (CODE, "county", "平房区")]
ENTERPRISES, SHOPS, SOCIETIES = 2794, 7403, 82
COMMITTEES = ("东风大街", "迎春大街", "松江大街", "兴业大街")
GENERAL = ("汽配城", "轻工市场", "物流园", "软件园", "商业街")
BRANCHES, COVERED = 63, 124
MEMBERS, ACTIVISTS = 1384, 153
COMMUNITY, COMMUNITY_MEMBERS, COMMUNITY_ACTIVISTS = "和平社区党支部", 13, 7
COMMUNITIES = ("和平社区", "春晖社区", "向阳社区", "林荫社区", "松苑社区", "新城社区", "曙光社区", "北厂社区")
HOURS = "周一至周五 8:30-17:00"


def plan() -> Plan:
    """Return the district, the same every time."""
    inventor = Inventor(SEED + 1, first=1_000_000)
    units = _units(inventor)
    organizations = _organizations(inventor, units)
    return Plan(
        tree=TREE,
        middle=(45.5980, 126.6350),
        center=("平房区党群服务中心", "平房区行政服务大厅二楼", "0000-2000000", HOURS),
        rooms=["咨询服务室", "党群活动室"],
        places=[PlannedPlace(kind="community", name=COMMUNITIES[0], organization=COMMUNITY)]
        + [PlannedPlace(kind="community", name=name) for name in COMMUNITIES[1:]]
        + [PlannedPlace(kind="building", name="双创大厦", aliases=["双创楼"], address="东风大街1号")],
        organizations=organizations,
        units=units,
        people=list(inventor.people([one for one in organizations if one.members])),
    )


def _units(inventor: Inventor) -> list[PlannedUnit]:
    makers = [inventor.enterprise] * ENTERPRISES + [inventor.shop] * SHOPS + [inventor.society] * SOCIETIES
    found = []
    for number, make in enumerate(makers):
        community = COMMUNITIES[number % len(COMMUNITIES)]
        found.append(make("平房", place=community, address=f"{community}{number // len(COMMUNITIES) + 1}号"))
    return found


def _organizations(inventor: Inventor, units: list[PlannedUnit]) -> list[PlannedOrganization]:
    tops = [
        PlannedOrganization(kind="committee", name=f"平房区{name}非公企业党委", founded_on=date(2012, 7, 1),
                            address=f"{name}党群活动中心", phone=f"0000-20001{number:02d}", hours=HOURS)
        for number, name in enumerate(COMMITTEES)
    ]  # fmt: skip
    general = [
        PlannedOrganization(kind="general_branch", name=f"平房区{name}党总支", parent=tops[number % 4].name,
                            address=f"{name}管理办公室", phone=f"0000-20002{number:02d}", hours=HOURS)
        for number, name in enumerate(GENERAL)
    ]  # fmt: skip
    branches = _branches(inventor, units, [*tops, *general])
    others = [branch for branch in branches if branch.name != COMMUNITY]
    for branch, size in zip(
        others, inventor.shares(MEMBERS - COMMUNITY_MEMBERS, len(others), least=3), strict=True
    ):
        branch.members = size
    for branch, size in zip(
        others, inventor.shares(ACTIVISTS - COMMUNITY_ACTIVISTS, len(others), least=0), strict=True
    ):
        branch.activists = size
    return [*tops, *general, *branches]


def _branches(
    inventor: Inventor, units: list[PlannedUnit], above: list[PlannedOrganization]
) -> list[PlannedOrganization]:
    """Make the branches: most of one company, the rest joint, one of a community; together 124 units."""
    companies = iter(units)
    sizes = [1] * 44 + inventor.shares(COVERED - 44, BRANCHES - 44, least=2)
    found = []
    for number, size in enumerate(sizes):
        own = [next(companies) for _ in range(size)]
        joint = size > 1
        place = COMMUNITIES[number % len(COMMUNITIES)]
        name = (
            f"平房区{place}第{number - 43}联合党支部"
            if joint
            else f"{own[0].name.removesuffix('有限公司')}党支部"
        )
        found.append(
            PlannedOrganization(
                kind="joint_branch" if joint else "branch",
                name=name,
                parent=above[number % len(above)].name,
                aliases=[] if joint else [f"{own[0].aliases[0]}党支部"],
                founded_on=date(2013 + number % 3, 1 + number % 12, 1),
                address=f"{place}党群服务站" if joint else own[0].address,
                phone=f"0000-20003{number:02d}",
                hours=HOURS,
                units=own,
                form="joint" if joint else "single",
            )
        )
    community = found[44]
    community.kind, community.name, community.aliases = "branch", COMMUNITY, ["和平支部"]
    community.address = "和平社区党群服务站"
    community.members, community.activists = COMMUNITY_MEMBERS, COMMUNITY_ACTIVISTS
    return found
