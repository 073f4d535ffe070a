"""What people say of themselves in one line, as it is kept."""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy import String
from sqlalchemy.types import TypeDecorator

#: Turn the direction of what stands around them: a title would rewrite the desk's list and the door's sheet.
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class OneLine(TypeDecorator[str]):
    """A text in one line, without control characters and what turns its direction, whoever writes it."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Return the text as it is kept."""
        if value is None:
            return None
        plain = (" " if unicodedata.category(one) == "Cc" else one for one in value if one not in _TURNING)
        return " ".join("".join(plain).split())
