"""A person's rights and the acts that touch every plugin: copy, move, leave, erase.

``ask`` reaches every installed plugin, switched on or off, and refuses when one is not loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from portal import audit, clock
from portal.current import registry
from portal.database import session, swap, transaction
from portal.districts import context
from portal.identity import passkeys
from portal.identity.forgetting import GONE
from portal.identity.models import Account
from portal.members import account_rights, belongings, delegation_ends, forgetting, merging, sealed
from portal.members.events import announce_move, ref
from portal.members.models import EXIT_TYPES, OPEN_STATES, Affiliation, Member, StatusEvent
from portal.members.objections import refuse_objections
from portal.members.service import check_home, check_open
from portal.organizations.models import Organization
from portal.organizations.service import NotAllowed
from portal.plugin import Erasure
from portal.words import lazy_gettext as _


def copy_of(member: Member) -> dict[str, Any]:
    """Return everything the portal holds about a member, ready for JSON (PIPL art. 45)."""
    own = {column: sealed.unseal(member, column) for column in ("phone", "landline", "address", "ric")}
    record = {
        column.name: getattr(member, column.name)
        for column in Member.__table__.columns
        if not column.name.endswith(("_sealed", "_index")) and column.name not in {"sort_key", "initials"}
    }
    affiliations = session.scalars(select(Affiliation).where(Affiliation.member_id == member.id))
    account = _account(member)
    return {
        "record": {**record, **own},
        "affiliations": [
            {
                "organization_id": row.organization_id,
                "kind": row.kind,
                "from": row.valid_from,
                "to": row.valid_to,
                "void": row.void,
            }
            for row in affiliations
        ],
        **belongings.of(member),
        "plugins": registry().ask(
            "member_export", district=context.ref(member.district_id), member=ref(member)
        ),
        "plugins_by_account": account_rights.exported(account) if account is not None else {},
    }


def _account(member: Member) -> Account | None:
    return session.scalars(select(Account).where(Account.person_id == member.person_id)).one_or_none()


def move(
    member: Member, organization: Organization, *, version: int, from_day: date, reason: str, actor: Any
) -> Affiliation:
    """Move a member to another branch of the same district from ``from_day`` on; history stays.

    One affiliation ends, the next opens on the same day, so no day is without a branch or with two.

    Raises:
        NotAllowed: another district, the same branch, no living branch, a day before the present
            affiliation, or a plugin objects.
    """
    check_home(member, organization)
    refuse_objections(member, "transfer")
    with transaction():
        swap(member, version=version, states=OPEN_STATES, organization_id=organization.id)
        present = session.scalars(
            select(Affiliation).where(
                Affiliation.member_id == member.id,
                Affiliation.kind == "formal",
                Affiliation.valid_to.is_(None),
                ~Affiliation.void,
            )
        ).one_or_none()
        if present is not None:
            if from_day < present.valid_from:
                raise NotAllowed(_("转入日期早于现在支部的起始日期。"), field="day")
            present.valid_to, present.end_reason = from_day, reason.strip()[:40]
            session.flush()
        following = Affiliation(
            district_id=member.district_id,
            member_id=member.id,
            organization_id=organization.id,
            kind="formal",
            valid_from=from_day,
            predecessor_id=present.id if present else None,
        )
        session.add(following)
        session.flush()
        origin = present.organization_id if present else None
        audit.record(
            "member.move",
            member,
            actor=actor,
            district=member.district_id,
            detail={"from": origin, "to": organization.id},
        )
        delegation_ends.end_of_member(member, why="moved")
        announce_move(member, origin=origin, target=organization.id, key=str(following.id))
    return following


def leave(member: Member, *, version: int, on_day: date, exit_type: str, reason: str, actor: Any) -> Member:
    """Close a record from ``on_day`` on; its affiliation ends, its past stays (domain.md §4.1 exit types).

    Raises:
        NotAllowed: no reason, an unknown way of leaving, or a plugin objects.
    """
    if exit_type not in EXIT_TYPES or not reason.strip():
        raise NotAllowed(_("请选去向，并写明原因。"))
    check_open(member)
    refuse_objections(member, "leave")
    with transaction():
        origin = member.organization_id
        swap(
            member,
            version=version,
            states=OPEN_STATES,
            state="left",
            exit_type=exit_type,
            closed_on=on_day,
            organization_id=None,
        )
        ended = session.scalars(
            select(Affiliation).where(
                Affiliation.member_id == member.id, Affiliation.valid_to.is_(None), ~Affiliation.void
            )
        ).all()
        for row in ended:
            row.valid_to, row.end_reason = max(on_day, row.valid_from), reason.strip()[:40]
        session.add(
            StatusEvent(
                district_id=member.district_id,
                member_id=member.id,
                kind="state",
                value="left",
                on_day=on_day,
                document=reason.strip()[:120],
                actor_id=getattr(actor, "account_id", actor),
                recorded_at=clock.now(),
            )
        )
        audit.record(
            "member.leave", member, actor=actor, district=member.district_id, detail={"exit": exit_type}
        )
        delegation_ends.end_of_member(member, why="left")
        announce_move(member, origin=origin, target=None, key=f"left-{member.id}-{member.version}")
    return member


def erase(member: Member, *, version: int, reason: str, actor: Any) -> Mapping[str, Erasure]:
    """Erase what may go and say what is kept and why; the record stays as an anonymous shell for the books.

    Raises:
        NotAllowed: no reason, the record is still open, or a plugin objects.
    """
    if not reason.strip():
        raise NotAllowed(_("请写明删除的原因。"))
    if member.closed_on is None:
        raise NotAllowed(_("还在本地的党员不能删除登记，请先办理转出。"))
    refuse_objections(member, "erase")
    account = None if forgetting.needed(member) else _account(member)
    if account is not None:
        account_rights.refuse_objections(account, "erase")
    with transaction():
        told = registry().ask("member_erase", district=context.ref(member.district_id), member=ref(member))
        forgetting.elsewhere(member)
        if account is not None:
            account_rights.forget(account, by=actor)
        swap(
            member,
            version=version,
            name=GONE,
            sort_key="",
            initials="",
            sex="9",
            birth_date=None,
            nation="",
            education="",
            phone_sealed=None,
            phone_index=None,
            phone_tail="",
            landline_sealed=None,
            address_sealed=None,
            ric_tail="",
            ric_sealed=None,
            post="",
            floating_to="",
            remark="",
        )
        merging.forget(member.id)
        delegation_ends.forget(member)
        passkeys.forget_words(member.person_id)
        forgetting.of(member, by=actor)
        audit.record("member.erase", member, actor=actor, district=member.district_id)
    return told
