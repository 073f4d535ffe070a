"""What a change of a switch does below: where a plugin goes off or comes on, and what nobody would see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.admin import switchboard
from portal.current import registry
from portal.database import session
from portal.districts import context
from portal.districts.models import District
from portal.districts.queries import ids_of, reference
from portal.districts.switch import Rows, plugins_on, turned, with_state
from portal.plugin import Hidden


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What would be hidden in one district."""

    district_id: int
    code: str
    name: str
    hidden: tuple[Hidden, ...]

    @property
    def count(self) -> int:
        """Return how many things would be hidden here."""
        return sum(one.count for one in self.hidden)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a change would do: how many districts go off or come on, and what is lost from sight where."""

    off: int = 0
    on: int = 0
    losses: tuple[Loss, ...] = ()
    #: False where the plugin failed when asked, so that more may be hidden than is said.
    sure: bool = True
    #: Districts where it goes off and that the plugin was not asked about.
    unasked: int = 0

    @property
    def count(self) -> int:
        """Return how many things would be hidden in all."""
        return sum(one.count for one in self.losses)


def of_switch(district: Any, slug: str, state: str, *, most: int | None = None) -> Effect:
    """Return what it would do if ``district`` (a row or reference of it) said ``state`` of a plugin.

    ``most`` limits how many districts the plugin is asked about, which costs milliseconds each.
    """
    off, on, places, rows = _turned(district, slug, state)
    asked = sorted((places[place] for place in off), key=lambda place: str(place.code))[:most]
    losses, sure = hidden(slug, asked, rows)
    return Effect(off=len(off), on=len(on), losses=tuple(losses), sure=sure, unasked=len(off) - len(asked))


def goes_off(district: Any, slug: str, state: str) -> bool:
    """Tell whether the plugin would go off anywhere, without asking it what that hides."""
    off, *_rest = _turned(district, slug, state)
    return bool(off)


def _turned(district: Any, slug: str, state: str) -> tuple[list[int], list[int], dict[int, Any], Rows]:
    places = below(district)
    rows = switchboard.switches({*places, *ids_of(district.path)})
    paths = {place.id: ids_of(place.path) for place in places.values()}
    after = with_state(rows, district.id, slug, state)
    off, on = turned(slug, switchboard.default_of(slug), paths, rows, after)
    return off, on, places, rows


def below(district: Any) -> dict[int, Any]:
    """Return the rows of a district and all below it, by id."""
    table: Any = District.__table__
    found = select(table).where(table.c.path.startswith(district.path, autoescape=True))
    return {row.id: row for row in session.execute(found)}


def hidden(slug: str, places: Sequence[Any], rows: Rows) -> tuple[list[Loss], bool]:
    """Ask the plugin what nobody would see in each of ``places``; those that would miss most come first.

    The second answer is whether it could say so everywhere: one that fails here can still be switched off.
    """
    asked = registry()
    ask = next((call for name, call in asked.implementers("switch_off_warnings") if name == slug), None)
    if ask is None:
        return [], True
    defaults, found, sure = context.defaults(), [], True
    for place in places:
        path = ids_of(place.path)
        along = [rows[key] for key in ((step, name) for step in path for name in defaults) if key in rows]
        here = reference(place, plugins_on(defaults, path, along))
        try:
            with context.looking_at(here):
                told = tuple(one for one in ask(district=here) or () if one.count)
        except Exception as error:
            if asked.strict:
                raise
            asked.on_failure(slug, "switch_off_warnings", here, error)
            sure = False
            continue
        if told:
            found.append(Loss(district_id=place.id, code=place.code, name=place.name, hidden=told))
    return sorted(found, key=lambda loss: (-loss.count, loss.code)), sure
