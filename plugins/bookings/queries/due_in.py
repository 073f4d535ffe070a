"""In which districts something has come due: few statements over all of them, so that no other is visited."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String, cast, select, union

from portal.api import District, clock, rows, session, settings

from ..models import BookingsAgreement, BookingsOccurrence, BookingsPolicy, BookingsWish
from . import due

_TIME: Any = BookingsOccurrence.__table__.c
_WISH: Any = BookingsWish.__table__.c
_POLICY: Any = BookingsPolicy.__table__.c
_AGREED: Any = BookingsAgreement.__table__.c


def to_do() -> set[int]:
    """Return where an answer, an offer or a wish has run out, or a time is over."""
    now = clock.now()
    asked = union(
        _where(BookingsOccurrence, _TIME.state == "requested", _TIME.answer_by <= now),
        # The index goes by the begin.
        _where(
            BookingsOccurrence,
            _TIME.state.in_(("approved", "checked_in")),
            _TIME.starts_at <= now,
            _TIME.ends_at <= now,
        ),
        _where(BookingsWish, _WISH.state.in_(("waiting", "offered")), _WISH.starts_at <= now),
        _where(BookingsWish, _WISH.state == "offered", _WISH.hold_until <= now),
    )
    found: set[int] = set(session.scalars(asked))
    return found | _missed()


def _missed() -> set[int]:
    """Return where somebody is awaited who may lose the room by not coming.

    Only a district's policies can say when it is too late; until then, or until they come, it is visited.
    """
    letting = _letting_go()
    if not letting:
        return set()
    late = _where(
        BookingsOccurrence,
        _TIME.district_id.in_(sorted(letting)),
        _TIME.state == "approved",
        _TIME.starts_at <= clock.now(),
    )
    return set(session.scalars(late))


def _letting_go() -> set[int]:
    """Return the districts in which a room may be given on when nobody comes."""
    own = cast(_POLICY["values"], String).like('%"release"%')
    found = set(session.scalars(_where(BookingsPolicy, own)))
    decided = {
        district_id for district_id, value in settings.decided("bookings.release").items() if value is True
    }
    if decided:
        every = session.scalars(select(District))
        found |= {one.id for one in every if decided.intersection(one.ancestor_ids)}
    return found


def to_remind() -> set[int]:
    """Return where somebody is to be reminded: of an answer that is due, or of a time that comes."""
    asked = _where(BookingsOccurrence, _TIME.state == "requested", due.runs_out_soon())
    found: set[int] = {row.district_id for row, _since in due.to_remind()}
    return found.union(session.scalars(asked))


def agreements_over() -> set[int]:
    """Return where an agreement's time is over."""
    over = _AGREED.state.in_(("active", "suspended")), _AGREED.valid_to <= clock.today()
    return set(session.scalars(_where(BookingsAgreement, *over)))


def _where(model: Any, *wanted: ColumnElement[bool]) -> Any:
    return rows(model, model.__table__.c.district_id).where(*wanted).distinct()
