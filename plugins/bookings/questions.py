"""What is asked of a room and by whom, and what is answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from portal.api import claims

from .queries.places import Room
from .verdicts import Span, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """For whom a time is wanted: an account, a member, an organization; ``staff`` may do more.

    ``host``: the venue's own staff let somebody in, which takes no agreement with anybody else.
    ``office``: somebody with an office there asks for the organization, not any member of it.
    """

    account_id: int | None = None
    is_member: bool = False
    organization_id: int | None = None
    staff: bool = False
    host: bool = False
    office: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is wanted of a room: times, pieces of equipment, by whom."""

    room: Room
    spans: Sequence[Span]
    asker: Asker
    needs: Mapping[int, int] = field(default_factory=dict)
    series: bool = False
    #: At the counter somebody stands before the room: what is left of the slot that is running may be had.
    walk_in: bool = False
    #: Held by the booking itself, which would let go first.
    apart_from: Collection[claims.Holder] = ()
    #: All of the times are wanted, not one of them: none may want what another has.
    together: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The verdicts, and for each free time what is to be claimed."""

    verdicts: tuple[Verdict, ...]
    wants: tuple[tuple[claims.Want, ...], ...]
