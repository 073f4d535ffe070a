"""Those who show groups round, each a unit of their own: what a visit claims of their time."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.api import Actor, audit, claims, crypto, district, session, swap, transaction
from portal.api import gettext as _

from .. import actors, permissions
from ..models import BookingsBooking, BookingsGuide, BookingsOccurrence, BookingsVisit
from ..verdicts import Refusal, Refused, Span
from ..wants import of_piece
from .asking import holder
from .places import OWNER

GUIDE_GRID = 15


def of_booking(booking: BookingsBooking) -> BookingsVisit | None:
    """Return the visit a booking is for."""
    if booking.way != "visit":
        return None
    found = select(BookingsVisit).where(BookingsVisit.booking_id == booking.id)
    found = found.execution_options(populate_existing=True)
    return session.scalars(found).one_or_none()


def wanted(booking: BookingsBooking | None) -> bool:
    """Tell whether it is a visit that wants somebody to show them round."""
    visit = of_booking(booking) if booking is not None else None
    return visit is not None and visit.with_guide


def units(booking: BookingsBooking) -> list[int]:
    """Return the unit of the guide of a visit, to be locked before its time changes."""
    guide = _guide(of_booking(booking))
    return [] if guide is None else [guide.unit_id]


def require(booking: BookingsBooking) -> None:
    """Refuse to approve a visit that wants a guide and has none, by whichever page. Raises: Refused."""
    visit = of_booking(booking)
    if visit is not None and visit.with_guide and visit.guide_id is None:
        text = _("他们想要讲解，请在参观接待里选一位讲解员；派不出人，就选“这次不讲解”。")
        raise Refused([Refusal(code="guide", text=text, field="guide")])


def give(visit: BookingsVisit, guide: BookingsGuide | None, row: BookingsOccurrence) -> None:
    """Give a visit its guide, another one or none, in the caller's transaction and under its lock.

    Raises: Refused (the guide shows somebody else round then, or does not do it any more).
    """
    old = _guide(visit)
    if old is not None:
        claims.release(holder(row), unit_id=old.unit_id)
    if guide is not None:
        if not guide.active:
            text = _("这位讲解员现在不接待，请另选一位。")
            raise Refused([Refusal(code="guide", text=text, field="guide")])
        try:
            claims.reserve(holder(row), [_want(guide, row)], district_id=row.district_id)
        except claims.Taken:
            text = _("%(name)s这个时间要带别的团，请另选一位。", name=guide.name)
            raise Refused([Refusal(code="guide", text=text, field="guide")]) from None
    visit.guide_id = guide.id if guide is not None else None
    session.flush()


def lacking(booking: BookingsBooking, row: BookingsOccurrence, locked: Collection[int]) -> bool:
    """Tell whether a visit wants a guide and its own cannot come at the time of ``row`` any more."""
    visit = of_booking(booking)
    return visit is not None and visit.with_guide and not _can_come(_guide(visit), row, locked)


def follow(booking: BookingsBooking, row: BookingsOccurrence, locked: Collection[int]) -> None:
    """Let the guide of a visit come along where its time stays approved and they are free; else let them go.

    In the caller's transaction, after the time's slots were let go and had anew; ``locked`` are its units.
    """
    visit = of_booking(booking)
    guide = _guide(visit)
    if visit is None or guide is None:
        return
    if row.state == "approved" and _can_come(guide, row, locked):
        claims.reserve(holder(row), [_want(guide, row)], district_id=row.district_id)
    else:
        visit.guide_id = None
    session.flush()


def _guide(visit: BookingsVisit | None) -> BookingsGuide | None:
    found = visit.guide_id if visit is not None else None
    return session.get_one(BookingsGuide, found) if found is not None else None


def _can_come(guide: BookingsGuide | None, row: BookingsOccurrence, locked: Collection[int]) -> bool:
    # One who was given meanwhile, and is not locked, is chosen anew.
    return guide is not None and guide.unit_id in locked and not claims.taken([_want(guide, row)])


def _want(guide: BookingsGuide, row: BookingsOccurrence) -> claims.Want:
    return of_piece(guide.unit_id, GUIDE_GRID, Span(start=row.starts_at, end=row.ends_at))


def add_guide(name: str, *, phone: str = "", by: Actor) -> BookingsGuide:
    """Write down somebody who shows groups round; ``phone`` (digits) says who of that name it is.

    Raises: PermissionError (the center is the district's), Refused (no name, or there already).
    """
    account_id = actors.require(by, permissions.MANAGE, None)
    said = name.strip()[:40]
    if not said:
        raise Refused([Refusal(code="name", text=_("请写讲解员的姓名。"), field="name")])
    with transaction():
        here = district().id
        # The unit's label names nobody: it outlives the name.
        unit = claims.make_unit(district_id=here, owner=OWNER, label="guide", grid_minutes=GUIDE_GRID)
        made = BookingsGuide(
            district_id=here,
            unit_id=unit.id,
            name=said,
            phone_index=crypto.blind_index("phone", phone) if phone else None,
            phone_tail=phone[-4:],
        )
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:
            text = _("已经有一位叫这个名字的讲解员了，请加上单位来区分。")
            raise Refused([Refusal(code="name", text=text, field="name")]) from None
        audit.record("bookings.guide_new", made, actor=account_id, district=here)
    return made


def set_active(guide: BookingsGuide, *, version: int, active: bool, by: Actor) -> None:
    """Let a guide rest or come back; visits already given to them stay. Raises: PermissionError, Conflict."""
    account_id = actors.require(by, permissions.MANAGE, None)
    with transaction():
        swap(guide, version=version, active=active)
        audit.record("bookings.guide_active", guide, actor=account_id, district=guide.district_id)
