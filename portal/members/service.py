"""Verbs on members' records: take in, change, correct the home branch.

``values`` are named as people name them: name, sex, birth_date, nation, education, phone, landline, address,
stage, state, joined_on, full_on, post, unit_id, lost_contact, lost_contact_on, floating, floating_to, remark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from portal import audit, clock, crypto
from portal.database import session, swap, transaction
from portal.members import delegation_ends
from portal.members.events import announce_move
from portal.members.models import OPEN_STATES, Affiliation, Member, Person, StatusEvent
from portal.members.objections import refuse_objections
from portal.members.sealed import ric_index, sealed_columns
from portal.organizations.models import BRANCH_KINDS, Organization
from portal.organizations.names import initials, sort_key
from portal.organizations.service import NotAllowed
from portal.words import lazy_gettext as _


@dataclass(kw_only=True)
class Intake:
    """A record to take in: the national id, the home branch, the values."""

    ric: str
    organization_id: int
    values: dict[str, Any] = field(default_factory=dict)


def take_in(
    intakes: Sequence[Intake],
    *,
    district_id: int,
    actor: Any,
    keep_ric: bool = False,
    since: date | None = None,
) -> list[Member]:
    """Create records of people in one district, each with its affiliation; return them in order.

    A register starts in the middle of a life: without ``since`` the affiliation begins with this year, so
    that this year's months have a branch, but never before the person joined.

    Raises:
        NotAllowed: somebody has an open record here already.
    """
    with transaction():
        people = _people([intake.ric for intake in intakes])
        day = since or clock.today().replace(month=1, day=1)
        _refuse_open_records(district_id, [person.id for person in people.values()])
        made = [_member(intake, people[intake.ric], district_id, keep_ric) for intake in intakes]
        session.add_all(made)
        session.flush()
        if made:
            session.execute(insert(Affiliation), [_home(member, day) for member in made])
            session.execute(
                insert(StatusEvent), [_told(member, "stage", member.stage, actor) for member in made]
            )
        audit.record_each("member.create", made, actor=actor, district=district_id)
    return made


def _people(rics: Sequence[str]) -> dict[str, Person]:
    """Find or make the person behind each national id; a person belongs to no district."""
    by_index = {ric_index(ric): ric for ric in rics}
    found: dict[str, Person] = {}
    indexes = list(by_index)
    for start in range(0, len(indexes), 500):
        for person in session.scalars(
            select(Person).where(Person.ric_index.in_(indexes[start : start + 500]))
        ):
            found[by_index[str(person.ric_index)]] = person
    missing = {ric: Person(ric_index=index) for index, ric in by_index.items() if ric not in found}
    session.add_all(missing.values())
    session.flush()
    return found | missing


def _refuse_open_records(district_id: int, person_ids: Sequence[int]) -> None:
    for start in range(0, len(person_ids), 500):
        taken = session.scalar(
            select(Member.id).where(
                Member.district_id == district_id,
                Member.person_id.in_(person_ids[start : start + 500]),
                Member.closed_on.is_(None),
            )
        )
        if taken is not None:
            raise NotAllowed(_("这个身份证号已经有登记，请查找后修改。"))


def _member(intake: Intake, person: Person, district_id: int, keep_ric: bool) -> Member:
    uid = crypto.new_uid()
    values = dict(intake.values)
    name = values["name"]
    columns = sealed_columns(uid, values | {"ric": intake.ric}, keep_ric=keep_ric)
    return Member(
        uid=uid,
        district_id=district_id,
        person_id=person.id,
        sort_key=sort_key(name, person=True),
        initials=initials(name, person=True),
        organization_id=intake.organization_id,
        created_at=clock.now(),
        **columns,
    )


def _home(member: Member, day: date) -> dict[str, Any]:
    return {
        "district_id": member.district_id,
        "member_id": member.id,
        "organization_id": member.organization_id,
        "kind": "formal",
        "valid_from": max(day, member.joined_on or day),
    }


def _event(member: Member, kind: str, value: str, actor: Any) -> StatusEvent:
    return StatusEvent(**_told(member, kind, value, actor))


def _told(member: Member, kind: str, value: str, actor: Any) -> dict[str, Any]:
    days = {"full": member.full_on, "probationary": member.joined_on}
    return {
        "district_id": member.district_id,
        "member_id": member.id,
        "kind": kind,
        "value": value,
        "on_day": (days.get(value) if kind == "stage" else None) or clock.today(),
        "actor_id": getattr(actor, "account_id", actor),
        "recorded_at": clock.now(),
    }


def change(member: Member, *, version: int, actor: Any, **values: Any) -> Member:
    """Change fields of a record that is still at ``version``; stage and state leave an event (K3).

    Raises:
        Conflict: somebody else changed it meanwhile.
        NotAllowed: the record has ended.
    """
    check_open(member)
    with transaction():
        fields = sorted(values)
        if "name" in values:
            values["sort_key"] = sort_key(values["name"], person=True)
            values["initials"] = initials(values["name"], person=True)
        before = {"stage": member.stage, "state": member.state}
        columns = sealed_columns(member.uid, values, keep_ric=member.ric_sealed is not None)
        swap(member, version=version, states=OPEN_STATES, **columns)
        for kind in ("stage", "state"):
            if getattr(member, kind) != before[kind]:
                session.add(_event(member, kind, getattr(member, kind), actor))
        audit.record(
            "member.change", member, actor=actor, district=member.district_id, detail={"fields": fields}
        )
    return member


def check_open(member: Member) -> None:
    """Refuse to touch a record that has ended; its past stays as it was (rule K2).

    Raises:
        NotAllowed: it has ended.
    """
    if member.state not in OPEN_STATES or member.closed_on is not None:
        raise NotAllowed(_("这条登记已经结束，不能再改。"))


def check_home(member: Member, organization: Organization) -> None:
    """Refuse a branch that cannot become a member's home.

    Raises:
        NotAllowed: the record has ended, another district, the same branch, or no living branch.
    """
    check_open(member)
    if organization.district_id != member.district_id or organization.id == member.organization_id:
        raise NotAllowed(_("请选本地的另一个党支部。"))
    if organization.kind not in BRANCH_KINDS or organization.dissolved_on is not None:
        raise NotAllowed(_("请选还在的党支部，党员不能直接转到党委、总支。"))


def correct_home(
    member: Member, organization: Organization, *, version: int, reason: str, actor: Any
) -> Affiliation:
    """Put right a home branch that was written down wrongly; a real move is a transfer, not this.

    The affiliation is voided and opened anew from the same day, so that no month stands between two branches.

    Raises:
        NotAllowed: no reason was given (K10), no branch that can be a home, or a plugin objects.
    """
    if not reason.strip():
        raise NotAllowed(_("请写明更正的原因。"))
    check_home(member, organization)
    refuse_objections(member, "transfer")
    with transaction():
        swap(member, version=version, states=OPEN_STATES, organization_id=organization.id)
        wrong = session.scalars(
            select(Affiliation).where(
                Affiliation.member_id == member.id,
                Affiliation.kind == "formal",
                Affiliation.valid_to.is_(None),
                ~Affiliation.void,
            )
        ).first()
        if wrong is not None:
            wrong.void, wrong.end_reason = True, reason.strip()[:40]
            session.flush()
        right = Affiliation(
            district_id=member.district_id,
            member_id=member.id,
            organization_id=organization.id,
            kind="formal",
            valid_from=wrong.valid_from if wrong else clock.today(),
            predecessor_id=wrong.id if wrong else None,
        )
        session.add(right)
        session.flush()
        delegation_ends.end_of_member(member, why="moved")
        # whoever keeps books by branch must hear of it as of a real move
        announce_move(
            member,
            origin=wrong.organization_id if wrong else None,
            target=organization.id,
            key=f"corrected:{right.id}",
        )
        audit.record(
            "member.correct_home",
            member,
            actor=actor,
            district=member.district_id,
            detail={"from": wrong.organization_id if wrong else None, "to": organization.id},
        )
    return right
