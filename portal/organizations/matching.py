"""From what somebody typed to the names it may mean: one query, on either database.

Nothing typed reaches the search language: the text is cut into runs of letters and digits first, and the
terms are made of those. LIKE is not used at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from sqlalchemy import text

from portal.database import is_postgresql, session
from portal.organizations.reading import cut, readings
from portal.organizations.search import INITIALS, code_key, tidy
from portal.plugin import DistrictRef

#: Characters of the text that are looked at, and runs in it: a full company name has some thirty.
LENGTH, PARTS = 64, 6
#: Names taken into account; with more than that the text says too little.
BY_BEGINNING, BY_TERMS, BY_CODE = 40, 80, 10


@dataclass(frozen=True, slots=True)
class Phrase:
    """Terms that follow one another; with ``open_end`` the last one is only the beginning of a term."""

    terms: tuple[str, ...]
    open_end: bool = False


#: Every group must be found, by any of its phrases.
Wanted = tuple[tuple[Phrase, ...], ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed, understood."""

    runs: tuple[str, ...]
    key: str
    code: str

    def __bool__(self) -> bool:
        return bool(self.runs)


@dataclass(frozen=True, slots=True)
class Match:
    """A name that matched. ``quality``: 0 the name itself, 1 its beginning, 2 inside, 3 loosely."""

    kind: str
    entity_id: int
    district_id: int
    district_path: str
    name: str
    quality: int
    sort_key: str


def understand(typed: str) -> Typed:
    """Cut what was typed into runs; a full or begun credit code (from 6 characters) is recognised."""
    runs, length = [], 0
    for run in tidy(typed[: LENGTH * 4])[:PARTS]:
        runs.append(run[: LENGTH - length])
        length += len(runs[-1])
        if length >= LENGTH:
            break
    code = code_key(typed[: LENGTH * 2])
    joined = "".join(runs)
    is_code = joined.isascii() and 6 <= len(code) <= 18 and any(c.isdigit() for c in code)
    return Typed(tuple(runs), joined, code if is_code and code.lower() == joined else "")


def wanted(typed: Typed) -> Wanted:
    """Return the terms the text asks for: every run, by name, address, pinyin or initials."""
    return tuple(_latin(run) if run.isascii() else _chinese(run) for run in typed.runs)


def loosely(typed: Typed) -> Wanted:
    """Return a forgiving reading: words of two characters in any order, or what sounds the same."""
    groups: list[tuple[Phrase, ...]] = []
    for run in typed.runs:
        if run.isascii() or len(run) < 2:
            groups.append(_latin(run) if run.isascii() else _chinese(run))
            continue
        sounds = tuple(_syllables(way) for way in readings(run)[:1])
        if len(typed.runs) == 1 and len(run) < 4:
            groups.append(sounds)
            continue
        groups += [_chinese(run[at : at + 2]) for at in range(0, len(run) - len(run) % 2, 2)]
    return tuple(groups)


def _chinese(run: str) -> tuple[Phrase, ...]:
    if len(run) == 1:
        return tuple(Phrase((kind + run,), open_end=True) for kind in "na")
    return tuple(Phrase(tuple(kind + one + two for one, two in pairwise(run))) for kind in "na")


def _latin(run: str) -> tuple[Phrase, ...]:
    found = [Phrase((kind + run,), open_end=True) for kind in "na"]
    found += [_syllables(way) for way in cut(run)]
    pieces = [run[at : at + INITIALS] for at in range(max(1, len(run) - INITIALS + 1))]
    found.append(Phrase(tuple(f"i{piece}" for piece in pieces), open_end=True))
    return tuple(found)


def _syllables(way: Sequence[str]) -> Phrase:
    if len(way) == 1:
        return Phrase((f"p{way[0]}",), open_end=True)
    return Phrase(tuple(f"p{one}{two}" for one, two in pairwise(way)), open_end=True)


# --- the query, in both languages ---


def fts5(groups: Wanted, district_id: int | None) -> str:
    """Write the wanted terms in the language of SQLite's FTS5; the terms hold letters and digits only."""
    parts = [f'"d{district_id}"'] if district_id is not None else []
    for phrases in groups:
        own = [f'"{" ".join(phrase.terms)}"' + (" *" if phrase.open_end else "") for phrase in phrases]
        parts.append("(" + " OR ".join(own) + ")")
    return " AND ".join(parts)


def tsquery(groups: Wanted, district_id: int | None) -> str:
    """Write the wanted terms in the language of PostgreSQL's ``to_tsquery``."""
    parts = [f"'d{district_id}'"] if district_id is not None else []
    for phrases in groups:
        own = []
        for phrase in phrases:
            ends = f"'{phrase.terms[-1]}'" + (":*" if phrase.open_end else "")
            own.append(" <-> ".join([*(f"'{term}'" for term in phrase.terms[:-1]), ends]))
        parts.append("(" + " | ".join(f"({one})" for one in own) + ")")
    return " & ".join(parts)


