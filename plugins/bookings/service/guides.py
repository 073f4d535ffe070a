"""Those who show groups round, each a unit of their own: what a visit claims of their time."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.api import Actor, audit, claims, crypto, district, session, swap, transaction
from portal.api import gettext as _

from .. import actors, permissions
from ..models import BookingsBooking, BookingsGuide, BookingsVisit
from ..verdicts import Refusal, Refused
from .places import OWNER

GUIDE_GRID = 15


def let_go(booking: BookingsBooking) -> None:
    """Take the guide off a visit that moved, in the caller's transaction: then they may have another."""
    visit = of_booking(booking)
    if visit is not None:
        visit.guide_id = None
        session.flush()


def of_booking(booking: BookingsBooking) -> BookingsVisit | None:
    """Return the visit a booking is for."""
    if booking.way != "visit":
        return None
    found = select(BookingsVisit).where(BookingsVisit.booking_id == booking.id)
    return session.scalars(found).one_or_none()


def require(booking: BookingsBooking) -> None:
    """Refuse to approve a visit that wants a guide and has none, by whichever page. Raises: Refused."""
    visit = of_booking(booking)
    if visit is not None and visit.with_guide and visit.guide_id is None:
        text = _("他们想要讲解，请在参观接待里选一位讲解员；派不出人，就选“这次不讲解”。")
        raise Refused([Refusal(code="guide", text=text, field="guide")])


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
