"""Taking a reduction or waiver back, and putting it in force again: from a month on, never backwards."""

from __future__ import annotations

from collections.abc import Sequence

from werkzeug.exceptions import Forbidden

from portal.api import Actor, Conflict, audit, clock, swap, transaction

from ..messages import relief_changed
from ..models import DuesObligation, DuesRelief
from ..months import parse_month, shifted, span
from . import books, meanwhile, obligations
from .places import path_of
from .reliefs import STAGE_PERMISSION, ReliefRefused


def may_end(row: DuesRelief, actor: Actor) -> bool:
    """Tell whether ``actor`` may take it back: whoever could have given the last word; not the member."""
    permission = STAGE_PERMISSION[row.chain[-1]]
    return actor.can(permission, path_of(row.organization_id)) and actor.member_id != row.member_id


def months_to_end(row: DuesRelief) -> list[str]:
    """Return the months from which it may be taken back: the covered ones that are not over."""
    return span(max(row.from_month, clock.month()), row.to_month)


def possible(row: DuesRelief, actor: Actor) -> dict[str, bool]:
    """Return which of withdraw, end and resume this person may do now."""
    waits = row.state in ("proposed", "branch_approved")
    holds = row.state == "approved" and row.to_month >= clock.month() and may_end(row, actor)
    may_propose = actor.can("dues.propose", path_of(row.organization_id))
    return {
        "withdraw": waits and may_propose and actor.member_id != row.member_id,
        "end": holds and row.ended_from is None,
        "resume": holds and row.ended_from is not None,
    }


def end(row: DuesRelief, *, from_month: str, version: int, reason: str, by: Actor) -> int:
    """Let an approved decision end before ``from_month``; return how many months are owed in full again.

    Months that are paid stay as they are. The member is told and reads the reason (rule K10). Raises
    ValueError without a reason, ``ReliefRefused`` for a month that is over or not covered, ``Forbidden``,
    ``Conflict`` when it is not in force.
    """
    parse_month(from_month)
    if not reason.strip():
        raise ValueError("reason")
    if not may_end(row, by):
        raise Forbidden(STAGE_PERMISSION[row.chain[-1]])
    if row.ended_from is not None:
        raise Conflict(current=row)
    if from_month not in months_to_end(row):
        raise ReliefRefused("months")
    with transaction():
        _note(row, version=version, ended_from=from_month, reason=reason, by=by)
        audit.record("dues.relief.end", ("dues_relief", row.id), actor=by, district=row.district_id)
        count = _owed_again(row, months=span(from_month, row.to_month))
        relief_changed(row)
    return count


def resume(row: DuesRelief, *, version: int, reason: str, by: Actor) -> int:
    """Put a decision that was taken back in force again; return how many months that relieves.

    It acts on open months from the current one on: what was paid meanwhile, and months gone by, stay.
    Raises as ``end`` does.
    """
    if not reason.strip():
        raise ValueError("reason")
    if not may_end(row, by):
        raise Forbidden(STAGE_PERMISSION[row.chain[-1]])
    was = row.ended_from
    if was is None or row.to_month < clock.month():
        raise Conflict(current=row)
    with transaction():
        first = max(was, clock.month())
        if first > was:
            # The months it did not hold in are over: they stay owed, and a later look finds why.
            audit.record(
                "dues.relief.gap",
                ("dues_relief", row.id),
                actor=by,
                district=row.district_id,
                detail={"from": was, "to": shifted(first, -1)},
            )
        _note(row, version=version, ended_from=None, reason=reason, by=by)
        audit.record("dues.relief.resume", ("dues_relief", row.id), actor=by, district=row.district_id)
        count = obligations.relieve(row, months=span(first, row.to_month))
        relief_changed(row)
    return count


def withdraw(row: DuesRelief, *, version: int, reason: str, by: Actor) -> None:
    """Take a proposal back before its last stage: whoever made it, or may make one here, with a reason.

    Raises ValueError, ``Forbidden``, ``Conflict`` once it was decided.
    """
    if not reason.strip():
        raise ValueError("reason")
    if not by.can("dues.propose", path_of(row.organization_id)) or by.member_id == row.member_id:
        raise Forbidden("dues.propose")
    with transaction():
        swap(
            row,
            version=version,
            states=("proposed", "branch_approved"),
            state="withdrawn",
            end_reason=reason.strip()[:200],
            ended_by=by.account_id,
            ended_at=clock.now(),
        )
        audit.record("dues.relief.withdraw", ("dues_relief", row.id), actor=by, district=row.district_id)


def _note(row: DuesRelief, *, version: int, ended_from: str | None, reason: str, by: Actor) -> None:
    swap(
        row,
        version=version,
        states=("approved",),
        ended_from=ended_from,
        end_reason=reason.strip()[:200],
        ended_by=by.account_id,
        ended_at=clock.now(),
    )


def _owed_again(relief: DuesRelief, *, months: Sequence[str]) -> int:
    """Let months that nobody has finished paying be owed in full; a paid one keeps what was taken off it."""
    meanwhile.decides(relief.district_id)
    found = obligations.locked(
        DuesObligation.district_id == relief.district_id,
        DuesObligation.relief_id == relief.id,
        DuesObligation.month.in_(months),
        DuesObligation.relief_fen > 0,
        DuesObligation.state != "paid",
    )
    postings = []
    for each in found:
        back = each.relief_fen
        obligations.change(each, relief_fen=0, relief_id=None)
        postings.append(
            books.relieved(
                member_id=each.member_id,
                month=each.month,
                fen=-back,
                idem=f"relief-end:{relief.id}:{each.id}:{relief.version}",
            )
        )
    books.post(relief.district_id, postings, actor=obligations.SYSTEM)
    return len(postings)
