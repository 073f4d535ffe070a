"""Fill an empty installation with a large demo: as many invented members and organizations as asked for.

Every table is written by one statement (``large_sql``), all of it in one transaction: an interruption leaves
the installation as empty as it was. What no statement can write is left out: blind indexes and sealed fields
are made in Python with keys that no database holds, so phone numbers and ids are given to the people of one
branch only, whose accounts one can try.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import Date, bindparam, insert, select, text

from portal import clock, crypto
from portal.current import registry
from portal.database import UtcDateTime, db, everything, is_postgresql, session, transaction
from portal.database.engine import analyze
from portal.demo import codes, large_sql, large_words
from portal.demo.accounts import create_accounts_of
from portal.demo.invented import SEED
from portal.demo.place import Place
from portal.demo.write import SINCE
from portal.districts.models import District
from portal.identity.models import Account
from portal.members.models import Member, Person
from portal.members.sealed import phone_index, ric_index, sealed_columns
from portal.organizations import search
from portal.organizations.models import Organization, Unit
from portal.organizations.names import initials, sort_key

#: Organizations in one district, its committee included, and branches below one general branch.
A_DISTRICT, A_GENERAL = 250, 25
#: Districts in one city, as long as two digits count the cities.
A_CITY, CITIES = 4, 100
NOTE = "演示数据：地区、单位、人物均为虚构"
#: The root of the tree; no province has this code.
ROOT = "99"
FOUNDED = date(2014, 7, 1)
_TERM = (date(2024, 6, 1), date(2027, 6, 1))
_DATES = {
    "founded": Date,
    "term_start": Date,
    "term_end": Date,
    "since": Date,
    "lately": Date,
    "now": UtcDateTime,
}

Say = Callable[[str], None]


class NotEmpty(Exception):
    """Something is in this installation already."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is asked for; ``organizations`` counts committees and general branches too."""

    members: int
    organizations: int

    @property
    def districts(self) -> int:
        """Return how many districts share the organizations."""
        return max(1, round(self.organizations / A_DISTRICT))

    @property
    def general(self) -> int:
        """Return how many general branches stand in each district."""
        return self.organizations // self.districts // A_GENERAL


def seed(size: Size, here: Place, *, say: Say) -> None:
    """Write everything, or nothing when it is interrupted.

    Raises:
        NotEmpty: a district or an account is there already.
    """
    with everything():
        with transaction():
            _refuse_unless_empty()
            if not is_postgresql():
                # A million entries of eight indexes are merged in memory instead of on the disk.
                session.execute(text("PRAGMA cache_size = -262144"))
            _Seeding(size, say).run(here)
        session.remove()
    # With its large cache the connection goes too.
    db.engine.dispose()
    analyze()


def _refuse_unless_empty() -> None:
    for model in (District, Account):
        if session.scalar(select(model.id).limit(1)) is not None:
            raise NotEmpty


