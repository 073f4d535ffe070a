"""Things that only one may have: slots of a room, of a hall made of parts, of a projector.

A claim is a row of (unit, slot) with a unique key. It works the same on both databases, needs no
check-then-insert, and serves buffers, closures and offers that are held for somebody too.
"""

from portal.claims.grid import DEFAULT_GRID, GRIDS, EmptySpan, OffGrid, instant, nearest, slots, widened
from portal.claims.models import Claim, ClaimUnit
from portal.claims.queries import busy, held, kinds, taken
from portal.claims.service import hand_over, lock, make_unit, mark, release, reserve
from portal.claims.terms import Clash, Holder, Taken, UnknownUnit, Want

__all__ = [
    "Claim",
    "ClaimUnit",
    "Clash",
    "DEFAULT_GRID",
    "EmptySpan",
    "GRIDS",
    "Holder",
    "OffGrid",
    "Taken",
    "UnknownUnit",
    "Want",
    "busy",
    "hand_over",
    "held",
    "instant",
    "kinds",
    "lock",
    "make_unit",
    "mark",
    "nearest",
    "release",
    "reserve",
    "slots",
    "taken",
    "widened",
]
