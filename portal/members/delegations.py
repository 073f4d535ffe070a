"""May this account act for this member, for this purpose? The one place that answers, at every request.

Nothing is remembered: a delegation that was revoked, whose day has come, whose branch is no longer the
member's, or whose account was disabled is worth nothing from the next question on. There are no chains: only
the account that the branch consented to acts, never the helper of a helper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select

from portal import audit, clock
from portal.database import insert_row, rows, session, transaction
from portal.identity import notice
from portal.identity.models import Account
from portal.members.delegation_purposes import HelpPurpose as Purpose
from portal.members.models import OPEN_STATES, Member
from portal.members.models_delegation import Delegation, DelegationAct

__all__ = [
    "Acting",
    "Done",
    "NoLonger",
    "Purpose",
    "acting",
    "acts_for",
    "done_by",
    "hold",
    "may_act",
    "note",
    "references",
]

_D: Any = Delegation.__table__
_A: Any = DelegationAct.__table__


class NoLonger(LookupError):
    """The delegation does not hold any more; whoever acted reads the same as if it had never been."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acting:
    """Who acts for whom, under which delegation. ``label`` is the member's name as the helper reads it."""

    id: int
    uid: str
    district_id: int
    account_id: int
    member_id: int
    label: str
    relation: str
    purpose: str
    since: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What a helper did, and who that is, for the member and the branch."""

    reference: str
    delegation: str
    account_id: int
    label: str
    by: str
    relation: str


def acting(uid: str, *, account_id: int | None, purpose: str) -> Acting | None:
    """Return the delegation ``uid`` if this account may act under it now, else None."""
    return _acting(_holding().where(_D.c.uid == uid), account_id, purpose)


def may_act(*, account_id: int | None, member_id: int, purpose: str) -> Acting | None:
    """Return under which delegation an account may act for a member now, or None."""
    return _acting(_holding().where(_D.c.member_id == member_id), account_id, purpose)


def hold(held: Acting) -> None:
    """Keep a delegation from ending until this transaction has; call first in the transaction of the act.

    Raises:
        NoLonger: it ended between the question and now.
    """
    found = _holding().where(_D.c.id == held.id).with_for_update(of=_D)
    now = _acting(found, held.account_id, held.purpose)
    if now is None or now.member_id != held.member_id:
        raise NoLonger(held.uid)


def note(held: Acting, reference: str) -> None:
    """Write down what was done under a delegation, in the transaction that does it."""
    with transaction():
        insert_row(
            DelegationAct,
            district_id=held.district_id,
            delegation_id=held.id,
            purpose=held.purpose,
            reference=reference,
            at=clock.now(),
        )
        audit.record(
            "delegation.act",
            ("delegation", held.id),
            actor=held.account_id,
            district=held.district_id,
            detail={"purpose": held.purpose},
        )


def done_by(purpose: str, references: Iterable[str]) -> dict[str, Done]:
    """Return which of these acts were done by a helper, by reference."""
    wanted = list(references)
    if not wanted:
        return {}
    found = session.execute(_acts().where(_A.c.purpose == purpose, _A.c.reference.in_(wanted)))
    return {row.reference: Done(**row._asdict()) for row in found}


def references(held: Acting, *, limit: int = 50) -> list[str]:
    """Return what was done under a delegation for its purpose, the newest first."""
    found = rows(DelegationAct, _A.c.reference).where(
        _A.c.delegation_id == held.id, _A.c.purpose == held.purpose
    )
    return list(session.scalars(found.order_by(_A.c.id.desc()).limit(limit)))


def acts_for(*, member_id: int, purpose: str, limit: int = 20) -> Sequence[Done]:
    """Return what helpers did for a member, the newest first."""
    found = session.execute(
        _acts()
        .where(_A.c.purpose == purpose, _D.c.member_id == member_id)
        .order_by(_A.c.id.desc())
        .limit(limit)
    )
    return [Done(**row._asdict()) for row in found]


def _acting(found: Select[Any], account_id: int | None, purpose: str) -> Acting | None:
    if account_id is None:
        return None
    for row in session.execute(found.where(_D.c.account_id == account_id)):
        if purpose in row.purposes and not _withdrawn(row.agreed):
            return Acting(
                id=row.id,
                uid=row.uid,
                district_id=row.district_id,
                account_id=row.account_id,
                member_id=row.member_id,
                label=row.label,
                relation=row.relation,
                purpose=purpose,
                since=row.valid_from,
            )
    return None


def _withdrawn(answers: Sequence[str] | None) -> bool:
    """Tell whether the member took back the separate consent: then nobody uses the record here for them."""
    given = [one for one in answers or () if one.startswith(f"{notice.SENSITIVE}:")]
    return bool(given) and given[-1].endswith(":no")


def _holding() -> Select[Any]:
    member, account, today = Member.__table__, Account.__table__, clock.today()
    own = account.alias("own")
    return (
        rows(Delegation, *_D.c, own.c.agreed)
        .join(member, member.c.id == _D.c.member_id)
        .join(account, account.c.id == _D.c.account_id)
        .outerjoin(own, own.c.person_id == member.c.person_id)
        .where(
            _D.c.state == "active",
            _D.c.valid_from <= today,
            _D.c.valid_to.is_(None) | (_D.c.valid_to > today),
            # The branch that consented is the one the member belongs to.
            member.c.organization_id == _D.c.organization_id,
            member.c.closed_on.is_(None),
            member.c.state.in_(OPEN_STATES),
            account.c.disabled_at.is_(None),
        )
    )


def _acts() -> Select[Any]:
    account = Account.__table__
    return (
        rows(
            DelegationAct,
            _A.c.reference,
            _D.c.uid.label("delegation"),
            _D.c.account_id,
            _D.c.label,
            account.c.display_name.label("by"),
            _D.c.relation,
        )
        .join(_D, _D.c.id == _A.c.delegation_id)
        .join(account, account.c.id == _D.c.account_id)
    )
