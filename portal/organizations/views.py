"""Find my organization: the search, what a door's QR code leads to, one organization, the center."""

from __future__ import annotations

from math import isfinite
from typing import Any

from flask import Blueprint, abort, current_app, g, request, url_for

from portal.current import district
from portal.districts import queries as districts
from portal.organizations import pages, views_places, views_unmatched, words
from portal.organizations.find import Answer, find, of_place, of_unit
from portal.organizations.lines import Point
from portal.plugin import DistrictRef
from portal.web.access import public
from portal.web.htmx import render
from portal.web.links import login_url
from portal.web.throttle import slow_down

finding = Blueprint("find", __name__)
views_unmatched.install(finding)
views_places.install(finding)


@finding.get("/find")
@public
def search() -> Any:
    """Search all districts, or one given as ``?district=``; the same address is page and fragment."""
    code = request.args.get("district", "")
    narrowed = None
    if code:
        row = districts.by_code(code)
        if row is None:
            abort(404)
        narrowed = districts.reference(row, frozenset())
    return _search(url_for("find.search"), narrowed)


@finding.get("/d/<district_code>/find")
@public
def here() -> Any:
    """Search this district and what lies below it."""
    return _search(url_for("find.here"), district())


def _search(action: str, narrowed: DistrictRef | None) -> Any:
    if request.args.get("q"):
        slow_down("find", a_minute=current_app.config["FINDS_A_MINUTE"])
    answer = find(request.args.get("q", ""), district=narrowed, near=_position())
    return render("find/search.html", block="results", **_shown(answer, narrowed), action=action)


def _shown(answer: Answer, narrowed: DistrictRef | None) -> dict[str, Any]:
    return {"answer": answer, "narrowed": narrowed, "reasons": words.REASONS, "kinds": words.KINDS}


def _position() -> Point | None:
    """Return ``?lat=&lng=`` when both are a place on earth; nonsense is as good as nothing."""
    lat, lng = request.args.get("lat", type=float), request.args.get("lng", type=float)
    if lat is None or lng is None or not (isfinite(lat) and isfinite(lng)):
        return None
    return (lat, lng) if abs(lat) <= 90 and abs(lng) <= 180 else None


@finding.get("/d/<district_code>/find/u/<int:unit_id>")
@public
def unit_door(unit_id: int) -> Any:
    """Answer for the employer whose door carries the QR code."""
    return _door(of_unit(unit_id, district=district()))


@finding.get("/d/<district_code>/find/p/<int:place_id>")
@public
def place_door(place_id: int) -> Any:
    """Answer for the building or park whose door carries the QR code."""
    return _door(of_place(place_id, district=district()))


def _door(answer: Answer | None) -> Any:
    if answer is None:
        abort(404)
    return render("find/door.html", **_shown(answer, district()))


@finding.get("/d/<district_code>/organizations/<int:organization_id>")
@public
def organization(organization_id: int) -> Any:
    """Show what anybody may know of one organization."""
    found = pages.organization(organization_id)
    if found is None:
        abort(404)
    mine = g.actor.is_authenticated and g.actor.organization_id == found.id
    # Logging in leads a phone whose record nobody has claimed on to the claim by itself.
    enter = login_url(url_for("web.home")) if g.actor.is_anonymous else ""
    return render(
        "find/organization.html", row=found, kind=words.KINDS[found.kind], mine=mine, login_url=enter
    )


@finding.get("/d/<district_code>/center")
@public
def center() -> Any:
    """Show the service center: where, when, which rooms."""
    return render("find/center.html", center=pages.center())
