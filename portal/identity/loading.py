"""Load the actor of a request: one joined Core query over session, account, member and grants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import current_app
from sqlalchemy import Date, Select, String, and_, bindparam, or_, select, table
from sqlalchemy.sql import column

from portal import clock, crypto
from portal.database import session
from portal.districts.models import District
from portal.identity.actor import ANONYMOUS, Actor, Held
from portal.identity.models import DISTRICT_ROLES, STAFF_ROLES, STRONG_FACTORS, Account, Grant, LoginSession
from portal.identity.sessions import IDLE_MEMBER, IDLE_STAFF
from portal.plugin import DistrictRef

# Owned by rooms above identity; only these columns are read, in the one query of the gate.
_MEMBER = table(
    "member",
    column("id"),
    column("uid"),
    column("person_id"),
    column("district_id"),
    column("organization_id"),
    column("closed_on"),
)
_ORGANIZATION = table("organization", column("id"), column("path"))


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the query found, before the district's decisions are known."""

    actor: Actor
    data: Mapping[str, Any]
    last_seen: datetime
    #: When and by what somebody last proved more than a password.
    proven_at: datetime | None
    factor: str
    #: A district's role is held, and the session began without the second factor it needs.
    weak: bool
    #: Marks of the notices the account answered.
    agreed: frozenset[str]
    grants: tuple[tuple[str, int, str, int | None, str | None], ...]


@cache
def _statement() -> Select[Any]:
    """Build the query once; a request only hands it the token's hash, the district's code and the day."""
    s, a, g, d = LoginSession.__table__, Account.__table__, Grant.__table__, District.__table__
    here = d.alias("here")
    today = bindparam("today", type_=Date)
    in_force = and_(
        g.c.account_id == a.c.id,
        g.c.valid_from <= today,
        or_(g.c.valid_to.is_(None), g.c.valid_to > today),
    )
    joined = (
        s.join(a, a.c.id == s.c.account_id)
        .outerjoin(here, here.c.code == bindparam("code", type_=String))
        .outerjoin(
            _MEMBER,
            and_(
                _MEMBER.c.person_id == a.c.person_id,
                _MEMBER.c.district_id == here.c.id,
                _MEMBER.c.closed_on.is_(None),
            ),
        )
        .outerjoin(g, in_force)
        .outerjoin(d, d.c.id == g.c.district_id)
        .outerjoin(_ORGANIZATION, _ORGANIZATION.c.id == g.c.organization_id)
    )
    return (
        select(
            s.c.id.label("session_id"),
            s.c.last_seen_at,
            s.c.second_factor_at,
            s.c.factor,
            s.c.data,
            a.c.id.label("account_id"),
            a.c.uid,
            a.c.display_name,
            a.c.person_id,
            a.c.elder,
            a.c.language,
            a.c.agreed,
            _MEMBER.c.id.label("member_id"),
            _MEMBER.c.uid.label("member_uid"),
            _MEMBER.c.organization_id.label("member_organization_id"),
            g.c.role,
            g.c.valid_from.label("since"),
            g.c.district_id.label("grant_district_id"),
            d.c.path.label("grant_district_path"),
            g.c.organization_id.label("grant_organization_id"),
            _ORGANIZATION.c.path.label("grant_path"),
        )
        .select_from(joined)
        .where(
            s.c.token_hash == bindparam("token_hash", type_=String),
            s.c.ended_at.is_(None),
            a.c.disabled_at.is_(None),
        )
    )


def load(token: str, district_code: str | None) -> Loaded | None:
    """Return who holds the session of ``token``, or None when it is unknown, ended or idle too long."""
    rows = session.execute(
        _statement(),
        {"token_hash": crypto.token_hash(token), "code": district_code, "today": clock.today()},
    ).all()
    if not rows:
        return None
    first = rows[0]
    grants = tuple(
        (row.role, row.grant_district_id, row.grant_district_path, row.grant_organization_id, row.grant_path)
        for row in rows
        if row.role is not None
    )
    idle = IDLE_STAFF if any(grant[0] in STAFF_ROLES for grant in grants) else IDLE_MEMBER
    # Of a day to come is what a clock that ran ahead has left: it would never be idle.
    if not -clock.ASTRAY < clock.now() - first.last_seen_at <= idle:
        return None
    actor = Actor(
        account_id=first.account_id,
        uid=first.uid,
        display_name=first.display_name,
        person_id=first.person_id,
        member_id=first.member_id,
        member_uid=first.member_uid or "",
        organization_id=first.member_organization_id,
        session_id=first.session_id,
        elder=bool(first.elder),
        language=first.language,
    )
    return Loaded(
        actor,
        first.data or {},
        first.last_seen_at,
        first.second_factor_at,
        first.factor,
        first.factor not in STRONG_FACTORS and _must_be_strong(rows),
        frozenset(first.agreed or ()),
        grants,
    )


def _must_be_strong(rows: Sequence[Any]) -> bool:
    """Tell whether a district's role is held for longer than the days of grace the deployer allows."""
    since = clock.today() - timedelta(days=current_app.config["SECOND_FACTOR_GRACE_DAYS"])
    return any(row.role in DISTRICT_ROLES and row.since <= since for row in rows)


def at_district(
    loaded: Loaded | None, district: DistrictRef, overrides: Mapping[tuple[str, str], bool]
) -> Actor:
    """Return the actor as ``district`` sees them: grants of the district, above it, or of its branches."""
    base = loaded.actor if loaded else ANONYMOUS
    held = tuple(
        Held(role, path if organization_id is not None else None, organization_id)
        for role, _district_id, district_path, organization_id, path in (loaded.grants if loaded else ())
        if (
            _district_id == district.id
            if organization_id is not None
            else district.path.startswith(district_path)
        )
    )
    return replace(base, held=held, plugins_on=district.plugins_on, overrides=overrides)
