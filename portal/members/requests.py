"""One generic thing behind every application that somebody must answer: ask, answer, withdraw.

The asker's timeline, the answerer's list and the reference number come for free to whoever uses it
(claims, corrections, moves; a plugin's waivers and "wrong amount" questions).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select

from portal import audit, clock, notices
from portal.database import Conflict, session, swap, transaction
from portal.districts.models import District
from portal.members.models import Request, RequestStep
from portal.notices import Template
from portal.words import lazy_gettext as _l

_DIGITS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


notices.declare(
    Template(
        key="core.request",
        title=_l("您有一条新消息"),
        body=_l("您办的事有了结果，请登录服务平台查看。"),
        inside=_l("“%(subject)s”有了答复，编号%(number)s。"),
    )
)


class ReasonMissing(ValueError):
    """A refusal needs a reason that the person who asked will read (rule K10)."""


def ask(
    kind: str,
    *,
    district_id: int,
    asked_by: int,
    subject: str,
    answer_permission: str,
    member_id: int | None = None,
    organization_id: int | None = None,
    payload: Mapping[str, Any] | None = None,
    due_on: date | None = None,
) -> Request:
    """Open a request; ``organization_id`` is where it is answered (None: at the district's desk).

    ``payload`` is shown to who answers: what was asked, never a secret.
    """
    with transaction():
        row = Request(
            district_id=district_id,
            reference=_reference(),
            kind=kind,
            asked_by=asked_by,
            member_id=member_id,
            organization_id=organization_id,
            answer_permission=answer_permission,
            subject=subject[:160],
            payload=dict(payload or {}),
            due_on=due_on,
            asked_at=clock.now(),
        )
        session.add(row)
        session.flush()
        _step(row, "asked", actor=asked_by)
        audit.record("request.ask", row, actor=asked_by, district=district_id, detail={"kind": kind})
    return row


def answer(row: Request, *, version: int, accept: bool, note: str, actor: Any) -> Request:
    """Accept or refuse an open request.

    Raises:
        ReasonMissing: refused without a reason.
        PermissionError: somebody answered their own request (rule K12).
        Conflict: it was answered or withdrawn meanwhile.
    """
    if not accept and not note.strip():
        raise ReasonMissing
    if actor.account_id == row.asked_by:
        raise PermissionError("own request")
    with transaction():
        state = "accepted" if accept else "refused"
        swap(row, version=version, states=["open"], state=state, answered_at=clock.now())
        _step(row, state, actor=actor.account_id, note=note)
        audit.record(f"request.{state}", row, actor=actor, district=row.district_id)
        _tell_asker(row)
    return row


def _tell_asker(row: Request) -> None:
    code = session.scalar(select(District.code).where(District.id == row.district_id))
    notices.notify(
        "core.request",
        account_id=row.asked_by,
        district_id=row.district_id,
        params={"subject": row.subject, "number": row.reference},
        url=f"/d/{code}/me/requests/{row.id}",
        dedupe_key=f"core.request:{row.id}",
    )


def withdraw(row: Request, *, version: int, actor: Any) -> Request:
    """Take back an own open request."""
    if actor.account_id != row.asked_by:
        raise Conflict
    with transaction():
        swap(row, version=version, states=["open"], state="withdrawn", answered_at=clock.now())
        _step(row, "withdrawn", actor=actor.account_id)
        audit.record("request.withdraw", row, actor=actor, district=row.district_id)
    return row


def steps(row: Request) -> list[RequestStep]:
    """Return the timeline of a request, oldest first."""
    found = select(RequestStep).where(RequestStep.request_id == row.id).order_by(RequestStep.number)
    return list(session.scalars(found))


def _step(row: Request, action: str, *, actor: int | None, note: str = "") -> None:
    number = session.scalar(
        select(func.coalesce(func.max(RequestStep.number), 0)).where(RequestStep.request_id == row.id)
    )
    session.add(
        RequestStep(
            district_id=row.district_id,
            request_id=row.id,
            number=(number or 0) + 1,
            action=action,
            note=note.strip()[:300],
            actor_id=actor,
            at=clock.now(),
        )
    )
    session.flush()


def _reference() -> str:
    """Return a number people can read out: the day and six characters without look-alikes."""
    return f"{clock.today():%y%m%d}-{''.join(secrets.choice(_DIGITS) for _ in range(6))}"
