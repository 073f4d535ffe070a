"""The verbs: lock units, reserve slots, let them go, hand them on. All join the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from portal.claims.grid import DEFAULT_GRID
from portal.claims.models import Claim, ClaimUnit
from portal.claims.terms import Clash, Holder, Taken, UnknownUnit, Want
from portal.database import insert_rows, rows, session, transaction, within_scope

_CLAIM: Any = Claim.__table__
_UNIT: Any = ClaimUnit.__table__
#: Slots in one statement: both databases take so many parameters and more.
_BATCH = 2000


def make_unit(*, district_id: int, owner: str, label: str, grid_minutes: int = DEFAULT_GRID) -> ClaimUnit:
    """Make a thing that can be had; ``owner`` is the plugin's slug, the grid (minutes) stays for ever."""
    with transaction():
        made = ClaimUnit(
            district_id=district_id, owner=owner, label=label.strip()[:120], grid_minutes=grid_minutes
        )
        session.add(made)
        session.flush()
    return made


def lock(unit_ids: Iterable[int]) -> dict[int, int]:
    """Let whoever changes claims of these units wait for one another; return the grid (minutes) of each.

    Units are taken in the order of their ids: a verb locks all it may touch in ONE call, before it looks and
    before it writes, so that no two verbs wait for each other. SQLite has one writer anyway.

    Raises:
        UnknownUnit: one of them is not in this district.
    """
    wanted = sorted(set(unit_ids))
    # NO KEY UPDATE: claims that only point at the unit do not wait for it.
    found = rows(ClaimUnit, _UNIT.c.id, _UNIT.c.grid_minutes).where(_UNIT.c.id.in_(wanted))
    grids = {
        row.id: row.grid_minutes
        for row in session.execute(found.order_by(_UNIT.c.id).with_for_update(key_share=True))
    }
    if len(grids) != len(wanted):
        raise UnknownUnit(sorted(set(wanted) - set(grids)))
    return grids


def reserve(holder: Holder, wants: Iterable[Want], *, district_id: int) -> None:
    """Take every wanted slot for ``holder``, or none of them.

    The key of the table decides, whatever was looked up or locked before.

    Raises:
        Taken: somebody has one of them; nothing is taken.
    """
    wanted = sorted(
        ((want.unit_id, slot, want.kind) for want in wants for slot in want.span), key=lambda one: one[:2]
    )
    with transaction() as current:
        try:
            with current.begin_nested():
                for first in range(0, len(wanted), _BATCH):
                    insert_rows(
                        Claim,
                        [
                            {
                                "district_id": district_id,
                                "unit_id": unit_id,
                                "slot": slot,
                                "holder_type": holder.type,
                                "holder_id": holder.id,
                                "kind": kind,
                            }
                            for unit_id, slot, kind in wanted[first : first + _BATCH]
                        ],
                    )
        except IntegrityError:
            clashes = _clashes(wanted)
            if not clashes:
                raise  # not the key of the slots: an unknown unit, a slot wanted twice
            raise Taken(clashes) from None


def release(holder: Holder, *, since: int | None = None, unit_id: int | None = None) -> int:
    """Let go what ``holder`` has (from slot ``since`` on; of one unit only); return how many slots."""
    gone = delete(_CLAIM).where(_CLAIM.c.holder_type == holder.type, _CLAIM.c.holder_id == holder.id)
    if since is not None:
        gone = gone.where(_CLAIM.c.slot >= since)
    if unit_id is not None:
        gone = gone.where(_CLAIM.c.unit_id == unit_id)
    with transaction() as current:
        done: Any = current.execute(within_scope(gone, _CLAIM.c.district_id))
        return int(done.rowcount)


def hand_over(giver: Holder, taker: Holder, *, kind: str | None = None) -> int:
    """Give what ``giver`` has to ``taker``, without a moment in which it is nobody's; return how many."""
    values: dict[str, Any] = {"holder_type": taker.type, "holder_id": taker.id}
    if kind is not None:
        values["kind"] = kind
    given = (
        update(_CLAIM)
        .where(_CLAIM.c.holder_type == giver.type, _CLAIM.c.holder_id == giver.id)
        .values(**values)
    )
    with transaction() as current:
        done: Any = current.execute(within_scope(given, _CLAIM.c.district_id))
        return int(done.rowcount)


def mark(holder: Holder, *, outside: range, kind: str) -> int:
    """Call what a holder has outside of a span something else (a buffer); return how many slots."""
    marked = (
        update(_CLAIM)
        .where(_CLAIM.c.holder_type == holder.type, _CLAIM.c.holder_id == holder.id)
        .where(or_(_CLAIM.c.slot < outside.start, _CLAIM.c.slot >= outside.stop))
        .values(kind=kind)
    )
    with transaction() as current:
        done: Any = current.execute(within_scope(marked, _CLAIM.c.district_id))
        return int(done.rowcount)


def _clashes(wanted: Sequence[tuple[int, int, str]]) -> list[Clash]:
    by_unit: dict[int, set[int]] = {}
    for unit_id, slot, _kind in wanted:
        by_unit.setdefault(unit_id, set()).add(slot)
    found: list[Clash] = []
    for unit_id, own in sorted(by_unit.items()):
        there = session.execute(
            select(_CLAIM.c.slot, _CLAIM.c.holder_type, _CLAIM.c.holder_id, _CLAIM.c.kind)
            .where(_CLAIM.c.unit_id == unit_id, _CLAIM.c.slot >= min(own), _CLAIM.c.slot <= max(own))
            .order_by(_CLAIM.c.slot)
        )
        found += [
            Clash(unit_id=unit_id, slot=slot, holder=Holder(kept_by, kept_id), kind=kind)
            for slot, kept_by, kept_id, kind in there
            if slot in own
        ]
    return found
