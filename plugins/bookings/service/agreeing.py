"""Make, sign, suspend and end agreements on shared venues; two persons sign, one for each party."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from portal.api import (
    Actor,
    Conflict,
    clock,
    crypto,
    district,
    session,
    swap,
    transaction,
)
from portal.api import gettext as _

from .. import agreement_messages, beyond, permissions
from ..beyond import Terms as Held
from ..models import BookingsAgreement, BookingsOccurrence, BookingsVenue
from ..models.agreement import GROUPS
from ..verdicts import Refusal, Refused
from . import freeing
from .agreed_ends import all_times, let_go, lock, settle
from .parties import may_sign_a, may_sign_b, may_stand_in, path_of, record, refuse_strangers, said_why


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What two parties agree on. ``valid_to`` is the first day on which it holds no more."""

    valid_from: date
    valid_to: date | None = None
    party_b_id: int | None = None
    party_b_name: str = ""
    hours: Sequence[Mapping[str, Any]] = ()
    groups: Sequence[str] = ()
    named_ids: Sequence[int] = ()
    cost: str = ""
    insurance: str = ""
    clauses: str = ""


def draft(
    venue: BookingsVenue, terms: Terms, *, replaces: BookingsAgreement | None = None, by: Actor
) -> BookingsAgreement:
    """Write down what is to be agreed about a shared venue; nothing holds before both have signed.

    Raises:
        PermissionError: somebody who stands for neither party.
        Refused: terms that cannot be, or an agreement to replace that is over.
    """
    with transaction():
        _check(terms)
        if venue.kind != "shared" or venue.owner_id is None:
            text = _("中心自己的房间不用签共享协议。")
            raise Refused([Refusal(code="venue", text=text, field="venue")])
        if replaces is not None and (
            replaces.venue_id != venue.id or replaces.state not in ("active", "suspended")
        ):
            raise Conflict(current=replaces)
        made = BookingsAgreement(
            uid=crypto.new_uid(),
            district_id=district().id,
            venue_id=venue.id,
            party_a_id=venue.owner_id,
            replaces_id=replaces.id if replaces is not None else None,
            made_by=by.account_id,
            **_values(terms),
        )
        refuse_strangers(by, made)
        session.add(made)
        session.flush()
        record("draft", made, by)
        agreement_messages.tell("proposed", made, by=by)
    return made


def change(row: BookingsAgreement, terms: Terms, *, version: int, by: Actor) -> None:
    """Change a draft that nobody has signed. Raises: Refused, PermissionError, Conflict (it was signed)."""
    with transaction():
        _check(terms)
        refuse_strangers(by, row)
        swap(row, version=version, states=("draft",), **_values(terms))
        record("change", row, by)


def sign(
    row: BookingsAgreement,
    *,
    version: int,
    by: Actor,
    choices: Mapping[int, str] | None = None,
    stands_in: bool = False,
) -> str:
    """Sign for the owner, then another person for party B, which puts it in force; return the new state.

    An agreement it replaces ends on its first day; ``choices`` say what becomes of bookings that lie beyond.
    ``stands_in``: the organization that is party B asked the district to sign for it, which stays on record.

    Raises:
        PermissionError: somebody who does not stand for the party whose turn it is.
        Refused: the same person for both, its time is over, or who would stand in does not say so.
        Conflict: it was changed or signed meanwhile, or bookings came or went; ``current`` says what is.
    """
    now = clock.now()
    with transaction():
        if row.valid_to is not None and row.valid_to <= clock.today():
            text = _("协议写的期限已经过了，请先改日期。")
            raise Refused([Refusal(code="dates", text=text, field="valid_to")])
        if row.state == "draft":
            if not may_sign_a(by, path_of(row.party_a_id)):
                raise PermissionError(permissions.MANAGE)
            swap(
                row,
                version=version,
                states=("draft",),
                state="signed_a",
                signed_a_by=by.account_id,
                signed_a_at=now,
                reason="",
            )
            record("sign_a", row, by)
            agreement_messages.tell("to_sign", row, by=by)
            return row.state
        own = may_sign_b(by, row)
        if not own and not may_stand_in(by, row):
            raise PermissionError(permissions.MANAGE)
        if row.signed_a_by == by.account_id:
            text = _("甲方是您签的，乙方要请另一位同志签。")
            raise Refused([Refusal(code="two_persons", text=text, field="sign")])
        if not own and not stands_in:
            text = _("请先问过乙方，勾上再签。")
            raise Refused([Refusal(code="stands_in", text=text, field="stands_in")])
        there = lock(row)
        swap(
            row,
            version=version,
            states=("signed_a",),
            state="active",
            signed_b_by=by.account_id,
            signed_b_at=now,
        )
        _replace(row, there, choices or {}, by)
        record("sign_b" if own else "stand_in_b", row, by)
        agreement_messages.tell("active", row, by=by)
        freeing.freed(*all_times(row))
    return row.state


