"""One thing the doctor found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """``severity``: an error must be mended, a warning looked at, a note known; ``command`` mends it."""

    severity: str
    text: str
    command: str

    @property
    def rank(self) -> int:
        """Return where it stands in the list: errors first."""
        return (ERROR, WARNING, NOTE).index(self.severity)

    @classmethod
    def error(cls, text: str, command: str) -> Self:
        """Return what must be mended."""
        return cls(ERROR, text, command)

    @classmethod
    def warning(cls, text: str, command: str) -> Self:
        """Return what somebody should look at."""
        return cls(WARNING, text, command)

    @classmethod
    def note(cls, text: str, command: str) -> Self:
        """Return what is good to know."""
        return cls(NOTE, text, command)
