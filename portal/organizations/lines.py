"""The lines of an answer: every organization behind the names that matched, ranked, and the desks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt
from typing import Any

from sqlalchemy import CompoundSelect, Date, Integer, Select, String, bindparam, literal, or_, union_all

from portal import clock
from portal.database import everything, rows, session
from portal.districts.models import District
from portal.organizations.matching import Match
from portal.organizations.models import Organization, Place, ServiceCenter, Unit, UnitCoverage

#: Why a line is there, in the order in which a person should ask (domain.md §2.4).
REASONS = ("own", "joint", "building", "community", "asked", "floating", "desk")
#: Desks offered when nothing says where somebody is.
DESKS = 3

Point = tuple[float, float]
_COMMUNITY = ("community", "street")
_SINGLE = ("single", "单独组建")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the answer: an organization or a service center, and why it is there."""

    reason: str
    name: str
    district_code: str
    district_name: str
    organization_id: int | None = None
    kind: str = ""
    via: str = ""
    address: str = ""
    phone: str = ""
    hours: str = ""
    metres: int | None = None


def behind(matches: Sequence[Match], districts: Sequence[int]) -> Sequence[Any]:
    """Return in one query the living organizations behind the matches, and the floating ones of districts."""
    ids: dict[str, list[int]] = {"organization": [], "unit": [], "place": [], "district": []}
    for one in matches:
        ids[one.kind].append(one.entity_id)
    values = {
        "today": clock.today(),
        "organizations": ids["organization"],
        "units": ids["unit"],
        "places": ids["place"],
        "districts": list(districts),
    }
    return session.connection().execute(_behind(), values).all()


@cache
def _behind() -> CompoundSelect[Any]:
    """Build the statement once: it is the same for every search."""
    organization, place, unit = Organization.__table__, Place.__table__, Unit.__table__
    coverage, today = UnitCoverage.__table__, bindparam("today", type_=Date)
    parts = (
        _part("unit", coverage.c.unit_id, coverage.c.form)
        .join(coverage, coverage.c.organization_id == organization.c.id)
        .where(
            coverage.c.unit_id.in_(_ids("units")),
            coverage.c.valid_from <= today,
            or_(coverage.c.valid_to.is_(None), coverage.c.valid_to > today),
        ),
        _part("at", unit.c.id, place.c.kind)
        .join(place, place.c.organization_id == organization.c.id)
        .join(unit, or_(unit.c.place_id == place.c.id, unit.c.area_id == place.c.id))
        .where(unit.c.id.in_(_ids("units"))),
        _part("place", place.c.id, place.c.kind)
        .join(place, place.c.organization_id == organization.c.id)
        .where(place.c.id.in_(_ids("places"))),
        _part("organization", organization.c.id, literal("")).where(
            organization.c.id.in_(_ids("organizations"))
        ),
        _part("floating", organization.c.district_id, literal("")).where(
            organization.c.district_id.in_(_ids("districts")), organization.c.kind == "floating_branch"
        ),
    )
    living = or_(organization.c.dissolved_on.is_(None), organization.c.dissolved_on > today)
    return union_all(*(part.where(living) for part in parts))


def _ids(name: str) -> Any:
    return bindparam(name, expanding=True, type_=Integer)


def _part(source: str, via_id: Any, form: Any) -> Select[Any]:
    organization, district = Organization.__table__, District.__table__
    names = (
        "id",
        "kind",
        "name",
        "sort_key",
        "office_address",
        "office_phone",
        "opening_hours",
        "lat",
        "lng",
    )
    return rows(
        Organization,
        literal(source).label("source"),
        via_id.label("via_id"),
        form.label("form"),
        *(organization.c[name] for name in names),
        district.c.code.label("district_code"),
        district.c.name.label("district_name"),
    ).join(district, district.c.id == organization.c.district_id)