class _Seeding:
    """One run: the numbers that the statements share, and the clock of its steps."""

    def __init__(self, size: Size, say: Say) -> None:
        self.size, self.say, self.began = size, say, monotonic()
        self.values: dict[str, Any] = {
            **large_words.counts(),
            "members": size.members,
            "places": size.districts,
            "organizations": size.organizations - size.districts,
            "last": max(size.members, size.organizations),
            "general": size.general,
            "general_or_one": max(1, size.general),
            "founded": FOUNDED,
            "term_start": _TERM[0],
            "term_end": _TERM[1],
            "since": SINCE,
            "lately": clock.today() - timedelta(days=200),
            "now": clock.now(),
            "prefix": crypto.new_uid()[:10],
        }

    def run(self, here: Place) -> None:
        """Write table after table."""
        connection = session.connection()
        large_words.TABLES.create_all(connection)
        for table, rows in large_words.rows():
            connection.execute(insert(table), rows)
        self.step("numbers", large_sql.NUMBERS)
        districts = self.districts()
        self.organizations()
        self.units()
        self.step("search entries", large_sql.ORGANIZATION_ENTRIES, large_sql.UNIT_ENTRIES)
        self.people()
        for slug, write in registry().implementers("seed_demo"):
            write(seed=SEED)
            self.told(slug)
        sample = self.sample()
        create_accounts_of(here, root=ROOT, district=districts[0].code, people=sample)
        large_words.TABLES.drop_all(connection)
        self.told("accounts; writing all of it down")

    def step(self, name: str, *statements: str, **values: Any) -> None:
        """Run statements and say how long it has taken until now."""
        for statement in statements:
            self.execute(statement, **values)
        self.told(name)

    def execute(self, statement: str, **values: Any) -> None:
        """Run one statement with the values it names."""
        made = text(large_sql.in_dialect(statement, postgresql=is_postgresql()))
        given = {**self.values, **values}
        named = {name: given[name] for name in made._bindparams}
        typed: list[Any] = [bindparam(name, type_=_DATES[name]) for name in named if name in _DATES]
        session.connection().execute(made.bindparams(*typed), named)

    def told(self, name: str) -> None:
        """Say that a step is done."""
        self.say(f"{monotonic() - self.began:7.1f} s  {name}")

    def districts(self) -> Sequence[District]:
        """Write the tree of districts, their committees and their service centers."""
        top = _district(ROOT, "演示省", "province", None)
        number = self.size.districts
        a_city = max(A_CITY, -(-number // CITIES))
        cities = [
            _district(f"{ROOT}{at:02d}", f"{large_words.region(at * a_city)}市", "city", top)
            for at in range(-(-number // a_city))
        ]
        made = [
            _district(
                f"{cities[at // a_city].code}{at % a_city + 1:02d}",
                f"{large_words.region(at)}区",
                "county",
                cities[at // a_city],
            )
            for at in range(number)
        ]
        committees = [_committee(one, at) for at, one in enumerate(made)]
        search.index(top, *cities, *made, *committees)
        rows = [
            large_words.place_row(at, one.id, one.path, one.code, committee.id)
            for at, (one, committee) in enumerate(zip(made, committees, strict=True))
        ]
        session.connection().execute(insert(large_words.PLACE), rows)
        self.step("districts", large_sql.CENTERS)
        return made

    def organizations(self) -> None:
        """Write general branches and branches, and who stands below whom."""
        self.execute(large_sql.ORGANIZATIONS_PLANNED)
        first = self.inserted(Organization, large_sql.ORGANIZATIONS, self.values["organizations"])
        self.execute(large_sql.ORGANIZATIONS_NUMBERED, first=first)
        self.execute(large_sql.ORGANIZATION_TREE, first=first)
        for kind in ("general_branch", "branch"):
            self.execute(large_sql.ORGANIZATION_PATHS, first=first, kind=kind)
        self.step("organizations", large_sql.PARENTS)

    def units(self) -> None:
        """Write an employer for each branch."""
        branches = self.values["organizations"] - self.size.general * self.size.districts
        self.values["branches"] = branches
        first = self.inserted(Unit, large_sql.UNITS, branches)
        self.step("units", large_sql.BRANCHES, large_sql.UNITS_NUMBERED, large_sql.COVERAGE, first=first)

    def people(self) -> None:
        """Write persons, their records and their histories."""
        first = self.inserted(Person, large_sql.PERSONS, self.size.members)
        self.step("members", large_sql.MEMBERS, first=first)
        self.step("affiliations", large_sql.AFFILIATIONS)
        self.step("stages and offices", large_sql.STAGES, large_sql.SECRETARIES)

    def inserted(self, model: Any, statement: str, count: int) -> int:
        """Run an INSERT whose rows are counted through; return the first id of them."""
        newest = session.scalar(select(model.id).order_by(model.id.desc()).limit(1)) or 0
        self.execute(statement)
        own = select(model.id).where(model.id > newest)
        first = int(session.scalar(own.order_by(model.id).limit(1)) or 0)
        last = int(session.scalar(own.order_by(model.id.desc()).limit(1)) or 0)
        if last - first + 1 != count:
            # Somebody else took numbers in between.
            raise RuntimeError(f"{model.__tablename__}: {count} rows have ids from {first} to {last}")
        return first

    def sample(self) -> Sequence[Member]:
        """Give the people of the first branch ids and phones, so that they can log in and be found."""
        first = select(Member.organization_id).order_by(Member.id).limit(1).scalar_subquery()
        people = session.scalars(
            select(Member).where(Member.organization_id == first).order_by(Member.id).limit(A_GENERAL)
        ).all()
        for number, one in enumerate(people):
            assert one.birth_date is not None
            ric = codes.ric(one.birth_date, number * 2 + (1 if one.sex == "1" else 0))
            given: Mapping[str, Any] = {"phone": codes.phone(80_000_000 + number), "ric": ric}
            for column, value in sealed_columns(one.uid, dict(given), keep_ric=False).items():
                setattr(one, column, value)
            one.phone_index = phone_index(given["phone"])
            session.get_one(Person, one.person_id).ric_index = ric_index(ric)
        session.flush()
        return people


def _district(code: str, name: str, kind: str, parent: District | None) -> District:
    # Not by the verb: it writes each one's search entries in a statement of its own.
    made = District(
        code=code,
        name=name,
        kind=kind,
        parent_id=parent.id if parent else None,
        pinyin=sort_key(name),
        initials=initials(name),
        source_note=NOTE,
        is_demo=True,
    )
    session.add(made)
    session.flush()
    made.path = f"{parent.path if parent else '/'}{made.id}/"
    session.flush()
    return made


def _committee(district: District, number: int) -> Organization:
    name = f"{large_words.region(number)}两新组织党委"
    made = Organization(
        district_id=district.id,
        kind="committee",
        name=name,
        sort_key=search.keys(name).sort_key,
        founded_on=FOUNDED,
        office_address=f"{large_words.region(number)}兴业路1号",
        office_phone="0000-70000000",
        opening_hours="周一至周五 9:00-17:00",
        term_no=4,
        term_start=_TERM[0],
        term_end=_TERM[1],
    )
    session.add(made)
    session.flush()
    made.path = f"/{made.id}/"
    session.flush()
    return made
