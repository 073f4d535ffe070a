"""The keys of a name, written when it changes, so that searching is one look into an index.

SQLite's trigram index finds nothing for two Chinese characters and pg_trgm nothing in a C locale; bigrams
that we cut ourselves work the same on both (stack.md, "Searching Chinese"). A term's first letter is its
kind:

``n`` name (``n双强 n强六 n六``; the last character alone, so that one character is a prefix anywhere),
``a`` address likewise, ``p`` pairs of syllables (``pshuangqiang pqiangke pke``), ``i`` initials from each
character on (``isqkj iqkj``), ``d`` the district and those above it (``d5``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import delete, insert, select, tuple_

from portal.database import everything, session, transaction
from portal.districts import service as districts
from portal.districts.models import District
from portal.organizations.models import Organization, Place, Unit
from portal.organizations.reading import readings
from portal.organizations.search_models import SearchEntry

#: Length of an initials term; longer ones are found as a phrase of such pieces.
INITIALS = 8


@dataclass(frozen=True, slots=True)
class Keys:
    """What is written beside a name: how it sorts, compares, abbreviates, and its search terms."""

    sort_key: str
    name_key: str
    initials: str
    terms: tuple[str, ...]


def tidy(text: str) -> list[str]:
    """Return the runs of ``text``: Latin letters and digits apart from other letters; the rest separates.

    Full-width, accented and upper-case letters become plain ones; ü becomes v, as it is typed.
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("ü", "v")
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = unicodedata.normalize("NFKC", text)
    runs = groupby(text, key=lambda c: 0 if not c.isalnum() else 1 if c.isascii() else 2)
    return ["".join(run) for kind, run in runs if kind]


def keys(name: str) -> Keys:
    """Make the keys of a name: bigrams, pinyin without spaces, initials, sort key."""
    runs = tidy(name)
    ways = _ways(runs)
    usual = ways[0] if ways else ()
    terms = [*words("n", runs)]
    for way in ways:
        terms += [f"p{one}{two}" for one, two in pairwise(way)] + [f"p{way[-1]}"]
    letters = ["".join(syllable[0] for syllable in way) for way in ways]
    for spelt in dict.fromkeys(letters):
        terms += [f"i{spelt[start : start + INITIALS]}" for start in range(len(spelt))]
    return Keys(" ".join(usual)[:240], "".join(runs)[:120], letters[0] if letters else "", tuple(terms))


def words(kind: str, runs: Iterable[str]) -> list[str]:
    """Return the terms of runs: a Latin run whole, other letters as bigrams and the last one alone."""
    found = []
    for run in runs:
        if run.isascii():
            found.append(kind + run)
        else:
            found += [kind + one + two for one, two in pairwise(run)] + [kind + run[-1]]
    return found


def _ways(runs: list[str]) -> list[tuple[str, ...]]:
    """Return the ways to read a name: a Latin run stands for itself, letter by letter no more."""
    ways: list[tuple[str, ...]] = [()]
    for run in runs:
        own = [(run,)] if run.isascii() else readings(run)
        ways = [(*way, *more) for way in ways for more in own][:4]
    return [way for way in ways if way]


# --- keeping the index ---

_KINDS: dict[type[Any], str] = {
    Organization: "organization",
    Unit: "unit",
    Place: "place",
    District: "district",
}


def index(*entities: Any) -> None:
    """Write the entries of organizations, units, places or districts anew, in the running transaction.

    Call it in the verb that created or changed them. A dissolved organization loses its entries.
    """
    if not entities:
        return
    named = [(_KINDS[type(entity)], entity.id) for entity in entities]
    paths = _paths({_district_id(entity) for entity in entities})
    with everything(), transaction():
        for start in range(0, len(named), 400):
            session.execute(
                delete(SearchEntry)
                .where(tuple_(SearchEntry.kind, SearchEntry.entity_id).in_(named[start : start + 400]))
                .execution_options(synchronize_session=False)
            )
        rows = [row for entity in entities for row in _entries(entity, paths[_district_id(entity)])]
        if rows:
            session.execute(insert(SearchEntry), rows)


# A district's name leads to its desk; districts know nothing of this room, so it hangs itself in.
districts.created.append(index)


def forget(kind: str, ids: Iterable[int]) -> None:
    """Take deleted organizations, units or places out of the index, in the running transaction."""
    with everything(), transaction():
        session.execute(
            delete(SearchEntry)
            .where(SearchEntry.kind == kind, SearchEntry.entity_id.in_(list(ids)))
            .execution_options(synchronize_session=False)
        )


def rebuild(*, batch: int = 1000) -> int:
    """Write the whole index anew (``portal search rebuild``); return how many things are in it."""
    count = 0
    with everything():
        for model in _KINDS:
            last = 0
            while found := list(
                session.scalars(select(model).where(model.id > last).order_by(model.id).limit(batch))
            ):
                last = found[-1].id
                index(*found)
                count += len(found)
                session.expunge_all()
        with transaction():
            _drop_orphans()
    return count


def _drop_orphans() -> None:
    for model, kind in _KINDS.items():
        session.execute(
            delete(SearchEntry)
            .where(SearchEntry.kind == kind, SearchEntry.entity_id.not_in(select(model.id)))
            .execution_options(synchronize_session=False)
        )


def _entries(entity: Any, path: str) -> list[dict[str, Any]]:
    if getattr(entity, "dissolved_on", None) is not None:
        return []
    kind, district_id = _KINDS[type(entity)], _district_id(entity)
    address = getattr(entity, "address", "") or getattr(entity, "office_address", "")
    shared = [f"d{part}" for part in path.split("/") if part]
    rows = []
    for number, name in enumerate(dict.fromkeys([entity.name, *(getattr(entity, "aliases", None) or [])])):
        made = keys(name)
        terms = [*shared, *made.terms, *(words("a", tidy(address)) if number == 0 else ())]
        rows.append(
            {
                "kind": kind,
                "entity_id": entity.id,
                "district_id": district_id,
                "number": number,
                "name": name[:120],
                "name_key": made.name_key,
                "code": code_key(getattr(entity, "uscc", None) or "") or None if number == 0 else None,
                "sort_key": made.sort_key,
                "terms": " ".join(terms),
            }
        )
    return rows


def code_key(text: str) -> str:
    """Return a credit code as it is compared: capital letters and digits only, 18 at most."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())[:18]


def _district_id(entity: Any) -> int:
    found: int = entity.id if isinstance(entity, District) else entity.district_id
    return found


def _paths(district_ids: set[int]) -> dict[int, str]:
    session.flush()
    found = session.execute(select(District.id, District.path).where(District.id.in_(district_ids)))
    return {row.id: row.path for row in found}
