"""What belongs to a person beside the record: offices, events, merges, requests, account, messages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from portal import notices
from portal.database import session
from portal.identity import addresses, consents, own_sessions, passkeys, stops
from portal.identity.models import Account
from portal.members.models import Member, MemberMerge, Office, Request, RequestStep, StatusEvent
from portal.members.models_delegation import Delegation, DelegationAct

#: Messages in a copy, newest first: more than anybody gets in years.
MESSAGES = 10_000


def of(member: Member) -> dict[str, Any]:
    """Return it in the shape of a copy, ready for JSON (PIPL art. 45)."""
    account = session.scalars(select(Account).where(Account.person_id == member.person_id)).one_or_none()
    return {
        "offices": _rows(Office, Office.member_id == member.id),
        "status_events": _rows(StatusEvent, StatusEvent.member_id == member.id),
        "merges": _merges(member),
        "helped_by": [
            {"helper": name, **_help(row)} for row, name in _helps(Delegation.member_id == member.id)
        ],
        **(_login(account, member) if account is not None else {"account": None}),
    }


def _login(account: Account, member: Member) -> dict[str, Any]:
    return {
        "account": of_account(account),
        **by_account(account, member.district_id),
        "messages": messages(account.id),
    }


def _merges(member: Member) -> list[dict[str, Any]]:
    own = or_(MemberMerge.kept_id == member.id, MemberMerge.absorbed_id == member.id)
    return [
        {"kept": row.kept_id == member.id, "at": row.merged_at, "why": row.reason, "undone_at": row.undone_at}
        for row in session.scalars(select(MemberMerge).where(own).order_by(MemberMerge.id))
    ]


def of_account(account: Account) -> dict[str, Any]:
    """Return what is kept about the login itself, ready for JSON."""
    return {
        "display_name": account.display_name,
        "username": account.username,
        "phone": addresses.phone_of(account.uid, account.phone_sealed),
        "has_password": account.password_hash is not None,
        "elder": account.elder,
        "language": account.language,
        "created_at": account.created_at,
        "notice_choices": notices.chosen(account.id),
        "consents": [
            {"at": one.at, "about": one.kind, "notice": one.notice, "answer": one.answer, "how": one.how}
            for one in consents.of(account.id)
        ],
        "passkeys": [
            {
                "name": one.name,
                "transports": one.transports,
                "synchronised": one.backed_up,
                "added": one.created_at,
                "used": one.last_used_at,
            }
            for one in passkeys.of(account.id)
        ],
        "disabled": [
            {"at": one.stopped_at, "why": one.reason, "back_at": one.lifted_at, "back_why": one.asked_reason}
            for one in stops.of(account.id)
        ],
        "sessions": [
            {"began": one.began_at, "used": one.seen_at, "device": one.device, "place": one.place}
            for one in own_sessions.of(account.id, this=None)
        ],
    }


def by_account(account: Account, district_id: int) -> dict[str, Any]:
    """Return what an account did in one district of the caller's scope: whom it helps, what it asked for."""
    asked = Request.asked_by == account.id, Request.district_id == district_id
    return {
        # Of whom somebody helps only what the helper reads: the surname.
        "helps": [
            {"helped": row.label, **_help(row)}
            for row, _name in _helps(
                Delegation.account_id == account.id, Delegation.district_id == district_id
            )
        ],
        "requests": [
            {
                "reference": row.reference,
                "subject": row.subject,
                "asked": row.payload,
                "state": row.state,
                "asked_at": row.asked_at,
                "steps": [{"at": one.at, "action": one.action, "note": one.note} for one in _steps(row)],
            }
            for row in session.scalars(select(Request).where(*asked).order_by(Request.id))
        ],
    }


def messages(account_id: int) -> list[dict[str, Any]]:
    """Return what an account was told, the newest first."""
    return [
        {"at": one.at, "about": str(one.about), "text": one.text, "read": one.read}
        for one in notices.inbox(account_id, limit=MESSAGES)
    ]


def _helps(*where: Any) -> list[Any]:
    found = select(Delegation, Account.display_name).join(Account, Account.id == Delegation.account_id)
    return list(session.execute(found.where(*where).order_by(Delegation.id)))


def _help(row: Delegation) -> dict[str, Any]:
    acts = select(DelegationAct).where(DelegationAct.delegation_id == row.id).order_by(DelegationAct.id)
    return {
        "relation": row.relation,
        "purposes": row.purposes,
        "state": row.state,
        "asked_at": row.asked_at,
        "agreed": [row.agreed_how, row.agreed_at],
        "consented": [row.consented_how, row.consented_at],
        "from": row.valid_from,
        "to": row.valid_to,
        "ended": [row.end_why, row.end_reason, row.ended_at],
        "acts": [{"at": one.at, "purpose": one.purpose} for one in session.scalars(acts)],
    }


def _steps(row: Request) -> list[RequestStep]:
    found = select(RequestStep).where(RequestStep.request_id == row.id).order_by(RequestStep.number)
    return list(session.scalars(found))


def _rows(model: Any, mine: Any) -> list[dict[str, Any]]:
    # Who wrote it down is somebody else's matter.
    left_out = {"id", "district_id", "member_id", "actor_id"}
    columns = [column.name for column in model.__table__.columns if column.name not in left_out]
    return [
        {name: getattr(row, name) for name in columns}
        for row in session.scalars(select(model).where(mine).order_by(model.id))
    ]
