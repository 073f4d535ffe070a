"""People and companies that do not exist, the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from portal.demo import codes
from portal.demo.plan import PlannedOrganization, PlannedPerson, PlannedUnit

SEED = 20160430

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文单仇解"
)
_MEN = "志国建军海峰文斌永康少华向东立新振宇德明家栋春生长林孝忠守信克勤学礼光远宏伟俊杰晓东万里正平"
_WOMEN = "秀兰桂英玉梅春燕丽华晓红月娥淑珍雅琴文静海霞巧云冬梅爱莲雪芳佩玲美娟慧敏素芬彩凤小满"
#: Given names that would make somebody known together with a common surname.
_AVOIDED = {"建国", "志军", "文斌", "海霞", "晓东", "向东", "少华", "长林"}

_BRANDS = "禾沐岚煦澄瑾茂堃渝铎翊骞珩朔筠晗楷栩澜屹昱霁峤彧樾琅玥菘莘芃蓁葳蕤岑岱崧嵘"
_INDUSTRIES = (
    ("家纺", "纺织业", "家纺"), ("服饰", "服装制造", "服饰"), ("机械", "通用设备制造", "机械"),
    ("汽车零部件", "汽车制造", "汽配"), ("电子科技", "电子设备制造", "电子"),
    ("包装材料", "印刷包装", "包装"),
    ("食品", "食品制造", "食品"), ("新型建材", "非金属制品", "建材"), ("物流", "道路运输", "物流"),
    ("信息技术", "软件和信息服务", "信息"), ("环保设备", "专用设备制造", "环保"),
    ("精密铸造", "金属制品", "铸造"),
)  # fmt: skip
_SHOPS = (
    "便利店",
    "小吃店",
    "五金店",
    "理发店",
    "水果店",
    "服装店",
    "修理部",
    "烟酒店",
    "面馆",
    "药房",
    "花店",
    "文具店",
)
_SOCIETIES = (
    ("养老服务中心", "52"), ("幼儿园", "52"), ("职业培训学校", "52"), ("志愿者协会", "51"),
    ("社会工作服务中心", "52"), ("书画协会", "51"), ("托育服务中心", "52"), ("商会", "51"),
)  # fmt: skip
_POSTS = ("生产部", "质检员", "车间主任", "会计", "销售", "仓库管理", "办公室", "技术员", "班组长", "司机")
_EDUCATIONS = ("11", "21", "21", "31", "31", "41", "61", "61", "71")


class Inventor:
    """Draws from one seeded source, so that a demo looks the same on every machine."""

    def __init__(self, seed: int, *, first: int) -> None:
        self.random = random.Random(seed)
        self._numbers = iter(range(first, first + 900_000))
        self._taken: set[str] = set()

    # --- people -------------------------------------------------------------------------------

    def person_name(self, *, man: bool) -> str:
        """Invent a name that this demo has not used yet."""
        pool = _MEN if man else _WOMEN
        while True:
            given = self.random.choice(pool)
            if self.random.random() < 0.8:
                given += self.random.choice(pool)
            name = self.random.choice(_SURNAMES) + given
            if given not in _AVOIDED and len(set(given)) == len(given) and name not in self._taken:
                self._taken.add(name)
                return name

    def person(
        self, organization: PlannedOrganization, *, stage: str, retired: bool = False
    ) -> PlannedPerson:
        """Invent somebody who belongs to ``organization``, and works for one of its units unless retired."""
        number = next(self._numbers)
        man = self.random.random() < 0.6
        oldest, youngest = (
            (date(1948, 1, 1), date(1962, 1, 1)) if retired else (date(1968, 1, 1), date(1997, 1, 1))
        )
        born = oldest + timedelta(days=self.random.randrange((youngest - oldest).days))
        # The running number makes every id unique: a sequence of three digits and a day of birth.
        sequence = number % 500 * 2 + (1 if man else 0)
        joined, full = self._joined(born, stage)
        unit = self.random.choice(organization.units) if organization.units and not retired else None
        return PlannedPerson(
            name=self.person_name(man=man),
            ric=codes.ric(born, sequence),
            phone=codes.phone(number),
            sex="1" if man else "2",
            born=born,
            stage=stage,
            organization=organization.name,
            uscc=unit.uscc if unit else None,
            joined_on=joined,
            full_on=full,
            post="退休" if retired else self.random.choice(_POSTS),
            education=self.random.choice(_EDUCATIONS),
        )

    def _joined(self, born: date, stage: str) -> tuple[date | None, date | None]:
        if stage == "activist":
            return None, None
        if stage == "probationary":
            return date(2026, 1, 1) + timedelta(days=self.random.randrange(200)), None
        joined = born.replace(day=1) + timedelta(days=365 * self.random.randrange(22, 28))
        return joined, joined + timedelta(days=365)

    def people(self, organizations: list[PlannedOrganization]) -> Iterator[PlannedPerson]:
        """Invent each branch's people: some retired, a few on probation, one secretary."""
        for organization in organizations:
            for place in range(organization.members):
                retired = place >= 3 and self.random.random() < 0.12
                new = place >= 3 and not retired and self.random.random() < 0.03
                person = self.person(organization, stage="probationary" if new else "full", retired=retired)
                person.offices = (
                    [("secretary", "deputy_secretary", "org_officer")[place]] if place < 2 else []
                )
                yield person
            for _ in range(organization.activists):
                yield self.person(organization, stage="activist")

    # --- units --------------------------------------------------------------------------------

    def brand(self) -> str:
        """Invent two characters that no well-known company uses."""
        return "".join(self.random.sample(_BRANDS, 2))

    def enterprise(self, region: str, *, place: str = "", area: str = "", address: str = "") -> PlannedUnit:
        """Invent a company with a short name people use for it."""
        while True:
            brand, (trade, industry, short) = self.brand(), self.random.choice(_INDUSTRIES)
            name = f"{region}{brand}{trade}有限公司"
            if name not in self._taken:
                break
        self._taken.add(name)
        staff = self.random.randrange(6, 320)
        return PlannedUnit(
            kind="nonpublic_enterprise", name=name, uscc=codes.uscc(next(self._numbers), kind="91"),
            aliases=[f"{brand}{short}"], place=place, area=area, industry=industry,
            above_scale=staff > 150, staff=staff, address=address,
        )  # fmt: skip

    def shop(self, region: str, *, place: str = "", address: str = "") -> PlannedUnit:
        """Invent a self-employed person's shop."""
        name = f"{region}{self.brand()}{self.random.choice(_SHOPS)}"
        return PlannedUnit(
            kind="self_employed", name=name, uscc=codes.uscc(next(self._numbers), kind="92"),
            place=place, address=address, industry="个体经营", staff=self.random.randrange(1, 8),
        )  # fmt: skip

    def society(self, region: str, *, place: str = "", address: str = "") -> PlannedUnit:
        """Invent a social organization."""
        kind_of, class_code = self.random.choice(_SOCIETIES)
        return PlannedUnit(
            kind="social_org", name=f"{region}{self.brand()}{kind_of}",
            uscc=codes.uscc(next(self._numbers), kind=class_code),
            place=place, address=address, industry="社会组织", staff=self.random.randrange(3, 60),
        )  # fmt: skip

    def shares(self, total: int, parts: int, *, least: int) -> list[int]:
        """Split ``total`` into ``parts`` of at least ``least`` each."""
        found = [least] * parts
        for _ in range(total - least * parts):
            found[self.random.randrange(parts)] += 1
        return found
