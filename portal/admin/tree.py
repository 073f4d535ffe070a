"""The tree of districts by plugins: one level at a time, or all that fits a filter, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from portal.admin import switchboard
from portal.admin.switchboard import Line
from portal.current import registry
from portal.database import everything, session
from portal.districts.models import District, PluginSwitch
from portal.districts.queries import ids_of
from portal.districts.switch import effective
from portal.organizations.search import keys

SIZE = 50
#: What a filter may ask of a plugin's state.
WANTED = ("on", "off", "locked")
_D: Any = District.__table__
_S: Any = PluginSwitch.__table__


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the address asks for; ``under`` shows every level, else only the next one."""

    text: str = ""
    plugin: str = ""
    state: str = ""
    own: bool = False
    under: bool = False
    after: str = ""
    before: str = ""

    @property
    def filtered(self) -> bool:
        """Tell whether anything narrows the list, so that it shows every level."""
        return bool(self.text or self.state or self.own or self.under)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One district of the tree with a line for each plugin shown."""

    code: str
    name: str
    #: The names between the district one stands on and this one.
    along: str
    below: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A page of the tree; ``before`` and ``after`` are codes, None where there is nothing more."""

    places: tuple[Place, ...]
    plugins: tuple[tuple[str, Any], ...]
    before: str | None
    after: str | None


def read(here: Any, asked: Asked) -> Tree:
    """Return the districts below ``here`` (a row or reference) that are asked for, with their states."""
    found, before, after = _filtered(here, asked) if asked.filtered else _children(here, asked)
    paths = {row.id: ids_of(row.path) for row in found}
    wanted = {step for path in paths.values() for step in path} | set(ids_of(here.path))
    rows, names = switchboard.switches(wanted), switchboard.names_of(wanted)
    shown = [slug for slug in switchboard.slugs(rows) if asked.plugin in ("", slug)]
    counts = _below(paths)
    places = tuple(
        Place(
            code=row.code,
            name=row.name,
            along=" › ".join(names[step] for step in paths[row.id][len(ids_of(here.path)) : -1]),
            below=counts.get(row.id, 0),
            lines=tuple(switchboard.line(slug, paths[row.id], rows, names) for slug in shown),
        )
        for row in found
    )
    known = registry().plugins
    named = tuple((slug, known[slug].name if slug in known else slug) for slug in shown)
    return Tree(places=places, plugins=named, before=before, after=after)


def _children(here: Any, asked: Asked) -> tuple[list[Any], str | None, str | None]:
    found = select(_D.c.id, _D.c.code, _D.c.name, _D.c.path).where(_D.c.parent_id == here.id)
    backwards = bool(asked.before)
    if backwards:
        found = found.where(_D.c.code < asked.before).order_by(_D.c.code.desc())
    else:
        found = found.where(_D.c.code > asked.after).order_by(_D.c.code)
    rows = list(session.execute(found.limit(SIZE + 1)))
    more, rows = len(rows) > SIZE, rows[:SIZE]
    if backwards:
        rows.reverse()
    return rows, *_ends(rows, earlier=more if backwards else bool(asked.after), later=backwards or more)


def _filtered(here: Any, asked: Asked) -> tuple[list[Any], str | None, str | None]:
    """Read the light rows of the whole subtree: some thousands, of which a page is shown."""
    every = session.execute(
        select(_D.c.id, _D.c.code, _D.c.name, _D.c.path).where(
            _D.c.path.startswith(here.path, autoescape=True)
        )
    ).all()
    codes = {row.id: row.code for row in every}
    # In the order of the tree: the codes along the way, from here down.
    every = sorted(every, key=lambda row: [codes.get(step, "") for step in ids_of(row.path)])
    fits = [row for row in every if row.id != here.id and _named(row, asked.text)]
    if asked.own or asked.state:
        fits = _in_state(here, asked, fits)
    order = {row.code: number for number, row in enumerate(fits)}
    if asked.before in order:
        end = order[asked.before]
        start = max(0, end - SIZE)
    else:
        start = order.get(asked.after, -1) + 1
        end = start + SIZE
    rows = fits[start:end]
    return rows, *_ends(rows, earlier=start > 0, later=end < len(fits))


def _named(row: Any, text: str) -> bool:
    typed = text.lower().replace(" ", "")
    if row.code.startswith(typed) or typed in row.name.lower():
        return True
    if not (typed.isascii() and typed.isalpha()):
        return False
    made = keys(row.name)
    return made.initials.startswith(typed) or made.sort_key.replace(" ", "").startswith(typed)


def _in_state(here: Any, asked: Asked, fits: list[Any]) -> list[Any]:
    found = select(_S.c.district_id).join(_D, _D.c.id == _S.c.district_id)
    inside = found.where(_D.c.path.startswith(here.path, autoescape=True)).distinct()
    with everything():  # the subtree
        places = session.scalars(inside).all()
    rows = switchboard.switches({*places, *ids_of(here.path)}, asked.plugin or None)
    owners = {place for place, _slug in rows}
    if asked.own:
        fits = [row for row in fits if row.id in owners]
    if asked.state:
        slugs = [asked.plugin] if asked.plugin else switchboard.slugs(rows)
        fits = [row for row in fits if any(_is(asked.state, slug, row, rows) for slug in slugs)]
    return fits


def _is(state: str, slug: str, row: Any, rows: Mapping[Any, Any]) -> bool:
    found = effective(slug, switchboard.default_of(slug), ids_of(row.path), rows)
    return found.locked if state == "locked" else found.on is (state == "on")


def _below(paths: Mapping[int, Any]) -> dict[int, int]:
    """Count the districts right below each of these, in one query."""
    counted = select(_D.c.parent_id, func.count()).where(_D.c.parent_id.in_(sorted(paths)))
    return {place: count for place, count in session.execute(counted.group_by(_D.c.parent_id))}


def _ends(rows: list[Any], *, earlier: bool, later: bool) -> tuple[str | None, str | None]:
    if not rows:
        return None, None
    return rows[0].code if earlier else None, rows[-1].code if later else None
