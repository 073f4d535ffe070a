"""Reads of the register of agreements, narrowed to what somebody reaches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import false, func, or_, select

from portal.api import Account, Organization, Reach, audit, clock, rows, session

from ..models import BookingsAgreement, BookingsVenue

_AGREED: Any = BookingsAgreement.__table__.c
_VENUE: Any = BookingsVenue.__table__.c
_OWNER: Any = Organization.__table__.c
_B: Any = Organization.__table__.alias("party_b")
#: So many days before its end an agreement is "soon over".
SOON = 30


def register(
    reach: Reach, *, state: str = "", typed: str = "", venue_uid: str = "", before: int | None, limit: int
) -> Sequence[Any]:
    """Return agreements, the newest first; ``state`` may be ``soon``: in force and over within 30 days."""
    found = (
        _within(
            reach,
            _AGREED.id,
            _AGREED.uid,
            _AGREED.state,
            _AGREED.valid_from,
            _AGREED.valid_to,
            _AGREED.party_b_name,
            _VENUE.name.label("venue"),
            _OWNER.name.label("owner"),
        )
        .order_by(_AGREED.id.desc())
        .limit(limit)
    )
    if state == "soon":
        found = found.where(*soon_over())
    elif state:
        found = found.where(_AGREED.state == state)
    for word in typed.split()[:4]:
        found = found.where(
            or_(
                _VENUE.name.contains(word, autoescape=True),
                _OWNER.name.contains(word, autoescape=True),
                _AGREED.party_b_name.contains(word, autoescape=True),
            )
        )
    if venue_uid:
        found = found.where(_VENUE.uid == venue_uid)
    if before is not None:
        found = found.where(_AGREED.id < before)
    return session.execute(found).all()


def soon_over() -> tuple[Any, ...]:
    """Return the conditions of being in force and over soon."""
    today = clock.today()
    return (
        _AGREED.state == "active",
        _AGREED.valid_to > today,
        _AGREED.valid_to <= today + timedelta(days=SOON),
    )


def _within(reach: Reach, *columns: Any) -> Any:
    """Begin a read of what lies in reach: the owner's own agreements, and those where it is party B."""
    found = (
        rows(BookingsAgreement, *columns)
        .select_from(BookingsAgreement)
        .join(BookingsVenue, _VENUE.id == _AGREED.venue_id)
        .join(Organization, _OWNER.id == _AGREED.party_a_id)
        .outerjoin(_B, _B.c.id == _AGREED.party_b_id)
    )
    if reach.everywhere:
        return found
    return found.where(
        or_(
            *(_OWNER.path.startswith(path, autoescape=True) for path in reach.paths),
            *(_B.c.path.startswith(path, autoescape=True) for path in reach.paths),
        )
    )


def one(uid: str, reach: Reach) -> BookingsAgreement | None:
    """Return an agreement within reach, by its public name."""
    found = session.execute(_within(reach, _AGREED.id).where(_AGREED.uid == uid)).scalar_one_or_none()
    return session.get(BookingsAgreement, found) if found is not None else None


def stands(venue_id: int) -> bool:
    """Tell whether any agreement on a venue is not over yet, drafts included."""
    found = rows(BookingsAgreement, _AGREED.id).where(_AGREED.venue_id == venue_id, _AGREED.state != "ended")
    return session.scalar(found.limit(1)) is not None


def to_sign(reach: Reach) -> dict[str, int]:
    """Return how many wait for the signature of whoever has this reach, by their state: owners sign first."""
    found = _within(reach, _AGREED.state, func.count()).group_by(_AGREED.state)
    if reach.everywhere:
        turn: Any = (_AGREED.state == "signed_a") & _AGREED.party_b_id.is_(None)
    else:
        own, other = (
            or_(false(), *(table.path.startswith(path, autoescape=True) for path in reach.paths))
            for table in (_OWNER, _B.c)
        )
        turn = or_((_AGREED.state == "draft") & own, (_AGREED.state == "signed_a") & other)
    return {state: count for state, count in session.execute(found.where(turn))}


def steps(row: BookingsAgreement) -> list[Any]:
    """Return what was done with an agreement, the first first: action, whose account, when."""
    return list(audit.history(subject=("bookings_agreement", row.id), limit=100))[::-1]


def ending_soon(reach: Reach) -> tuple[int, date | None]:
    """Return how many are over soon, and when the first of them is."""
    found = _within(reach, func.count(), func.min(_AGREED.valid_to)).where(*soon_over())
    count, first = session.execute(found).one()
    return int(count), first


def shared_venues(reach: Reach) -> Sequence[Any]:
    """Return the shared venues within reach, by name: (uid, name, owner)."""
    found = (
        rows(BookingsVenue, _VENUE.uid, _VENUE.name, _OWNER.name.label("owner"))
        .select_from(BookingsVenue)
        .join(Organization, _OWNER.id == _VENUE.owner_id)
        .where(_VENUE.kind == "shared", _VENUE.active)
        .order_by(_VENUE.name)
    )
    if not reach.everywhere:
        found = found.where(or_(*(_OWNER.path.startswith(path, autoescape=True) for path in reach.paths)))
    return session.execute(found).all()


def organizations(names: Sequence[str]) -> dict[str, int]:
    """Return the organizations of the district with exactly these names."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    found = rows(Organization, _OWNER.name, _OWNER.id).where(
        _OWNER.name.in_(wanted), _OWNER.dissolved_on.is_(None)
    )
    return {row.name: row.id for row in session.execute(found)}


def people(ids: Sequence[int | None]) -> dict[int, str]:
    """Return who accounts are, for the signatures."""
    wanted = sorted({one for one in ids if one is not None})
    found = session.execute(select(Account.id, Account.display_name).where(Account.id.in_(wanted)))
    return {row.id: row.display_name for row in found}
