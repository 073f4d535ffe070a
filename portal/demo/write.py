"""Write a planned district with one insert a table: twelve thousand rows take seconds, not minutes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from portal import clock, crypto
from portal.database import session
from portal.demo.plan import Plan, PlannedPerson
from portal.districts import service as districts
from portal.districts.models import District
from portal.districts.queries import by_code
from portal.members.models import Affiliation, Member, Office, Person, StatusEvent
from portal.members.sealed import phone_index, ric_index, sealed_columns
from portal.organizations.models import (
    CenterRoom,
    Organization,
    OrganizationParent,
    Place,
    ServiceCenter,
    Unit,
    UnitCoverage,
)
from portal.organizations.names import initials, sort_key

#: When the register began: the day from which memberships of a branch and its units are known.
SINCE = date(2016, 4, 30)


def write(plan: Plan) -> District:
    """Write everything of ``plan`` and return its district; call within a transaction and everything()."""
    district = _districts(plan)
    organizations = _organizations(plan, district.id)
    places = _places(plan, district.id, organizations)
    units = _units(plan, district.id, places)
    _coverage(plan, district.id, organizations, units)
    _center(plan, district.id)
    _people(plan, district.id, organizations, units)
    return district


def _insert(model: Any, rows: Iterable[dict[str, Any]]) -> None:
    found = list(rows)
    if found:
        session.execute(insert(model), found)


def _ids(model: Any, column: Any, district_id: int) -> dict[str, int]:
    found = session.execute(select(column, model.id).where(model.district_id == district_id))
    return {key: row_id for key, row_id in found}


def _districts(plan: Plan) -> District:
    parent: District | None = None
    for code, kind, name in plan.tree:
        last = code == plan.code
        found = by_code(code)
        if found is None:
            found = districts.create(
                code=code,
                name=name,
                kind=kind,
                parent=parent,
                source_note=plan.note if last else "",
                demo=True,
            )
            found.pinyin, found.initials = sort_key(name), initials(name)
        parent = found
    session.flush()
    assert parent is not None
    return parent


def _organizations(plan: Plan, district_id: int) -> dict[str, int]:
    _insert(
        Organization,
        (
            {
                "district_id": district_id,
                "kind": one.kind,
                "name": one.name,
                "aliases": one.aliases,
                "sort_key": sort_key(one.name),
                "founded_on": one.founded_on,
                "office_address": one.address,
                "office_phone": one.phone,
                "opening_hours": one.hours,
                "term_no": 4,
                "term_start": date(2024, 6, 1),
                "term_end": date(2027, 6, 1),
            }
            for one in plan.organizations
        ),
    )
    ids = _ids(Organization, Organization.name, district_id)
    parents = {one.name: one.parent for one in plan.organizations}
    table: Any = Organization.__table__
    for name, parent in parents.items():
        chain = [name]
        while parents[chain[0]]:
            chain.insert(0, parents[chain[0]])
        session.execute(
            table.update()
            .where(table.c.id == ids[name])
            .values(
                parent_id=ids[parent] if parent else None,
                path="/" + "".join(f"{ids[step]}/" for step in chain),
            )
        )
    _insert(
        OrganizationParent,
        (
            {
                "district_id": district_id,
                "organization_id": ids[one.name],
                "parent_id": ids[one.parent] if one.parent else None,
                "valid_from": one.founded_on,
            }
            for one in plan.organizations
        ),
    )
    return ids


def _places(plan: Plan, district_id: int, organizations: dict[str, int]) -> dict[str, int]:
    _insert(
        Place,
        (
            {
                "district_id": district_id,
                "kind": one.kind,
                "name": one.name,
                "aliases": one.aliases,
                "address": one.address,
                "organization_id": organizations.get(one.organization),
                "lat": plan.middle[0] + (number * 7 % 11 - 5) * 0.0036,
                "lng": plan.middle[1] + (number * 5 % 9 - 4) * 0.0045,
            }
            for number, one in enumerate(plan.places, start=1)
        ),
    )
    return _ids(Place, Place.name, district_id)


def _units(plan: Plan, district_id: int, places: dict[str, int]) -> dict[str, int]:
    _insert(
        Unit,
        (
            {
                "district_id": district_id,
                "kind": one.kind,
                "name": one.name,
                "aliases": one.aliases,
                "sort_key": sort_key(one.name),
                "uscc": one.uscc,
                "address": one.address,
                "place_id": places.get(one.place),
                "area_id": places.get(one.area),
                "industry": one.industry,
                "above_scale": one.above_scale,
                "staff": one.staff,
            }
            for one in plan.units
        ),
    )
    return _ids(Unit, Unit.uscc, district_id)


def _coverage(plan: Plan, district_id: int, organizations: dict[str, int], units: dict[str, int]) -> None:
    _insert(
        UnitCoverage,
        (
            {
                "district_id": district_id,
                "organization_id": organizations[one.name],
                "unit_id": units[unit.uscc],
                "form": one.form,
                "valid_from": one.founded_on,
            }
            for one in plan.organizations
            for unit in one.units
        ),
    )


def _center(plan: Plan, district_id: int) -> None:
    name, address, phone, hours = plan.center
    center = ServiceCenter(
        district_id=district_id,
        name=name,
        address=address,
        phone=phone,
        opening_hours=hours,
        lat=plan.middle[0],
        lng=plan.middle[1],
    )
    session.add(center)
    session.flush()
    _insert(
        CenterRoom,
        ({"district_id": district_id, "center_id": center.id, "name": room} for room in plan.rooms),
    )


def _people(plan: Plan, district_id: int, organizations: dict[str, int], units: dict[str, int]) -> None:
    indexes = {person.ric: ric_index(person.ric) for person in plan.people}
    _insert(Person, ({"ric_index": index} for index in indexes.values()))
    persons = _person_ids(list(indexes.values()))
    uids = {person.ric: crypto.new_uid() for person in plan.people}
    _insert(
        Member,
        (
            _member(person, uids[person.ric], persons[indexes[person.ric]], district_id, organizations, units)
            for person in plan.people
        ),
    )
    members = {uid: row_id for uid, row_id in session.execute(
        select(Member.uid, Member.id).where(Member.district_id == district_id)
    )}  # fmt: skip
    _histories(plan, district_id, organizations, {ric: members[uid] for ric, uid in uids.items()})


def _person_ids(indexes: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(indexes), 900):
        some = indexes[start : start + 900]
        found.update(
            {index: row_id for index, row_id in session.execute(
                select(Person.ric_index, Person.id).where(Person.ric_index.in_(some))
            ) if index is not None}
        )  # fmt: skip
    return found


def _member(
    person: PlannedPerson,
    uid: str,
    person_id: int,
    district_id: int,
    organizations: dict[str, int],
    units: dict[str, int],
) -> dict[str, Any]:
    sealed = sealed_columns(uid, {"phone": person.phone, "ric": person.ric}, keep_ric=False)
    return {
        **sealed,
        "phone_index": phone_index(person.phone),
        "uid": uid,
        "district_id": district_id,
        "person_id": person_id,
        "name": person.name,
        "sort_key": sort_key(person.name, person=True),
        "initials": initials(person.name, person=True),
        "sex": person.sex,
        "birth_date": person.born,
        "nation": "01",
        "education": person.education,
        "stage": person.stage,
        "joined_on": person.joined_on,
        "full_on": person.full_on,
        "post": person.post,
        "unit_id": units[person.uscc] if person.uscc else None,
        "organization_id": organizations[person.organization],
        "created_at": clock.now(),
    }


def _histories(plan: Plan, district_id: int, organizations: dict[str, int], members: dict[str, int]) -> None:
    """Write since when each belongs to the branch, the office held, and how the record began."""
    affiliations, offices, events = [], [], []
    for person in plan.people:
        member_id, organization_id = members[person.ric], organizations[person.organization]
        since = max(person.joined_on or SINCE, SINCE)
        shared = {"district_id": district_id, "member_id": member_id}
        affiliations.append(
            {**shared, "organization_id": organization_id, "kind": "formal", "valid_from": since}
        )
        offices += [
            {**shared, "organization_id": organization_id, "role": role, "term_no": 4,
             "valid_from": date(2024, 6, 1)}
            for role in person.offices
        ]  # fmt: skip
        events.append(
            {**shared, "kind": "stage", "value": person.stage, "on_day": since, "recorded_at": clock.now()}
        )
    _insert(Affiliation, affiliations)
    _insert(Office, offices)
    _insert(StatusEvent, events)
