"""Reads: what is taken, which units are busy, what a holder has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import or_

from portal.claims.models import Claim
from portal.claims.terms import Clash, Holder, Want
from portal.database import rows, session

_CLAIM: Any = Claim.__table__
#: Runs of slots asked for in one statement: SQLite reads a thousand conditions, no more.
_CONDITIONS = 200


def taken(wants: Iterable[Want], *, apart_from: Iterable[Holder] = ()) -> list[Clash]:
    """Return the wanted slots that are somebody's, ordered by unit and slot.

    ``apart_from`` leaves out holders that would let go first (the booking that moves). Without ``lock()``
    before it in the same transaction the answer is a forecast, good for a preview.
    """
    wanted: dict[int, set[int]] = {}
    for want in wants:
        wanted.setdefault(want.unit_id, set()).update(want.span)
    # Two hundred rooms at one time are one condition, a year of days in one room are as many as days.
    alike: dict[tuple[int, int], list[int]] = {}
    for unit_id, slots in sorted(wanted.items()):
        for run in _runs(slots):
            alike.setdefault(run, []).append(unit_id)
    asked = [
        _CLAIM.c.unit_id.in_(units) & (_CLAIM.c.slot >= first) & (_CLAIM.c.slot <= last)
        for (first, last), units in alike.items()
    ]
    spared = set(apart_from)
    found: list[Clash] = []
    for start in range(0, len(asked), _CONDITIONS):
        there = rows(
            Claim, _CLAIM.c.unit_id, _CLAIM.c.slot, _CLAIM.c.holder_type, _CLAIM.c.holder_id, _CLAIM.c.kind
        ).where(or_(*asked[start : start + _CONDITIONS]))
        found += [
            Clash(unit_id=unit_id, slot=slot, holder=Holder(kept_by, kept_id), kind=kind)
            for unit_id, slot, kept_by, kept_id, kind in session.execute(there)
            if Holder(kept_by, kept_id) not in spared
        ]
    return sorted(found, key=lambda clash: (clash.unit_id, clash.slot))


def _runs(slots: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of neighbouring slots."""
    first = last = None
    for slot in sorted(slots):
        if last is not None and slot == last + 1:
            last = slot
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = slot
    if first is not None and last is not None:
        yield first, last


def busy(unit_ids: Iterable[int], span: range) -> dict[int, set[int]]:
    """Return the taken slots within ``span`` of each unit that has any."""
    return {unit_id: set(found) for unit_id, found in kinds(unit_ids, span).items()}


def kinds(unit_ids: Iterable[int], span: range) -> dict[int, dict[int, str]]:
    """Return the taken slots within ``span`` of each unit that has any, and what each is taken for."""
    found = rows(Claim, _CLAIM.c.unit_id, _CLAIM.c.slot, _CLAIM.c.kind).where(
        _CLAIM.c.unit_id.in_(sorted(set(unit_ids))), _CLAIM.c.slot >= span.start, _CLAIM.c.slot < span.stop
    )
    by_unit: dict[int, dict[int, str]] = {}
    for unit_id, slot, kind in session.execute(found):
        by_unit.setdefault(unit_id, {})[slot] = kind
    return by_unit


def held(holder: Holder) -> list[tuple[int, int, str]]:
    """Return what a holder has: (unit, slot, kind), ordered."""
    found = rows(Claim, _CLAIM.c.unit_id, _CLAIM.c.slot, _CLAIM.c.kind).where(
        _CLAIM.c.holder_type == holder.type, _CLAIM.c.holder_id == holder.id
    )
    return [tuple(row) for row in session.execute(found.order_by(_CLAIM.c.unit_id, _CLAIM.c.slot))]
