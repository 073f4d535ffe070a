"""What a demo district consists of, before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

NOTE = "2015-2016年公开报道数据，人物、单位名称与缴费均为虚构"


@dataclass(kw_only=True)
class PlannedPlace:
    """A park, area, building or community; ``organization`` is the name of who answers for it."""

    kind: str
    name: str
    aliases: list[str] = field(default_factory=list)
    address: str = ""
    organization: str = ""


@dataclass(kw_only=True)
class PlannedOrganization:
    """A party organization; ``parent`` is a name. ``form`` is how it covers its units."""

    kind: str
    name: str
    parent: str = ""
    aliases: list[str] = field(default_factory=list)
    founded_on: date = date(2014, 7, 1)
    address: str = ""
    phone: str = ""
    hours: str = ""
    units: list[PlannedUnit] = field(default_factory=list)
    form: str = "single"
    members: int = 0
    activists: int = 0


@dataclass(kw_only=True)
class PlannedUnit:
    """An employer; ``place`` and ``area`` are names."""

    kind: str
    name: str
    uscc: str
    aliases: list[str] = field(default_factory=list)
    address: str = ""
    place: str = ""
    area: str = ""
    industry: str = ""
    above_scale: bool = False
    staff: int | None = None


@dataclass(kw_only=True)
class PlannedPerson:
    """A member or activist of one branch."""

    name: str
    ric: str
    phone: str
    sex: str
    born: date
    stage: str
    organization: str
    uscc: str | None
    joined_on: date | None
    full_on: date | None
    post: str
    education: str
    offices: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Plan:
    """One district: its place in the tree (code, kind, name from the top), and all that is in it."""

    tree: list[tuple[str, str, str]]
    center: tuple[str, str, str, str]
    rooms: list[str]
    places: list[PlannedPlace]
    organizations: list[PlannedOrganization]
    units: list[PlannedUnit]
    people: list[PlannedPerson] = field(default_factory=list)
    note: str = NOTE
    #: About where the district lies; its places stand around it by invented steps.
    middle: tuple[float, float] = (30.0, 110.0)

    @property
    def code(self) -> str:
        """Return the district's code."""
        return self.tree[-1][0]
