"""Reading the forms of who keeps places: lenient with spaces and full-width digits."""

from __future__ import annotations

import unicodedata

from flask import request

from portal.api import gettext as _

from .. import typed as reading
from ..verdicts import Refused


def text(name: str, most: int) -> str:
    """Return what was typed, without the space around it."""
    return request.form.get(name, "").strip()[:most]


def number(name: str) -> int | None:
    """Return a whole number somebody typed, also 30人 or 30座; None where there is none."""
    typed = reading.plain(request.form.get(name, "")).rstrip(reading.COUNTED)
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else None


def point() -> tuple[float | None, float | None, dict[str, str]]:
    """Return the degrees of a place on the map, both or none, and what cannot be read of them."""
    found: dict[str, float | None] = {}
    errors: dict[str, str] = {}
    for name, most, text in (
        ("lat", 85, _("纬度看不懂，请写成30.7012这样，或者空着。")),
        ("lng", 180, _("经度看不懂，请写成117.2203这样，或者空着。")),
    ):
        typed = unicodedata.normalize("NFKC", request.form.get(name, "")).strip().rstrip("°")
        degrees = _degrees(typed)
        found[name] = degrees if degrees is not None and -most <= degrees <= most else None
        if typed and found[name] is None:
            errors[name] = text
    if not errors and (found["lat"] is None) != (found["lng"] is None):
        errors["lat" if found["lat"] is None else "lng"] = _("纬度和经度要么都写，要么都空着。")
    return found["lat"], found["lng"], errors


def _degrees(typed: str) -> float | None:
    try:
        return float(typed)
    except ValueError:
        return None


def refusals(refused: Refused) -> dict[str, str]:
    """Return the words beside each field, the first of each."""
    said: dict[str, str] = {}
    for one in refused.refusals:
        said.setdefault(one.field, str(one.text))
    return said