def give_back(row: BookingsAgreement, *, version: int, reason: str, by: Actor) -> None:
    """Give a signed draft back to be changed, with the reason. Raises: Refused, PermissionError, Conflict."""
    why = said_why(reason)
    with transaction():
        refuse_strangers(by, row)
        swap(
            row,
            version=version,
            states=("signed_a",),
            state="draft",
            reason=why,
            signed_a_by=None,
            signed_a_at=None,
        )
        record("give_back", row, by)
        agreement_messages.tell("given_back", row, by=by)


def after_signing(row: BookingsAgreement) -> list[BookingsOccurrence]:
    """Return the bookings that would lie beyond if party B signed now; none unless one is replaced."""
    now = beyond.in_force(row.venue_id)
    return beyond.of_venue(row.venue_id, now, _with(row, now)) if row.replaces_id is not None else []


def _with(row: BookingsAgreement, now: Sequence[Held]) -> list[Held]:
    new = Held.of(row)
    kept = [one for one in now if one.id not in (row.id, row.replaces_id)]
    kept += [one.until(row.valid_from) for one in now if one.id == row.replaces_id]
    return [*kept, new]


def _replace(row: BookingsAgreement, there: Sequence[Held], choices: Mapping[int, str], by: Actor) -> None:
    if row.replaces_id is None:
        return
    old = session.get_one(BookingsAgreement, row.replaces_id)
    session.refresh(old)
    why = _("换成新的协议")
    touched = beyond.of_venue(row.venue_id, there, _with(row, there))
    ended = settle(row, touched, choices, why, by)
    if old.state == "ended":
        # It ran out before the second signature: nothing is left to be replaced.
        let_go(ended)
        return
    if row.valid_from <= max(clock.today(), old.valid_from):
        swap(old, version=None, states=("active", "suspended"), state="ended", reason=why)
    else:
        until = row.valid_from if old.valid_to is None else min(row.valid_from, old.valid_to)
        swap(old, version=None, states=("active", "suspended"), valid_to=until, reason=why)
    let_go(ended)


def _check(terms: Terms) -> None:
    refused: list[Refusal] = []
    if terms.valid_to is not None and terms.valid_to <= terms.valid_from:
        text = _("最后一天不能早于第一天。")
        refused.append(Refusal(code="dates", text=text, field="valid_to"))
    elif terms.valid_to is not None and terms.valid_to <= clock.today():
        refused.append(Refusal(code="dates", text=_("最后一天已经过了。"), field="valid_to"))
    if not terms.party_b_name.strip():
        refused.append(Refusal(code="party", text=_("请写和谁签，比如：党群服务中心。"), field="party_b"))
    if not terms.groups or any(one not in GROUPS for one in terms.groups):
        refused.append(Refusal(code="groups", text=_("请选谁可以用，至少选一样。"), field="groups"))
    if "named" in terms.groups and not terms.named_ids:
        refused.append(Refusal(code="named", text=_("请写是哪些单位，一行一个。"), field="named"))
    if any(not 0 <= one["opens"] < one["closes"] <= 24 * 60 for one in terms.hours):
        refused.append(Refusal(code="hours", text=_("每段时间的结束要晚于开始。"), field="hours"))
    if refused:
        raise Refused(refused)


def _values(terms: Terms) -> dict[str, Any]:
    found = asdict(terms)
    return {
        **found,
        "party_b_name": terms.party_b_name.strip()[:120],
        "hours": [dict(one) for one in terms.hours],
        "groups": list(terms.groups),
        "named_ids": list(terms.named_ids),
        "cost": terms.cost.strip()[:200],
        "insurance": terms.insurance.strip()[:200],
        "clauses": terms.clauses.strip()[:2000],
    }