_ENTRY_COLUMNS = "e.kind, e.entity_id, e.district_id, e.name, e.name_key, e.sort_key"
_COLUMNS = f"{_ENTRY_COLUMNS}, d.path"
_ENTRY = "search_entry e JOIN district d ON d.id = e.district_id"
# Built of the constants above only; what was typed comes in as bound values.
_BY_TERMS = {
    "sqlite": (
        f"SELECT 'terms' AS found, {_COLUMNS} FROM search_fts "  # noqa: S608  our own constants
        "JOIN search_entry e ON e.id = search_fts.rowid JOIN district d ON d.id = e.district_id "
        "WHERE search_fts MATCH :terms LIMIT :terms_limit"
    ),
    "postgresql": (
        f"SELECT 'terms' AS found, {_COLUMNS} FROM {_ENTRY} "  # noqa: S608  our own constants
        "WHERE e.terms_read @@ to_tsquery('simple', :terms) LIMIT :terms_limit"
    ),
}
#: Entries of a district that are looked at one by one, each with all of its terms.
HERE = 1000
# Where a term is only begun, PostgreSQL collects every entry in the country that has one like it, before it
# asks which are of this district. A district of few entries is asked about each of them; the other half of
# the statement then never runs.
_FEW_HERE = (
    f"here AS MATERIALIZED (SELECT {_ENTRY_COLUMNS}, e.terms_read @@ to_tsquery('simple', :anywhere) AS fits "  # noqa: S608  our own constants
    "FROM search_entry e WHERE e.terms_read @@ to_tsquery('simple', :here) LIMIT :few + 1)"
)
_BY_TERMS_HERE = (
    f"SELECT 'terms' AS found, {_COLUMNS} FROM here e JOIN district d ON d.id = e.district_id "  # noqa: S608  our own constants
    "WHERE e.fits AND (SELECT count(*) FROM here) <= :few LIMIT :terms_limit",
    f"SELECT 'terms' AS found, {_COLUMNS} FROM {_ENTRY} "  # noqa: S608  our own constants
    "WHERE e.terms_read @@ to_tsquery('simple', :terms) "
    "AND (SELECT count(*) FROM here) > :few LIMIT :terms_limit",
)
_BY_BEGINNING = (
    f"SELECT 'beginning' AS found, {_COLUMNS} FROM {_ENTRY} "  # noqa: S608  our own constants
    "WHERE e.name_key >= :low AND e.name_key < :high ORDER BY e.name_key LIMIT :beginning_limit"
)
_BY_BEGINNING_HERE = _BY_BEGINNING.replace("WHERE", "WHERE e.district_id = :district AND")
_BY_CODE = (
    f"SELECT 'code' AS found, {_COLUMNS} FROM {_ENTRY} "  # noqa: S608  our own constants
    "WHERE e.code >= :code AND e.code < :code_high ORDER BY e.code LIMIT :code_limit"
)


def statement(typed: Typed, groups: Wanted, *, district: DistrictRef | None) -> tuple[Any, dict[str, Any]]:
    """Return the one statement that finds the names, and its values."""
    postgresql, here = is_postgresql(), district.id if district else None
    begun = any(phrase.open_end for phrases in groups for phrase in phrases)
    one_by_one = postgresql and here is not None and begun
    values: dict[str, Any] = {
        "terms": (tsquery if postgresql else fts5)(groups, here),
        "terms_limit": BY_TERMS,
        "low": typed.key,
        "high": typed.key + "\U0010ffff",
        "beginning_limit": BY_BEGINNING,
    }
    if here is not None:
        values["district"] = here
    if one_by_one:
        values |= {"here": f"'d{here}'", "anywhere": tsquery(groups, None), "few": HERE}
    if typed.code:
        values |= {"code": typed.code, "code_high": typed.code + "~", "code_limit": BY_CODE}
    dialect = "postgresql" if postgresql else "sqlite"
    narrowed = here is not None
    return _statement(dialect, narrowed=narrowed, one_by_one=one_by_one, by_code=bool(typed.code)), values


@cache
def _statement(dialect: str, *, narrowed: bool, one_by_one: bool, by_code: bool) -> Any:
    parts = list(_BY_TERMS_HERE) if one_by_one else [_BY_TERMS[dialect]]
    parts.append(_BY_BEGINNING_HERE if narrowed else _BY_BEGINNING)
    if by_code:
        parts.append(_BY_CODE)
    wrapped = [f"SELECT * FROM ({part}) part{number}" for number, part in enumerate(parts)]  # noqa: S608  our own constants
    return text(("WITH " + _FEW_HERE if one_by_one else "") + " UNION ALL ".join(wrapped))


def match(typed: Typed, *, district: DistrictRef | None = None) -> tuple[list[Match], bool]:
    """Return what was found, best first, one entry a thing; and whether there may be more.

    ``district`` narrows to it and all that lies below.
    """
    found = _run(typed, wanted(typed), district)
    if not found and any(not run.isascii() for run in typed.runs):
        found = _run(typed, loosely(typed), district)
    best: dict[tuple[str, int], Match] = {}
    for one in found:
        known = best.get((one.kind, one.entity_id))
        if known is None or one.quality < known.quality:
            best[one.kind, one.entity_id] = one
    ordered = sorted(best.values(), key=lambda one: (one.quality, one.sort_key, one.entity_id))
    return ordered, len(found) >= BY_TERMS


def _run(typed: Typed, groups: Wanted, district: DistrictRef | None) -> list[Match]:
    sql, values = statement(typed, groups, district=district)
    return [
        Match(
            row.kind, row.entity_id, row.district_id, row.path, row.name, _quality(typed, row), row.sort_key
        )
        for row in session.connection().execute(sql, values).all()
        # A credit code is looked up everywhere: the list is ten lines long.
        if district is None or row.path.startswith(district.path)
    ]


def _quality(typed: Typed, row: Any) -> int:
    if row.found == "code":
        return 0 if len(typed.code) == 18 else 1
    if row.name_key == typed.key or row.sort_key.replace(" ", "") == typed.key:
        return 0
    if row.name_key.startswith(typed.key):
        return 1
    return 2 if typed.key in row.name_key or typed.key.isascii() else 3
