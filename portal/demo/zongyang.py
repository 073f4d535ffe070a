"""枞阳经济开发区, a park under 枞阳县: the figures of field.md F19-F21, everything else invented.

51 units in 3 parks and 4 areas (an area is not a park), 34 branches (31 single, 3 joint covering 20 units),
203 members, every unit covered, a center with five rooms.
"""

from __future__ import annotations

from datetime import date

from portal.demo.invented import SEED, Inventor
from portal.demo.plan import Plan, PlannedOrganization, PlannedPlace, PlannedUnit

CODE = "340722-kfq"
TREE = [
    ("34", "province", "安徽省"),
    ("3407", "city", "铜陵市"),
    ("340722", "county", "枞阳县"),
    (CODE, "park", "枞阳经济开发区"),
]
COMMITTEE = "枞阳经济开发区党工委"
PARKS = ("莲湖产业园", "桥东产业园", "江畔产业园")
AREAS = ("东片区", "南片区", "西片区", "北片区")
SINGLE, JOINT = 31, (8, 7, 5)
MEMBERS, JOINT_MEMBERS = 203, (14, 11, 9)
ROOMS = ["咨询服务室", "教育培训室", "图书阅览室", "文体活动室", "党群活动室"]
HOURS = "周一至周五 8:30-17:30"


def plan() -> Plan:
    """Return the district, the same every time."""
    inventor = Inventor(SEED, first=1)
    units = [_unit(inventor, number) for number in range(SINGLE + sum(JOINT))]
    branches = [_single(number, unit) for number, unit in enumerate(units[:SINGLE], start=1)]
    rest = units[SINGLE:]
    for park, size in zip(PARKS, JOINT, strict=True):
        branches.append(_joint(park, [rest.pop() for _ in range(size)]))
    sizes = [*inventor.shares(MEMBERS - sum(JOINT_MEMBERS), SINGLE, least=3), *JOINT_MEMBERS]
    for branch, size in zip(branches, sizes, strict=True):
        branch.members = size
    top = PlannedOrganization(
        kind="work_committee", name=COMMITTEE, aliases=["开发区党工委"], founded_on=date(2012, 7, 1),
        address="枞阳经济开发区管委会三楼", phone="0000-1000001", hours=HOURS,
    )  # fmt: skip
    people = list(inventor.people(branches))
    return Plan(
        tree=TREE,
        middle=(30.7010, 117.2230),
        center=("枞阳经济开发区党群服务中心", "枞阳经济开发区管委会一楼", "0000-1000000", HOURS),
        rooms=ROOMS,
        places=_places(branches),
        organizations=[top, *branches],
        units=units,
        people=people,
    )


def _unit(inventor: Inventor, number: int) -> PlannedUnit:
    park = PARKS[number % len(PARKS)]
    return inventor.enterprise(
        "枞阳", place=park, area=AREAS[number % len(AREAS)], address=f"{park}{number + 1}号"
    )


def _single(number: int, unit: PlannedUnit) -> PlannedOrganization:
    return PlannedOrganization(
        kind="branch",
        name=f"{unit.name.removesuffix('有限公司')}党支部",
        parent=COMMITTEE,
        aliases=[f"{unit.aliases[0]}党支部"],
        founded_on=date(2013 + number % 3, 1 + number % 12, 1),
        address=f"{unit.address}办公楼",
        phone=f"0000-10001{number:02d}",
        hours=HOURS,
        units=[unit],
    )


def _joint(park: str, units: list[PlannedUnit]) -> PlannedOrganization:
    return PlannedOrganization(
        kind="joint_branch",
        name=f"{park}联合党支部",
        parent=COMMITTEE,
        aliases=[f"{park}联合支部"],
        founded_on=date(2015, 6, 1),
        address=f"{park}党员活动室",
        phone="0000-1000200",
        hours=HOURS,
        units=units,
        form="joint",
    )


def _places(branches: list[PlannedOrganization]) -> list[PlannedPlace]:
    joint = {branch.name: branch for branch in branches if branch.kind == "joint_branch"}
    parks = [
        PlannedPlace(
            kind="park", name=park, organization=next(name for name in joint if name.startswith(park))
        )
        for park in PARKS
    ]
    areas = [PlannedPlace(kind="area", name=area, organization=COMMITTEE) for area in AREAS]
    building = PlannedPlace(
        kind="building",
        name="创业服务大楼",
        aliases=["创服楼"],
        address="枞阳经济开发区管委会旁",
        organization=COMMITTEE,
    )
    return [*parks, *areas, building]
