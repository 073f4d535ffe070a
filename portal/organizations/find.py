"""Find my organization: from what somebody typed to a ranked list, each line with its reason, the desk last.

Runs across all districts on purpose and reads public columns only (data classes 0 and 1): names, kinds,
office address, phone, hours. Order: domain.md §2.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.database import everything, rows, session
from portal.organizations.lines import DESKS, Line, Point, behind, desks, ranked
from portal.organizations.matching import Match, match, understand
from portal.organizations.models import Place, Unit
from portal.plugin import DistrictRef

#: Lines shown before the desks; matches looked into.
LINES, LOOKED_INTO = 20, 40
#: Organizations and places looked into beyond those: units of like names must not crowd them out.
NOT_UNITS = 20
#: So few matches that each of them may be the one that was meant.
FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What ``/find`` shows.

    ``desks`` is never empty where any center exists. ``uncovered`` names employers and places that no
    organization answers for; ``more`` says that too little was typed to show all.
    """

    text: str
    lines: tuple[Line, ...] = ()
    desks: tuple[Line, ...] = ()
    uncovered: tuple[str, ...] = ()
    more: bool = False

    @property
    def count(self) -> int:
        """Return how many organizations were found."""
        return len(self.lines)

    @property
    def many_districts(self) -> bool:
        """Tell whether the lines come from several districts."""
        return len({line.district_code for line in (*self.lines, *self.desks)}) > 1


def find(typed: str, *, district: DistrictRef | None = None, near: Point | None = None) -> Answer:
    """Answer what somebody typed; ``district`` narrows to it and what lies below, ``near`` adds metres."""
    text = understand(typed)
    with everything():
        if not text:
            return Answer(text="", desks=desks([district.path] if district else None, near))
        matches, more = match(text, district=district)
        return _answer(typed.strip(), _looked_into(matches), more, district, near)


def _looked_into(matches: Sequence[Match]) -> list[Match]:
    others = [one for one in matches[LOOKED_INTO:] if one.kind != "unit"]
    return [*matches[:LOOKED_INTO], *others[:NOT_UNITS]]


def of_unit(unit_id: int, *, district: DistrictRef) -> Answer | None:
    """Answer for the unit whose door somebody stands at; None when it is not of this district."""
    return _of("unit", unit_id, Unit, district)


def of_place(place_id: int, *, district: DistrictRef) -> Answer | None:
    """Answer for a building, park or community; None when it is not of this district."""
    return _of("place", place_id, Place, district)


def _of(kind: str, entity_id: int, model: Any, district: DistrictRef) -> Answer | None:
    table = model.__table__
    with everything():
        name = session.scalar(
            rows(model, table.c.name).where(table.c.id == entity_id, table.c.district_id == district.id)
        )
        if name is None:
            return None
        return _answer(
            name, [Match(kind, entity_id, district.id, district.path, name, 0, "")], False, district
        )


def _answer(
    text: str, matches: Sequence[Match], more: bool, district: DistrictRef | None, near: Point | None = None
) -> Answer:
    involved = {district.id: district.path} if district else {}
    for one in matches:
        involved.setdefault(one.district_id, one.district_path)
    nearest = dict(list(involved.items())[:DESKS])
    found = behind(matches, list(nearest))
    lines = ranked(found, matches, near, text)
    sources = {"unit": "unit", "at": "unit", "place": "place"}
    reached = {(sources.get(row.source), row.via_id) for row in found}
    # With many matches one of them says little; only the one that was meant is worth a word.
    meant = [one for one in matches if one.quality == 0] or (matches if len(matches) <= FEW else [])
    uncovered = dict.fromkeys(
        one.name
        for one in meant
        if one.kind in {"unit", "place"} and (one.kind, one.entity_id) not in reached
    )
    return Answer(
        text=text,
        lines=tuple(lines[:LINES]),
        desks=desks(list(nearest.values()), near),
        uncovered=tuple(uncovered)[:FEW],
        more=more or len(lines) > LINES,
    )
