"""The words a large demo's names are put together of, each with its keys, as small tables of the seeding.

A name's keys (``search.keys``) can be joined of its parts' keys in SQL as long as no character is read in two
ways: then no neighbour changes how a part is read. The words here are chosen so, and ``tests/demo/test_seed``
compares what SQL wrote with what the functions say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from portal.organizations.names import sort_key
from portal.organizations.search import INITIALS, keys, words

#: A region is one of the first and one of the second: 400 names before they come again.
_FIRST, _SECOND = "松云柳桂梅竹枫榆棠荷兰苇茶麦稻禾晴潮霖恒嘉腾骏凌霄", "岭湖湾坪岗塘洲渡桥泉原坡林滩峰川"
_BRANDS = "禾沐岚瑾茂堃渝铎翊骞朔晗澜昱霁彧樾琅玥菘芃葳蕤岑岱崧嵘晴潮苍碧霖沁朗润泽恒裕嘉禧腾骏凌霄澎"
TRADES = ("纺织", "电子", "物流", "建材", "环保", "铸造", "软件", "商贸", "光电", "工贸")
#: What stands behind region and brand: a unit's name, its branch's, a general branch's; each for every trade.
TAILS = ("{}有限公司", "{}有限公司党支部", "{}党总支")
_SURNAMES = (
    "李张刘陈杨赵黄周徐孙胡高林何郭马罗梁宋郑谢韩唐萧程曹袁傅苏卢蒋魏薛阎戴钟田姜范谭廖邹熊金孔崔康毛邱秦江史顾侯邵"
    "孟龙段雷钱黎易常武乔贺赖龚文"
)
#: First and second character of given names; none of their pairs makes a known person of a common surname.
_GIVEN = (
    ("志峰永康少新振宇德栋", "春林孝忠守克学礼光远宏"),
    ("秀兰桂玉梅春燕丽晓", "娥珍雅琴静巧云爱莲芳佩玲娟慧敏素芬彩凤"),
)
_ROADS = ("兴业路", "创新路", "振工路", "迎宾路", "文山路", "工业路", "园区路")

TABLES = MetaData()


def _table(name: str, numbers: str = "", texts: str = "") -> Table:
    # BIGINT for PostgreSQL's products; a key that is SQLite's own row number is called INTEGER.
    number = BigInteger().with_variant(Integer(), "sqlite")
    return Table(
        name,
        TABLES,
        Column("n", number, primary_key=True, autoincrement=False),
        *(Column(column, BigInteger) for column in numbers.split()),
        *(Column(column, Text) for column in texts.split()),
        prefixes=["TEMPORARY"],
    )


NUMBER = _table("seed_number")
PLACE = _table(
    "seed_place", "district_id committee_id", "name last code sort_key syllable initials names sounds shared"
)
BRAND = _table("seed_brand", "", "text syllable initial")
TAIL = _table("seed_tail", "", "text first sort_key syllable initials names sounds letters industry")
ROAD = _table("seed_road", "", "text terms")
SURNAME = _table("seed_surname", "", "text sort_key initial")
GIVEN = _table("seed_given", "", "text sort_key initials")
#: Every organization but the committees, numbered through; its unit has the same brand and trade.
ORGANIZATION = _table(
    "seed_organization", "place local brand brand2 trade road house organization_id unit_id", "kind"
)
BRANCH = _table("seed_branch", "district_id organization_id unit_id")


def region(number: int) -> str:
    """Return the name of the region ``number``, without its 区 or 市."""
    return _FIRST[number % len(_FIRST)] + _SECOND[number // len(_FIRST) % len(_SECOND)]


def place_row(number: int, district_id: int, path: str, code: str, committee_id: int) -> dict[str, Any]:
    """Return the row of a district: its region's name and the keys of that."""
    name = region(number)
    made = keys(name)
    first, last = made.sort_key.split()
    return {
        "n": number,
        "district_id": district_id,
        "name": name,
        "last": name[1],
        "sort_key": made.sort_key,
        "syllable": last,
        "initials": made.initials,
        "names": f"n{name}",
        "sounds": f"p{first}{last}",
        "shared": " ".join(f"d{part}" for part in path.split("/") if part),
        "code": code,
        "committee_id": committee_id,
    }


def rows() -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """Return the rows of the tables of words."""
    yield (
        BRAND,
        [
            {"n": number, "text": text, "syllable": keys(text).sort_key, "initial": keys(text).initials}
            for number, text in enumerate(_BRANDS)
        ],
    )
    yield (
        TAIL,
        [
            _tail(number, ending.format(trade), trade)
            for number, (ending, trade) in enumerate((ending, trade) for ending in TAILS for trade in TRADES)
        ],
    )
    yield (
        ROAD,
        [
            {"n": number, "text": text, "terms": " ".join(words("a", [text]))}
            for number, text in enumerate(_ROADS)
        ],
    )
    yield SURNAME, [
        {"n": number, "text": text, "sort_key": sort_key(text + "志", person=True).split()[0],
         "initial": sort_key(text + "志", person=True)[0]}
        for number, text in enumerate(_SURNAMES)
    ]  # fmt: skip
    yield GIVEN, list(_given())


def _tail(number: int, text: str, trade: str) -> dict[str, Any]:
    made = keys(text)
    return {
        "n": number,
        "text": text,
        "first": text[0],
        "sort_key": made.sort_key,
        "syllable": made.sort_key.split()[0],
        "initials": made.initials,
        "names": " ".join(term for term in made.terms if term[0] == "n"),
        "sounds": " ".join(term for term in made.terms if term[0] == "p"),
        "letters": " ".join(f"i{made.initials[at : at + INITIALS]}" for at in range(len(made.initials))),
        "industry": trade,
    }


def given_names() -> tuple[list[str], list[str]]:
    """Return the given names of men and of women, of two characters and of one."""
    men, women = (
        [*(one + two for one in firsts for two in seconds if one != two), *seconds]
        for firsts, seconds in _GIVEN
    )
    return men, women


def _given() -> Iterator[dict[str, Any]]:
    men, women = given_names()
    for number, text in enumerate((*men, *women)):
        spelt = [keys(character).sort_key for character in text]
        yield {
            "n": number,
            "text": text,
            "sort_key": " ".join(spelt),
            "initials": "".join(syllable[0] for syllable in spelt),
        }


def counts() -> dict[str, int]:
    """Return how many words there are of each kind, for the arithmetic of the statements."""
    men, women = given_names()
    return {
        "brands": len(_BRANDS),
        "trades": len(TRADES),
        "roads": len(_ROADS),
        "surnames": len(_SURNAMES),
        "men": len(men),
        "women": len(women),
    }
