"""What is said of claims: whose, what is wanted, what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Holder(NamedTuple):
    """Whose a claim is: ``<plugin>.<table>`` and the id of its row."""

    type: str
    id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Want:
    """Slots of one unit that somebody wants; ``kind`` is use, buffer, held or closed."""

    unit_id: int
    span: range
    kind: str = "use"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clash:
    """A wanted slot that is somebody's already."""

    unit_id: int
    slot: int
    holder: Holder
    kind: str


class Taken(Exception):
    """Some of the wanted slots are somebody's; ``clashes`` names them, ordered by unit and slot."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        super().__init__(f"{len(clashes)} slots are taken")
        self.clashes = tuple(clashes)


class UnknownUnit(LookupError):
    """A unit that does not exist in this district."""