def ranked(found: Sequence[Any], matches: Sequence[Match], near: Point | None, typed: str = "") -> list[Line]:
    """Put the lines in order: who was named exactly, then by reason, nearness and fit of the name."""
    typed = unicodedata.normalize("NFKC", "".join(typed.split()))
    # Its numbers whole: 1号 is not in 31号.
    in_address = re.compile(rf"(?<!\d){re.escape(typed)}(?!\d)").search if typed else None
    by_entity = {(one.kind, one.entity_id): (place, one) for place, one in enumerate(matches)}
    best: dict[int, tuple[tuple[Any, ...], Line]] = {}
    for row in found:
        reason = _reason(row)
        kind = "unit" if row.source == "at" else row.source
        place, one = by_entity.get((kind, row.via_id), (len(matches), None))
        # The name itself, then names, then what only an address or its words in another order gave.
        fit = 2 if one is None else min(1, one.quality) if one.quality < 3 else 2
        away = metres(near, row.lat, row.lng)
        # The floating committee is for those whom nothing fits: after everything that was named.
        order = (
            reason == "floating",
            fit,
            fit == 2 and not (in_address and in_address(row.office_address)),
            REASONS.index(reason),
            away or 0,
            place,
            row.sort_key,
            row.id,
        )
        line = Line(
            reason=reason,
            name=row.name,
            district_code=row.district_code,
            district_name=row.district_name,
            organization_id=row.id,
            kind=row.kind,
            via=one.name if one is not None and one.name != row.name else "",
            address=row.office_address,
            phone=row.office_phone,
            hours=row.opening_hours,
            metres=away,
        )
        if row.id not in best or order < best[row.id][0]:
            best[row.id] = (order, line)
    return [line for _, line in sorted(best.values(), key=lambda pair: pair[0])]


def _reason(row: Any) -> str:
    if row.source == "unit":
        return "joint" if row.kind == "joint_branch" or row.form not in _SINGLE else "own"
    if row.source in {"at", "place"}:
        return "community" if row.form in _COMMUNITY else "building"
    return "asked" if row.source == "organization" else "floating"


def desks(paths: Sequence[str] | None, near: Point | None) -> tuple[Line, ...]:
    """Return the desks of the districts with these paths, in that order; None: the first few there are.

    A district without a center of its own sends people to the nearest one above it.
    """
    if not paths:
        found = _run(_some_centers())
    else:
        above = {int(part) for path in paths for part in path.split("/") if part}
        centers = _run(_centers_of(), districts=sorted(above))
        nearest = [
            max((row for row in centers if path.startswith(row.path)), key=_depth, default=None)
            for path in paths
        ]
        found = list(dict.fromkeys(row for row in nearest if row is not None))
        # A city without a center: those below it; nowhere any: still somebody to ask.
        found = found or _run(_centers_below(), path=paths[0] + "%") or _run(_some_centers())
    return tuple(
        Line(
            reason="desk",
            name=row.name,
            district_code=row.district_code,
            district_name=row.district_name,
            address=row.address,
            phone=row.phone,
            hours=row.opening_hours,
            metres=metres(near, row.lat, row.lng),
        )
        for row in found
    )


def _run(statement: Any, **values: Any) -> Sequence[Any]:
    return session.connection().execute(statement, values).all()


@cache
def _centers_of() -> Select[Any]:
    center = ServiceCenter.__table__
    return _centers().where(center.c.district_id.in_(_ids("districts")))


@cache
def _centers_below() -> Select[Any]:
    # A path holds digits and slashes only, so that LIKE has nothing to escape.
    return _centers().where(District.__table__.c.path.like(bindparam("path", type_=String))).limit(DESKS)


@cache
def _some_centers() -> Select[Any]:
    return _centers().limit(DESKS)


def _centers() -> Select[Any]:
    center, district = ServiceCenter.__table__, District.__table__
    names = ("name", "address", "phone", "opening_hours", "lat", "lng")
    with everything():
        return (
            rows(
                ServiceCenter,
                *(center.c[name] for name in names),
                district.c.path,
                district.c.code.label("district_code"),
                district.c.name.label("district_name"),
            )
            .join(district, district.c.id == center.c.district_id)
            .order_by(center.c.id)
        )


def _depth(row: Any) -> int:
    return len(row.path)


def metres(near: Point | None, lat: float | None, lng: float | None) -> int | None:
    """Return the distance in metres on a sphere, or None without two points."""
    if near is None or lat is None or lng is None:
        return None
    one, two = radians(near[0]), radians(lat)
    half = sin((two - one) / 2) ** 2 + cos(one) * cos(two) * sin(radians(lng - near[1]) / 2) ** 2
    return round(2 * 6_371_000 * asin(sqrt(min(1.0, half))))
