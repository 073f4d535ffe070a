"""Reading the forms of who keeps places: lenient with spaces and full-width digits."""

from __future__ import annotations

import unicodedata

from flask import request

from ..verdicts import Refused


def text(name: str, most: int) -> str:
    """Return what was typed, without the space around it."""
    return request.form.get(name, "").strip()[:most]


def number(name: str) -> int | None:
    """Return a whole number somebody typed; None where there is none."""
    typed = unicodedata.normalize("NFKC", request.form.get(name, "")).strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else None


def point(name: str, most: int) -> float | None:
    """Return a degree of a map; None where there is none, or it is not on earth."""
    typed = unicodedata.normalize("NFKC", request.form.get(name, "")).strip()
    try:
        found = float(typed)
    except ValueError:
        return None
    return found if -most <= found <= most else None


def refusals(refused: Refused) -> dict[str, str]:
    """Return the words beside each field, the first of each."""
    said: dict[str, str] = {}
    for one in refused.refusals:
        said.setdefault(one.field, str(one.text))
    return said
