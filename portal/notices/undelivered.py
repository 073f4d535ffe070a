"""What did not arrive is kept so that it can be sent again, and not for longer than the district says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from portal import clock, jobs
from portal.database import everything, session, transaction
from portal.notices.delivery import kept_days
from portal.notices.models import Delivery
from portal.notices.service import wiped

#: What a channel took is wiped at once; this is what none took, or perhaps took.
_WHOLE = or_(Delivery.params_sealed.is_not(None), Delivery.phone_sealed.is_not(None))


@jobs.job("notices.forget_undelivered", daily=time(3, 25))
def forget_undelivered(_payload: Mapping[str, Any]) -> None:
    """Wipe content and number of what did not arrive, after each district's days; that it did not stays."""
    now = clock.now()
    with everything(), transaction():
        old = select(Delivery.district_id).where(_WHOLE, _ended_before(now - timedelta(days=1))).distinct()
        for district_id in session.scalars(old).all():
            ended = _ended_before(now - timedelta(days=kept_days(district_id)))
            # "= NULL" is never true: messages of no district are asked for by IS.
            here = Delivery.district_id.is_not_distinct_from(district_id)
            old_ones = update(Delivery).where(here, _WHOLE, ended)
            # Why it failed is a channel's word, about nobody: whoever looks for the fault reads it.
            old_ones = old_ones.values(**wiped() | {"reason": Delivery.reason})
            session.execute(old_ones.execution_options(synchronize_session=False))


def _ended_before(then: datetime) -> ColumnElement[bool]:
    failed = and_(Delivery.state.in_(("unknown", "failed")), Delivery.ended_at < then)
    # Tried, and put off until its job was given up: nobody has ended it. What was never tried is still due.
    given_up = and_(Delivery.state == "waiting", Delivery.channel.is_not(None), Delivery.created_at < then)
    return or_(failed, given_up)
