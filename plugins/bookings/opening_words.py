"""Hours as people type and read them: 9:00-12:00，14:00-17:00."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from portal.api import gettext as _

from .hours import Window, minute_words

_ONE = re.compile(r"(\d{1,2})(?:[:.点时](\d{1,2})?分?)?(?:-|~|到|至)+(\d{1,2})(?:[:.点时](\d{1,2})?分?)?")
_BETWEEN = re.compile(r"[,、;；。\n]+")


def read(typed: str) -> list[Window] | None:
    """Return the windows somebody typed, [] for nothing or 不开放; None where it cannot be read."""
    tidy = unicodedata.normalize("NFKC", typed).replace("—", "-").replace("–", "-")
    text = re.sub(r"[ \t\r]+", "", tidy)
    if text in ("", "不开放", "关", "休息"):
        return []
    found = []
    for part in _BETWEEN.split(text):
        if not part:
            continue
        match = _ONE.fullmatch(part)
        if match is None:
            return None
        first, first_minute, last, last_minute = (int(value or 0) for value in match.groups())
        if first_minute > 59 or last_minute > 59 or max(first, last) > 24:
            return None
        found.append((first * 60 + first_minute, last * 60 + last_minute))
    return found


def write(windows: Iterable[Window]) -> str:
    """Write windows so that they can be typed back."""
    return "，".join(f"{minute_words(opens)}-{minute_words(closes)}" for opens, closes in windows)


def words(windows: Iterable[Window]) -> str:
    """Write windows for reading."""
    return _("、").join(f"{minute_words(opens)}—{minute_words(closes)}" for opens, closes in windows)
